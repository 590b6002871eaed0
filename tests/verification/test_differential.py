"""The parts of a differential run: state, comparison, shrinking, report."""

import json

import pytest

from flue_memdb import ManualClock, MemoryDatabase, memory
from flue_memdb.verification import (
    ReferenceEngine,
    Trace,
    apply,
    declared_outcomes,
    differential,
    generate,
    lockstep,
    read_state,
    read_trace,
    replay,
    run_sequence,
    write_trace,
)
from flue_memdb.verification.comparison import identical
from tests.stores import stores_in
from tests.verification.mutants import BrokenEngine, SecondReference

MARKED = "db.markers.setdefault(key, db.clock())"
BROKEN = ("store/markers.py", MARKED, "db.markers[key] = db.clock()")


@pytest.fixture
async def report():
    engines = [ReferenceEngine(), SecondReference(), BrokenEngine(*BROKEN)]
    return await differential(engines, seed="report", sequences=200, max_divergences=1)


async def test_a_divergence_tells_how_to_see_it_again(report, tmp_path):
    [divergence] = report.divergences
    assert divergence.found.engine == "broken"
    assert divergence.command == (
        f"flue diff --seed report --sequences 1 --first-sequence {divergence.sequence} --operations 60"
    )
    assert divergence.command in str(report)
    again = await differential(
        [ReferenceEngine(), BrokenEngine(*BROKEN)], seed="report", sequences=1, first_sequence=divergence.sequence
    )
    assert again.divergences[0].found == divergence.found

    write_trace(tmp_path / "short.jsonl", divergence.trace)
    trace = read_trace(tmp_path / "short.jsonl")
    database = MemoryDatabase(clock=ManualClock())
    assert len(trace.operations) <= 12
    assert await replay(trace, lambda _, clock: _on(database, clock)) == []


def _on(database, clock):
    database.clock = clock
    return memory(database)


async def test_a_snippet_can_be_pasted(report):
    found = {}
    snippet = report.divergences[0].snippet
    exec(snippet[: snippet.index("assert")], found)
    assert [operation["op"] for operation in found["operations"]] == [
        operation["op"] for operation in report.divergences[0].operations
    ]


async def test_a_report_is_json_and_counts_every_declared_outcome(report):
    document = json.loads(json.dumps(report.to_json()))
    assert document["engines"] == ["reference", "second", "broken"]
    assert {op: tuple(counts) for op, counts in document["outcomes"].items()} == declared_outcomes()
    assert document["divergences"][0]["operations"]
    assert all(op in report.table() for op in declared_outcomes())


async def test_a_short_run_says_what_it_did_not_reach():
    report = await differential([ReferenceEngine()], seed=1, sequences=1)
    assert report.missed
    for op, names in report.missed.items():
        assert f"not reached: {op}: {', '.join(names)}" in str(report)


async def test_progress_is_told_after_each_sequence():
    told = []
    await differential(
        [ReferenceEngine()], seed=1, sequences=3, first_sequence=5, operations=10, on_progress=told.append
    )
    assert [(progress.sequences, progress.of, progress.operations) for progress in told] == [
        (1, 3, 10), (2, 3, 20), (3, 3, 30),
    ]  # fmt: skip


