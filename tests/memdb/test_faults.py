"""Faults on purpose hit the calls that a test names, say so, and leave all others alone."""

import asyncio
import inspect

import pytest

from flue_memdb import (
    AttemptRef,
    Faults,
    InvalidIdentifierError,
    ManualClock,
    MemoryDatabase,
    StoreFullError,
    StoreUnavailableError,
    StreamNotFoundError,
    SystemClock,
    memory,
    open_stores,
    session_storage_key,
)
from flue_memdb.faults.selection import ADAPTER_OPERATIONS, argument_names
from flue_memdb.verification import apply, generate
from flue_memdb.verification.shapes import METHODS, SHAPES
from flue_memdb.wrapping import OPERATIONS
from tests.memdb.calls import claim, dispatch, failed

CREW = session_storage_key("crew")


async def test_the_next_claim_fails_before_it_took_effect(faults, stores):
    await stores.submissions.admit_dispatch(dispatch())
    faults.fail("claim_submission")
    error = await failed(stores.submissions.claim_submission(claim()))
    assert error.may_have_happened is False
    assert str(error) == (
        "claim_submission: submission_id 'd1': injected fault, before it took effect, by fail('claim_submission');"
        " check that it runs and can be reached; nothing was written"
    )
    assert (await stores.submissions.get_submission("d1")).status == "queued"
    assert (await stores.submissions.claim_submission(claim())).attempt_id == "a1"


async def test_the_next_claim_takes_effect_and_its_answer_is_lost(faults, stores):
    await stores.submissions.admit_dispatch(dispatch())
    faults.lose_answer("claim_submission")
    error = await failed(stores.submissions.claim_submission(claim()))
    assert error.may_have_happened is True
    assert "after it took effect: its answer is lost, by lose_answer('claim_submission')" in str(error)
    assert (await stores.submissions.get_submission("d1")).attempt_id == "a1"
    made = faults.log.only("claim_submission")
    assert made.answer.attempt_id == "a1"
    assert made.error is error


async def test_every_third_append_loses_its_answer(faults, stores):
    await stores.events.create_stream("p")
    rule = faults.lose_answer("append_event", every=3)
    lost = []
    for number in range(1, 8):
        try:
            await stores.events.append_event("p", number)
        except StoreUnavailableError:
            lost.append(number)
    assert lost == [3, 6]
    assert len((await stores.events.read_events("p")).events) == 7
    assert (rule.seen, rule.fired) == (7, 2)


@pytest.mark.parametrize(
    ("counts", "hit"),
    [
        ({}, [1]),
        ({"times": 3}, [1, 2, 3]),
        ({"skip": 2}, [3]),
        ({"skip": 1, "times": 2}, [2, 3]),
        ({"every": 1}, [1, 2, 3, 4, 5, 6, 7]),
        ({"every": 2, "times": 2}, [2, 4]),
        ({"every": 2, "skip": 1}, [3, 5, 7]),
    ],
)
async def test_counts(faults, stores, counts, hit):
    faults.fail("load", **counts)
    refused = []
    for number in range(1, 8):
        try:
            await stores.sessions.load("s")
        except StoreUnavailableError:
            refused.append(number)
    assert refused == hit


async def test_a_slow_call_moves_a_manual_clock_and_takes_effect_late(faults, stores, clock):
    await stores.submissions.admit_dispatch(dispatch())
    began = clock()
    faults.slow("claim_submission", ms=200)
    claimed = await stores.submissions.claim_submission(claim())
    assert clock() == claimed.started_at == began + 200


async def test_a_slow_call_waits_in_the_function_that_is_given():
    waited = []

    async def sleep(seconds):
        waited.append(seconds)

    faults = Faults(sleep=sleep)
    faults.slow(ms=200)
    faults.slow("load", ms=50, times=1)
    async with open_stores(faults.around(memory())) as stores:
        await stores.sessions.load("s")
        await stores.sessions.load("s")
    assert waited == [0.2, 0.05, 0.2]


async def test_without_a_clock_a_slow_call_waits_on_the_event_loop():
    faults = Faults()
    faults.slow("delete", ms=600_000)
    async with open_stores(faults.around(memory())) as stores:
        await stores.sessions.save("s", {"entries": []})
        deletion = asyncio.create_task(stores.sessions.delete("s"))
        await asyncio.sleep(0)
        assert not faults.log.only("delete").ended
        deletion.cancel()
        await asyncio.wait([deletion])
        assert await stores.sessions.load("s") == {"entries": []}
    assert isinstance(faults.log.only("delete").error, asyncio.CancelledError)


