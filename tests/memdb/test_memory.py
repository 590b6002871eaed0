"""The reference as people use it: clocks, databases, and values that nobody changes from outside."""

from typing import Any

import pytest

from flue_memdb import (
    AdapterClosedError,
    AttemptRef,
    ClaimRef,
    CorruptRecordError,
    DirectInput,
    DispatchInput,
    ManualClock,
    MemoryDatabase,
    NewRun,
    SystemClock,
    memory,
    open_stores,
)
from flue_memdb.conformance.examples import new_journal
from flue_memdb.invariants import findings
from flue_valkey import valkey
from flue_valkey.servers.fake import FakeServer
from tests.stores import stores_in

DISPATCH = DispatchInput(dispatch_id="d", agent="a", id="i", input=None, accepted_at="2026-06-03")


def test_a_manual_clock_moves_only_when_it_is_moved() -> None:
    clock = ManualClock(5)
    assert (clock(), clock()) == (5, 5)
    clock.advance(ms=10)
    assert clock() == 15
    clock.set(15)
    with pytest.raises(ValueError, match="stands at 15 ms and cannot go back to 14 ms"):
        clock.set(14)
    assert clock() == 15


@pytest.mark.parametrize("seconds", [1_780_000_000.5, "1780000000000", None, True, -1, 1_780_000_000_000_000])
def test_a_manual_clock_counts_whole_milliseconds(seconds: Any) -> None:
    clock = ManualClock(5)
    for wrong in (lambda: ManualClock(seconds), lambda: clock.set(seconds)):
        with pytest.raises(ValueError, match=r"ManualClock: is .*; give epoch milliseconds as an int"):
            wrong()
    with pytest.raises(ValueError, match=r"ManualClock: is 5\.5"):
        clock.advance(0.5)
    assert clock() == 5


def test_the_system_clock_gives_epoch_milliseconds() -> None:
    now = SystemClock()()
    assert isinstance(now, int)
    assert 1_700_000_000_000 < now < 10_000_000_000_000


def test_a_clock_is_something_to_call() -> None:
    wrong: Any = 5
    for make in (lambda: memory(clock=wrong), lambda: valkey("redis://127.0.0.1", clock=wrong)):
        with pytest.raises(TypeError, match="clock: got 5; give a function that gives epoch milliseconds"):
            make()


@pytest.mark.parametrize("now", [1.5, 1_780_000_000_000_000_000, -1])  # as time.time, as time.time_ns
async def test_a_clock_that_gives_no_milliseconds_is_found_out_before_anything_is_written(now: Any) -> None:
    database = MemoryDatabase(clock=lambda: now)
    for adapter in (memory(database), valkey(FakeServer().runner(), inspect_server=False, clock=lambda: now)):
        with pytest.raises(TypeError, match=rf"clock: it gave {now}; it has to give epoch milliseconds as an int"):
            async with open_stores(adapter) as stores:
                await stores.submissions.insert_attempt_marker(AttemptRef("d1", "a1"))
    assert database.markers == {}


async def test_adapters_over_one_database_share_it_and_others_do_not() -> None:
    db = MemoryDatabase()
    async with open_stores(memory(db)) as one, open_stores(memory(db)) as two, open_stores(memory()) as other:
        await one.sessions.save("s", {"entries": []})
        assert await two.sessions.load("s") == {"entries": []}
        assert await other.sessions.load("s") is None


async def test_closing_one_adapter_leaves_the_others_open() -> None:
    db = MemoryDatabase()
    first = memory(db)
    stores = await stores_in(db)
    await first.close()
    assert await stores.sessions.load("s") is None
    with pytest.raises(AdapterClosedError):
        await first.connect()


def test_a_clock_beside_a_database_is_refused() -> None:
    with pytest.raises(ValueError, match=r"MemoryDatabase\(clock=...\)"):
        memory(MemoryDatabase(), clock=ManualClock())


@pytest.mark.parametrize("wrong", ["dev.json", 5, memory()])
def test_what_is_no_database_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"memory: got a \w+; give a MemoryDatabase, or path='dev.json'"):
        memory(wrong)


@pytest.mark.parametrize("wrong", ["redis://:secret@localhost", None, MemoryDatabase()])
async def test_stores_are_those_of_an_adapter(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"open_stores: got a \w+; give an adapter, such as memory\(\)$"):
        async with open_stores(wrong):
            pass


async def test_what_a_caller_stored_is_not_changed_from_outside() -> None:
    async with open_stores(memory()) as stores:
        document = {"entries": [{"id": "e", "tags": ["a"]}]}
        await stores.sessions.save("s", document)
        document["entries"][0]["tags"].append("b")  # type: ignore[attr-defined]
        loaded = await stores.sessions.load("s")
        assert loaded == {"entries": [{"id": "e", "tags": ["a"]}]}
        loaded["entries"].clear()
        assert await stores.sessions.load("s") == {"entries": [{"id": "e", "tags": ["a"]}]}


async def claimed() -> MemoryDatabase:
    db = MemoryDatabase(clock=ManualClock(1))
    stores = await stores_in(db)
    await stores.submissions.admit_dispatch(DISPATCH)
    await stores.submissions.claim_submission(ClaimRef("d", "a1", "o", 1))
    await stores.submissions.append_stream_chunk_segment("k", 0, "text")
    await stores.events.create_stream("p")
    await stores.events.append_event_once("p", "key", 1)
    await stores.runs.create_run(NewRun(run_id="r", workflow_name="w", started_at="2026-06-03"))
    return db


