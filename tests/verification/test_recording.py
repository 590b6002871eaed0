"""A recorded trace is what was done, in order, and replays on the reference without a mismatch."""

import asyncio
import math

import pytest

import flue_memdb
from flue_memdb import ManualClock, MemoryDatabase, memory
from flue_memdb.contract import (
    AttemptRef,
    ClaimRef,
    DispatchInput,
    FlueStoreError,
    InvalidPayloadError,
    SessionBeingDeletedError,
    SessionBusyError,
    session_storage_key,
)
from flue_memdb.verification import apply, generate, read_trace, record, replay
from flue_memdb.verification.comparison import identical
from flue_memdb.verification.shapes import METHODS

KEY = session_storage_key("main")


@pytest.fixture
def clock():
    return ManualClock(1_000)


@pytest.fixture
def recorded(clock, tmp_path):
    return record(memory(clock=clock), tmp_path / "trace.jsonl", clock=clock, client=3, title="a title")


def dispatch(dispatch_id="s1", **fields):
    values = {"agent": "a", "id": "main", "input": None, "accepted_at": "2026-06-03", **fields}
    return DispatchInput(dispatch_id=dispatch_id, **values)


async def replayed(path):
    trace = read_trace(path)
    databases = {}

    def factory(_client, clock):
        return memory(databases.setdefault("one", MemoryDatabase(clock=clock)))

    assert await replay(trace, factory) == []
    return trace


async def test_generated_sequences_come_back_as_they_were(tmp_path):
    for seed in range(25):
        clock, path = ManualClock(), tmp_path / f"{seed}.jsonl"
        operations = [
            operation
            for operation in await generate(f"recording/{seed}")
            if operation["op"] in METHODS and not _is_cancelled(operation)
        ]
        async with flue_memdb.open_stores(record(memory(clock=clock), path, clock=clock)) as stores:
            answers = []
            for operation in operations:
                clock.set(operation["at"])
                answers.append(await apply(stores, operation))
        trace = await replayed(path)
        called = [pair for pair in zip(operations, answers, strict=True) if _became_a_call(pair[1])]
        assert [line["op"] for line in trace.operations] == [operation["op"] for operation, _ in called]
        results = [answer.get("result") for _, answer in called]
        assert identical([line.get("result") for line in trace.operations], results)


async def test_a_callback_that_gives_nothing_to_await_is_refused_as_without_a_recorder(recorded, tmp_path):
    async with flue_memdb.open_stores(recorded) as stores:
        with pytest.raises(InvalidPayloadError, match="delete_session_tree: gave None, which cannot be awaited"):
            await stores.submissions.delete_session(KEY, lambda: None)
    [line] = (await replayed(tmp_path / "trace.jsonl")).operations
    assert line["args"] == [KEY, {"$tree": "plain"}]
    assert line["error"]["kind"] == "invalid_payload"


def _is_cancelled(operation):
    """Whether it is a deletion that is cancelled in its callback: it has no line, nor has what happened within it."""
    tree = operation["args"][1] if operation["op"] == "submissions.deleteSession" and operation["args"][1:] else None
    return isinstance(tree, dict) and tree.get("$tree") == "cancel"


def _became_a_call(answer):
    """Input of the wrong shape altogether is refused before there is a call to record."""
    message = answer.get("error", {}).get("message", "")
    return not message.startswith("from_json:") and ": options: is" not in message


async def test_an_extra_that_repeats_a_field_comes_back(recorded, tmp_path):
    async with flue_memdb.open_stores(recorded) as stores:
        for extra in ({"id": "other"}, ["x"], {"$extra": 1}):
            document = {"dispatchId": "d", "agent": "a", "id": "main", "input": 1, "acceptedAt": "2026-06-03"}
            await apply(stores, {"op": "submissions.admitDispatch", "args": [{**document, "$extra": extra}]})
    trace = await replayed(tmp_path / "trace.jsonl")
    assert [line["error"]["message"].split(": ")[2][:5] for line in trace.operations[:2]] == ["holds", "is ['"]
    assert trace.operations[2]["result"]["submission"]["input"]["$extra"] == 1


async def test_the_header_and_a_line(recorded, tmp_path, clock):
    async with flue_memdb.open_stores(recorded) as stores:
        clock.advance(5)
        await stores.submissions.admit_dispatch(dispatch(extra={"x": {"$value": "bytes"}}))
    trace = await replayed(tmp_path / "trace.jsonl")
    assert (trace.title, trace.source) == ("a title", "recorded")
    [line] = trace.operations
    assert (line["at"], line["client"], line["op"]) == (1_005, 3, "submissions.admitDispatch")
    assert line["args"][0]["x"] == {"$$value": "bytes"}
    assert line["result"]["submission"]["input"]["x"] == {"$value": "bytes"}


async def test_keywords_defaults_and_bad_input_replay(recorded, tmp_path):
    async with flue_memdb.open_stores(recorded) as stores:
        await stores.events.create_stream("p")
        await stores.events.append_event("p", {"nan": 1.0})
        for bad in (math.nan, b"", {1: 2}, object()):
            with pytest.raises(FlueStoreError):
                await stores.events.append_event(path="p", event=bad)
        await stores.events.read_events("p", limit=1)
        await stores.runs.list_runs(limit=None, status="active")
        await stores.submissions.renew_leases("owner", ("s1", "s2"))
        with pytest.raises(FlueStoreError):
            await stores.submissions.claim_submission(ClaimRef("s1", "a1", "o", 1.0))  # type: ignore[arg-type]
        with pytest.raises(FlueStoreError):
            await stores.submissions.complete_submission("s1")  # type: ignore[arg-type]
        await stores.submissions.fail_submission(AttemptRef("s1", "a1"), ValueError())
    trace = await replayed(tmp_path / "trace.jsonl")
    assert trace.operations[6]["args"] == ["p", {"limit": 1}]
    assert trace.operations[-1]["args"][1] == {"$error": "ValueError"}