async def test_down_from_now_on_and_up_again(faults, clock):
    db = MemoryDatabase(clock=clock)
    adapter = faults.around(memory(db))
    async with open_stores(adapter) as stores:
        await stores.sessions.save("s", {"entries": []})
        faults.down()
        for call in (stores.sessions.load("s"), stores.runs.list_runs(), adapter.migrate(), adapter.connect()):
            error = await failed(call)
            assert error.may_have_happened is False
            assert "by down()" in str(error)
        faults.up()
        assert await stores.sessions.load("s") == {"entries": []}
        faults.down()
        await failed(stores.sessions.delete("s"))
    assert "s" in db.sessions


async def test_starting_can_fail_and_is_hit_only_by_its_name(faults):
    adapter = faults.around(memory())
    faults.fail()
    faults.fail("connect")
    await adapter.migrate()
    assert (await failed(adapter.connect())).operation == "connect"
    stores = await adapter.connect()
    assert (await failed(stores.sessions.load("s"))).operation == "load"


async def test_calls_are_picked_by_id(faults, stores):
    for number in (1, 2):
        await stores.submissions.admit_dispatch(dispatch(f"d{number}"))
    faults.fail("get_submission", submission_id="d2", every=1)
    faults.fail("read_events", "append_event", path="runs/r1", every=1)
    faults.fail(session_key=CREW, every=1)
    assert await stores.submissions.get_submission("d1") is not None
    await failed(stores.submissions.get_submission("d2"))
    assert (await stores.events.read_events("runs/r2")).events == []
    await failed(stores.events.read_events(path="runs/r1"))
    await failed(stores.sessions.load(CREW))
    await failed(stores.submissions.admit_dispatch(dispatch("d3")))
    assert await stores.sessions.load("other") is None


async def test_an_id_is_found_wherever_the_arguments_have_it(faults, stores):
    faults.fail(submission_id="d1", every=1)
    attempt = AttemptRef("d1", "a1")
    for call in (
        stores.submissions.admit_dispatch(dispatch()),
        stores.submissions.claim_submission(claim()),
        stores.submissions.complete_submission(attempt=attempt),
        stores.submissions.get_turn_journal("d1"),
        stores.submissions.renew_leases("w1", ["d0", "d1"]),
    ):
        await failed(call)
    assert await stores.submissions.complete_submission(AttemptRef("d2", "a1")) is False
    await stores.submissions.renew_leases("w1", ["d0"])


async def test_other_errors(faults, stores):
    faults.fail("save", error=StoreFullError)
    mine = OSError("the cable")
    faults.lose_answer("save", error=mine)
    with pytest.raises(StoreFullError, match=r"save: session_key 's': injected fault, .* error=StoreFullError\)"):
        await stores.sessions.save("s", {"entries": []})
    assert await stores.sessions.load("s") is None
    with pytest.raises(OSError, match="the cable") as lost:
        await stores.sessions.save("s", {"entries": []})
    assert lost.value is mine
    assert await stores.sessions.load("s") == {"entries": []}


async def test_rules_have_an_order(faults, stores, clock):
    began = clock()
    first = faults.fail("load")
    second = faults.lose_answer("load")
    slow = faults.slow("load", ms=5)
    await failed(stores.sessions.load("s"))
    assert (first.seen, second.seen, slow.seen) == (1, 0, 1)
    assert (await failed(stores.sessions.load("s"))).may_have_happened is True
    faults.down()
    await failed(stores.sessions.load("s"))
    assert (first.seen, second.seen, slow.seen, clock() - began) == (1, 1, 2, 10)
    assert [len(made.faults) for made in faults.log] == [2, 2, 1]


async def test_a_rule_that_was_stopped_injects_nothing(faults, stores):
    rule = faults.fail("load", every=1)
    await failed(stores.sessions.load("s"))
    rule.stop()
    assert await stores.sessions.load("s") is None
    assert rule.report() == "fired once in 1 such call, stopped"