async def test_the_invariants_hold_in_a_sound_database() -> None:
    db = await claimed()
    assert findings(db) == []
    stores = await stores_in(db)
    assert await stores.submissions.complete_submission(AttemptRef("d", "a1")) is True
    assert findings(db) == []


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda db: db.running.clear(), "which the index of running ones contradicts"),
        (lambda db: db.session_unsettled.clear(), "which its session's queue contradicts"),
        (lambda db: db.session_submissions.clear(), "is missing from its session"),
        (lambda db: db.submissions.clear(), "which has no row"),
        (lambda db: setattr(db, "admissions", 0), "not distinct numbers from 1 to 0"),
        (lambda db: db.receipts.update(d=1), "has a row and a receipt"),
        (lambda db: db.segments["k"].clear(), "has no segments"),
        (lambda db: db.streams["p"].events.clear(), "which does not exist"),
        (lambda db: db.runs.clear(), "the order of runs with status None and workflow None contradicts"),
        (lambda db: setattr(db.runs["r"], "status", "errored"), "with status 'active' and workflow 'w' contradicts"),
        (lambda db: setattr(db.submissions["d"], "attempt_id", None), "without an attempt"),
        (lambda db: setattr(db.submissions["d"], "settled_at", 1), "which settled_at 1 contradicts"),
        (lambda db: db.terminalizing.update(d=db.submissions["d"]), "index of terminalizing ones contradicts"),
    ],
)
async def test_each_damage_is_found(damage: object, said: str) -> None:
    db = await claimed()
    damage(db)  # type: ignore[operator]
    assert any(said in finding for finding in findings(db))


async def test_an_adapter_closed_by_a_deletions_callback_says_so_of_the_deletion() -> None:
    adapter = memory()
    await adapter.migrate()
    stores = await adapter.connect()
    with pytest.raises(AdapterClosedError) as refused:
        await stores.submissions.delete_session("session", adapter.close)
    assert refused.value.operation == "delete_session"


async def test_an_event_that_cannot_be_read_ends_no_page_before_it() -> None:
    database = MemoryDatabase()
    async with open_stores(memory(database)) as stores:
        await stores.events.create_stream("path")
        for event in ("first", "second"):
            await stores.events.append_event("path", event)
        database.streams["path"].unreadable = ("1",)
        assert [event.data for event in (await stores.events.read_events("path", limit=1)).events] == ["first"]
        with pytest.raises(CorruptRecordError, match="its 1 cannot be read"):
            await stores.events.read_events("path", limit=2)


async def test_a_key_that_cannot_be_read_repeats_no_event() -> None:
    database = await claimed()
    database.streams["p"].unreadable = ("key key",)
    stores = await stores_in(database)
    with pytest.raises(CorruptRecordError, match="its key key cannot be read"):
        await stores.events.append_event_once("p", "key", 1)


async def test_a_hand_over_that_cannot_count_moves_no_journal() -> None:
    database = await claimed()
    stores = await stores_in(database)
    await stores.submissions.begin_turn_journal(new_journal("d"))
    database.submissions["d"].unreadable = ("attemptCount",)
    with pytest.raises(CorruptRecordError, match="its attemptCount cannot be read"):
        await stores.submissions.replace_turn_journal_attempt(AttemptRef("d", "a1"), "a2")
    journal = await stores.submissions.get_turn_journal("d")
    assert journal is not None
    assert journal.attempt_id == "a1"


async def with_outbox() -> MemoryDatabase:
    db = MemoryDatabase(clock=ManualClock(1))
    stores = await stores_in(db)
    prompt = DirectInput(submission_id="p", agent="a", id="i", payload={"message": "m"}, accepted_at="2026-06-03")
    await stores.submissions.admit_direct(prompt)
    await stores.submissions.claim_submission(ClaimRef("p", "a1", "o", 1))
    await stores.submissions.reserve_submission_terminal(AttemptRef("p", "a1"), event_key="k", event=1)
    return db


async def test_an_outbox_whose_id_cannot_be_read_is_settled_and_not_listed() -> None:
    database = await with_outbox()
    database.submissions["p"].unreadable = ("submissionId",)
    assert await (await stores_in(database)).submissions.list_pending_terminal_outboxes() == []
    assert database.submissions["p"].status == "settled"


async def test_an_outbox_whose_sequence_cannot_be_read_is_not_finalised() -> None:
    database = await with_outbox()
    stores = await stores_in(database)
    attempt = AttemptRef("p", "a1")
    assert await stores.submissions.record_submission_terminal_offset(attempt, "k", "0")
    database.submissions["p"].unreadable = ("sequence",)
    with pytest.raises(CorruptRecordError, match="its sequence cannot be read"):
        await stores.submissions.finalize_submission_terminal(attempt, "k")
    assert database.submissions["p"].status == "terminalizing"


async def test_an_outbox_whose_sequence_cannot_be_read_is_not_reserved_but_given_again() -> None:
    database = await with_outbox()
    submissions = (await stores_in(database)).submissions
    attempt = AttemptRef("p", "a1")
    database.submissions["p"].unreadable = ("sequence",)
    assert await submissions.reserve_submission_terminal(attempt, event_key="k", event=1)
    database.submissions["p"].status = "running"
    with pytest.raises(CorruptRecordError, match="its sequence cannot be read"):
        await submissions.reserve_submission_terminal(attempt, event_key="k", event=2)
    assert database.submissions["p"].status == "running"
    assert database.submissions["p"].terminal_event == "1"