async def test_the_state_holds_every_name_of_the_sequence_once_and_asks_for_unsettled_work_last():
    clock = ManualClock(1)
    stores = await stores_in(MemoryDatabase(clock=clock))
    dispatch = {"dispatchId": "s1", "agent": "a", "id": "main", "input": 1, "acceptedAt": "2026-06-03"}
    saved = {"op": "sessions.save", "args": ["k", {"entries": []}]}
    operations = [
        {"op": "submissions.admitDispatch", "args": [dispatch]},
        {"op": "events.createStream", "args": ["p"]},
        {"op": "bulk.appendEvents", "args": ["p", 1_005, 0]},
        {"op": "runs.createRun", "args": [{"runId": "r", "workflowName": "w", "startedAt": "2026-06-03"}]},
        {"op": "submissions.deleteSession", "args": ["k", {"$tree": "ok", "during": [saved]}]},
    ]
    for operation in operations:
        await apply(stores, operation)
    state = await read_state(stores, operations)
    for call in ('submissions.getSubmission ["s1"]', 'sessions.load ["k"]', 'runs.lookupRun ["r"]'):
        assert state[call]["result"] is not None, call
    assert 'sessions.load ["agent-session:[\\"main\\",\\"default\\",\\"default\\"]"]' in state
    pages = [answer["result"] for call, answer in state.items() if call.startswith("events.readEvents")]
    assert [len(page["events"]) for page in pages] == [1_000, 5]
    assert list(state)[-1] == "submissions.hasUnsettledSubmissions []"


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ({"a": 1.0}, {"a": 1}, True),
        (-0.0, 0, True),
        (True, 1, False),
        ({"a": None}, {}, False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, False),
        ("1", 1, False),
        (1e21, 10**21, False),
    ],
)
def test_what_is_identical(left, right, same):
    assert identical(left, right) is same


async def test_a_bulk_step_is_many_calls():
    stores = await stores_in()
    await apply(stores, {"op": "events.createStream", "args": ["p"]})
    answer = await apply(stores, {"op": "bulk.appendEvents", "args": ["p", 3, 10]})
    assert answer == {"result": {"count": 3, "last": {"result": "0000000000000000_0000000000000002"}}}
    page = await stores.events.read_events("p")
    assert [event.data for event in page.events] == [10, 11, 12]


async def test_sequences_do_not_depend_on_one_another():
    alone = await differential([ReferenceEngine()], seed=3, sequences=1, first_sequence=2)
    assert alone.outcomes == (await differential([ReferenceEngine()], seed=3, sequences=1, first_sequence=2)).outcomes
    assert await generate("3/2") == await generate("3/2")


async def test_a_process_that_dies_in_a_deletion_leaves_its_marker_to_the_next():
    def deletion(at, client, tree, *during):
        args = ["session", {"$tree": tree, "during": list(during)}]
        return {"at": at, "client": client, "op": "submissions.deleteSession", "args": args}

    pending = {"op": "submissions.listPendingSessionDeletions", "args": []}
    operations = [
        deletion(1_000, 0, "die"),
        {"at": 30_999, "client": 0, **pending},
        deletion(31_000, 1, "ok", pending),
        {"at": 31_000, "client": 0, **pending},
    ]
    result = await run_sequence([ReferenceEngine(), SecondReference()], operations)
    assert result.difference is None
    died, left, taken_over, gone = result.answers
    assert died["error"]["kind"] == "callback"
    assert left == {"result": ["session"]}
    assert taken_over == {"during": [{"result": ["session"]}]}
    assert gone == {"result": []}

    database = MemoryDatabase(clock=ManualClock())
    lines = [{**operation, **answer} for operation, answer in zip(operations, result.answers, strict=True)]
    assert await replay(Trace("death", "test", lines), lambda _, clock: _on(database, clock)) == []


async def test_an_owner_that_lapses_finds_its_deletion_taken_over():
    def beside(tree):
        deletion = {"op": "submissions.deleteSession", "args": ["session", {"$tree": tree}]}
        args = ["session", {"$tree": "ok", "lapse": 30_000, "beside": {"client": 1, **deletion}}]
        return {"at": 5, "client": 0, "op": "submissions.deleteSession", "args": args}

    pending = {"at": 6, "op": "submissions.listPendingSessionDeletions", "args": []}
    marker = {"at": 7, "op": "submissions.insertAttemptMarker", "args": [{"submissionId": "s", "attemptId": "a"}]}
    markers = {"at": 8, "op": "submissions.listAttemptMarkers", "args": []}
    operations = [beside("ok"), beside("fail"), pending, marker, markers]
    result = await run_sequence([ReferenceEngine(), SecondReference()], operations)
    assert result.difference is None
    shared, again, left, _, read = result.answers
    assert shared == {"beside": {}}
    assert again["beside"]["error"]["kind"] == "callback"
    assert left == {"result": []}
    assert read["result"][0]["createdAt"] == 5 + 2 * 30_000

    database = MemoryDatabase(clock=ManualClock())
    lines = [{**operation, **answer} for operation, answer in zip(operations, result.answers, strict=True)]
    assert await replay(Trace("lapse", "test", lines), lambda _, clock: _on(database, clock)) == []