async def test_errors_of_the_store_are_lost_like_answers_but_not_what_never_reached_it(faults, stores):
    faults.lose_answer(every=1)
    error = await failed(stores.events.append_event("p", 1))
    assert isinstance(error.__cause__, StreamNotFoundError)
    with pytest.raises(InvalidIdentifierError):
        await stores.events.append_event("", 1)

    async def tree():
        raise KeyError("no such tree")

    with pytest.raises(KeyError, match="no such tree"):
        await stores.submissions.delete_session(CREW, tree)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda faults: faults.fail("claim_submision"), "did you mean 'claim_submission'"),
        (lambda faults: faults.slow("subscribe", ms=1), "fail|slow: 'subscribe' is no operation"),
        (lambda faults: faults.fail("quite_another"), "'quite_another' is no operation; there are save, load"),
        (lambda faults: faults.fail("get_run", submission_id="d"), "get_run takes no argument 'submission_id'"),
        (lambda faults: faults.fail("get_run", runid="d"), "no argument 'runid'; did you mean 'run_id'"),
        (lambda faults: faults.lose_answer(sesion_key="d"), "did you mean 'session_key'"),
        (lambda faults: faults.fail("connect", path="p"), "connect takes no argument 'path'"),
        (lambda faults: faults.log.count("apend_event"), "log: 'apend_event' is no operation; did you mean"),
        (lambda faults: faults.fail(every=0), "every is 0; give an int of at least 1"),
        (lambda faults: faults.fail(times=True), "times is True"),
        (lambda faults: faults.fail(skip=-1), "skip is -1; give an int of at least 0"),
        (lambda faults: faults.slow(ms=0.5), "ms is 0.5"),
        (lambda faults: faults.fail(error=StreamNotFoundError), "StreamNotFoundError, which needs arguments"),
        (lambda faults: faults.fail(error="text"), "error is 'text'; give an exception"),
        (lambda _: Faults(clock=ManualClock(), sleep=asyncio.sleep), "not both"),
        (lambda _: Faults(clock=SystemClock()), "delays cannot move; give a ManualClock"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused_at_once(faults, make, said):
    with pytest.raises(ValueError, match=said):
        make(faults)
    assert faults.rules == ()


async def test_a_fault_that_hit_nothing_can_be_noticed(faults, stores):
    unused = faults.fail("get_run", run_id="r1")
    faults.fail("get_run", run_id="r2")
    waiting = faults.fail("get_run", run_id="r3", skip=1)
    for run_id in ("r2", "r3"):
        try:
            await stores.runs.get_run(run_id)
        except StoreUnavailableError:
            continue
    assert faults.unused() == [unused, waiting]
    assert str(faults).splitlines()[:4] == [
        "Faults",
        "      fail('get_run', run_id='r1'): never fired, 0 such calls",
        "      fail('get_run', run_id='r2'): fired once in 1 such call",
        "      fail('get_run', run_id='r3', skip=1): never fired, 1 such call",
    ]
    assert "get_run(run_id='r3') → None" in str(faults)
    assert "fail('get_run', run_id='r2'): fired once" in repr(faults)
    assert "(no rules)" in str(Faults())


async def test_adapters_share_rules_as_processes_share_a_server(faults, clock):
    db = MemoryDatabase(clock=clock)
    async with (
        open_stores(faults.around(memory(db))) as one,
        open_stores(faults.around(memory(db))) as two,
        open_stores(memory(db)) as untouched,
    ):
        faults.fail("load", every=2)
        await one.sessions.load("s")
        await failed(two.sessions.load("s"))
        assert await untouched.sessions.load("s") is None
        assert faults.log.count("load") == 2


async def test_listeners_are_passed_through(faults, stores):
    heard = []
    await stores.events.create_stream("p")
    faults.fail()
    unsubscribe = stores.events.subscribe("p", lambda: heard.append(1))
    await failed(stores.events.append_event("p", 1))
    await stores.events.append_event("p", 1)
    unsubscribe()
    assert heard == [1]


async def test_tails_are_passed_through(faults, stores):
    await stores.events.create_stream("p")
    await stores.events.append_event("p", 1)
    await stores.events.close_stream("p")
    faults.down()
    assert [event.data async for event in stores.events.tail("p")] == [1]
    assert faults.log.count() == 3


async def test_without_a_rule_nothing_is_different(clock):
    for seed in range(10):
        sequence = [line for line in await generate(f"faults/{seed}") if line["op"] in METHODS]
        answers = []
        for around in (lambda adapter: adapter, Faults().around):
            clock = ManualClock()
            numbers = iter(range(1_000_000))
            database = MemoryDatabase(clock=clock, new_id=lambda numbers=numbers: f"id-{next(numbers)}")
            async with open_stores(around(memory(database))) as stores:
                answers.append([])
                for operation in sequence:
                    clock.set(max(clock(), operation["at"]))
                    answers[-1].append(await apply(stores, operation))
        assert answers[0] == answers[1], f"generate('faults/{seed}')"


def test_every_operation_of_the_stores_can_be_named(faults):
    assert {f"{store}.{operation}" for operation, store in OPERATIONS.items()} == set(SHAPES)
    for operation in [*OPERATIONS, *ADAPTER_OPERATIONS]:
        faults.fail(operation)
    assert len(faults.unused()) == 48


def test_what_picks_calls_does_not_hide_an_argument_of_an_operation(faults):
    own = set(inspect.signature(faults.lose_answer).parameters) - {"operations", "where"}
    hidden = {name for operation in OPERATIONS for name in argument_names(operation) if name in own}
    assert hidden == {"error"}  # of fail_submission and end_run: nobody picks a call by that


@pytest.mark.parametrize("wrong", [None, MemoryDatabase()])
def test_faults_are_around_an_adapter(faults, wrong):
    with pytest.raises(TypeError, match=r"Faults.around: got a \w+; give an adapter, such as memory\(\)"):
        faults.around(wrong)