async def test_a_deletion_holds_what_its_callback_did(recorded, tmp_path):
    async with flue_memdb.open_stores(recorded) as stores:

        async def tree():
            assert await stores.submissions.list_pending_session_deletions() == [KEY]
            await stores.sessions.delete(KEY)
            with pytest.raises(SessionBusyError):
                await stores.submissions.delete_session(KEY, tree)

        async def failing():
            raise OSError("no such tree")

        await stores.submissions.delete_session(KEY, tree)
        with pytest.raises(OSError, match="no such tree"):
            await stores.submissions.delete_session(KEY, delete_session_tree=failing)
        await stores.submissions.list_pending_session_deletions()
    first, second, third = (await replayed(tmp_path / "trace.jsonl")).operations
    assert [inner["op"] for inner in first["args"][1]["during"]] == [
        "submissions.listPendingSessionDeletions", "sessions.delete", "submissions.deleteSession",
    ]  # fmt: skip
    assert first["during"][0] == {"result": [KEY]}
    assert second["args"][1] == {"$tree": "fail"}
    assert second["error"]["kind"] == "callback"
    assert third["result"] == []


async def test_what_a_callback_began_and_left_behind_is_recorded_too(recorded, tmp_path):
    async with flue_memdb.open_stores(recorded) as stores:
        go_on = asyncio.Event()
        deletions = []

        async def afterwards():
            await stores.submissions.delete_session("another", go_on.wait)
            await stores.events.create_stream("p")

        async def tree():
            deletions.append(asyncio.create_task(afterwards()))
            await asyncio.sleep(0)
            await stores.sessions.delete(KEY)

        await stores.submissions.delete_session(KEY, tree)
        await stores.sessions.load("other")
        go_on.set()
        await deletions[0]
    trace = await replayed(tmp_path / "trace.jsonl")
    assert [line["op"] for line in trace.operations] == [
        "submissions.deleteSession", "submissions.deleteSession", "sessions.load", "events.createStream",
    ]  # fmt: skip
    assert [inner["op"] for inner in trace.operations[0]["args"][1]["during"]] == ["sessions.delete"]


async def test_what_was_done_in_a_callback_that_was_cancelled_is_recorded_too(recorded, tmp_path):
    async with flue_memdb.open_stores(recorded) as stores:
        done = asyncio.Event()

        async def tree():
            await stores.sessions.delete(KEY)
            with pytest.raises(SessionBeingDeletedError):
                await stores.submissions.admit_dispatch(dispatch())
            done.set()
            await asyncio.Event().wait()

        deletion = asyncio.create_task(stores.submissions.delete_session(KEY, tree))
        await done.wait()
        deletion.cancel()
        await asyncio.wait([deletion])
        await stores.submissions.admit_dispatch(dispatch())
    trace = await replayed(tmp_path / "trace.jsonl")
    deletion, admission = trace.operations
    assert [inner["op"] for inner in deletion["args"][1]["during"]] == ["sessions.delete", "submissions.admitDispatch"]
    assert deletion["error"]["kind"] == "callback"
    assert admission["op"] == "submissions.admitDispatch"


async def test_what_a_callback_did_whose_caller_left_it_to_others_is_recorded_too(recorded, tmp_path):
    async with flue_memdb.open_stores(recorded) as stores:
        done, go_on = asyncio.Event(), asyncio.Event()

        async def tree():
            await stores.sessions.delete(KEY)
            done.set()
            await go_on.wait()
            await stores.events.create_stream("p")

        first = asyncio.create_task(stores.submissions.delete_session(KEY, tree))
        await done.wait()
        second = asyncio.create_task(stores.submissions.delete_session(KEY, tree))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait([first])
        go_on.set()
        await second
    trace = await replayed(tmp_path / "trace.jsonl")
    assert [line["op"] for line in trace.operations] == [
        "sessions.delete", "submissions.deleteSession", "events.createStream",
    ]  # fmt: skip


async def test_lines_stand_in_the_order_in_which_calls_began(recorded, tmp_path):
    async with flue_memdb.open_stores(recorded) as stores:
        gate = asyncio.Event()
        deletion = asyncio.create_task(stores.submissions.delete_session(KEY, gate.wait))
        await asyncio.sleep(0)
        await stores.sessions.load("other")
        gate.set()
        await deletion
        cancelled = asyncio.create_task(stores.submissions.delete_session(KEY, asyncio.Event().wait))
        await asyncio.sleep(0.01)
        cancelled.cancel()
        await asyncio.wait([cancelled])
    trace = await replayed(tmp_path / "trace.jsonl")
    assert [line["op"] for line in trace.operations] == ["submissions.deleteSession", "sessions.load"]


async def test_listeners_are_passed_through_and_not_recorded(recorded, tmp_path):
    heard = []
    async with flue_memdb.open_stores(recorded) as stores:
        await stores.events.create_stream("p")
        stores.events.subscribe("p", lambda: heard.append(1))
        await stores.events.append_event("p", 1)
    assert heard == [1]
    trace = await replayed(tmp_path / "trace.jsonl")
    assert [line["op"] for line in trace.operations] == ["events.createStream", "events.appendEvent"]