async def test_an_owner_renews_its_lease_while_its_callback_takes_long():
    def deletion(lapse):
        beside = {"client": 1, "op": "submissions.deleteSession", "args": ["session", {"$tree": "fail"}]}
        args = ["session", {"$tree": "ok", "lapse": lapse, "beside": beside}]
        return {"at": 5, "client": 0, "op": "submissions.deleteSession", "args": args}

    operations = [deletion([20_000, 29_999]), deletion([20_000, 30_000]), deletion(49_999)]
    result = await run_sequence([ReferenceEngine(), SecondReference()], operations)
    assert result.difference is None
    waited, taken_over, lapsed = result.answers
    assert waited == {"beside": {}}
    assert taken_over["beside"]["error"]["kind"] == lapsed["beside"]["error"]["kind"] == "callback"


async def test_a_callback_that_is_a_plain_function_is_refused():
    deletion = {"op": "submissions.deleteSession", "args": ["session", {"$tree": "plain"}]}
    pending = {"op": "submissions.listPendingSessionDeletions", "args": []}
    operations = [{"at": 5, "client": 0, **operation} for operation in (deletion, pending)]
    result = await run_sequence([ReferenceEngine(), SecondReference()], operations)
    assert result.difference is None
    refused, left = result.answers
    assert refused["error"]["kind"] == "invalid_payload"
    assert left == {"result": []}


async def test_a_caller_that_is_cancelled_leaves_no_marker():
    deletion = {"op": "submissions.deleteSession", "args": ["session", {"$tree": "cancel"}]}
    pending = {"op": "submissions.listPendingSessionDeletions", "args": []}
    operations = [{"at": 5, "client": 0, **operation} for operation in (deletion, pending)]
    result = await run_sequence([ReferenceEngine(), SecondReference()], operations)
    assert result.difference is None
    assert result.answers == [
        {"error": {"kind": "cancelled", "message": "the call was cancelled"}},
        {"result": []},
    ]
    assert result.outcomes["submissions.deleteSession", "callback_failed"] == 1


@pytest.mark.parametrize(
    ("file", "old", "new", "called"),
    [
        ("store/sessions.py", '_database("load")', '_database("save")', "sessions.load"),
        ("adapter.py", 'database("connect")', 'database("migrate")', "connect"),
        ("adapter.py", "if database.schema_version is None:", "if False:", "connect before migrate"),
    ],
)
async def test_what_an_adapter_says_that_cannot_be_used_is_compared(file, old, new, called):
    operation = {"at": 1, "op": "sessions.load", "args": ["s"]}
    difference = (await run_sequence([ReferenceEngine(), BrokenEngine(file, old, new)], [operation])).difference
    assert difference is not None
    assert (difference.kind, list(difference.got)) == ("closed", [called])


@pytest.mark.parametrize("gone", ["await _give_way()", "self._left_of_turn = self._operations_a_turn"])
async def test_a_store_that_gives_others_no_turns_is_a_difference(gone):
    operation = {"at": 1, "op": "bulk.appendSegments", "args": ["s", 900, 0]}
    difference = (
        await run_sequence([ReferenceEngine(), BrokenEngine("store/connection.py", gone, "pass")], [operation])
    ).difference
    assert difference is not None
    assert difference.got == {"error": {"kind": "other", "message": "another task had fewer than 2 turns in 900 calls"}}


async def test_a_store_that_never_answers_is_a_difference(monkeypatch):
    monkeypatch.setattr(lockstep, "_ANSWER_WITHIN_S", 0.05)
    silent = BrokenEngine("store/markers.py", MARKED, "await __import__('asyncio').Event().wait()")
    operation = {"at": 1, "op": "submissions.insertAttemptMarker", "args": [{"submissionId": "s", "attemptId": "a"}]}
    difference = (await run_sequence([ReferenceEngine(), silent], [operation])).difference
    assert difference is not None
    assert difference.got["error"]["message"].startswith("no answer within")
