"""The invariants of the layout: nothing is found in a sound namespace, and each damage is."""

from collections.abc import Awaitable, Callable

import pytest

from flue_memdb import (
    AttemptRef,
    ClaimRef,
    DirectInput,
    DispatchInput,
    NewRun,
    NewTurnJournal,
    RunEnd,
    Stores,
)
from flue_valkey import Runner
from flue_valkey.invariants import findings
from flue_valkey.invariants.server_view import ServerView
from flue_valkey.keyspace import read_keyspace, scan
from flue_valkey.layout import key

SESSION = 'agent-session:["i","default","default"]'


async def fill(stores: Stores) -> None:
    """Something of everything."""
    await stores.sessions.save("s", {"entries": [{"id": "e"}]})
    submissions = stores.submissions
    for name in ("settled", "running"):
        dispatch = DispatchInput(dispatch_id=name, agent="a", id=name, input=None, accepted_at="2026-06-03")
        await submissions.admit_dispatch(dispatch)
        await submissions.claim_submission(ClaimRef(name, "a1", "o", 1))
    await submissions.complete_submission(AttemptRef("settled", "a1"))
    payload = {"message": "m", "images": [{"type": "image", "data": "AA", "mimeType": "image/png"}]}
    direct = DirectInput(submission_id="d", agent="a", id="i", payload=payload, accepted_at="2026-06-03")
    await submissions.admit_direct(direct)
    journal = NewTurnJournal(
        submission_id="d",
        session_key=SESSION,
        kind="direct",
        attempt_id="a1",
        operation_id="o",
        turn_id="t",
        phase="before_provider",
    )
    await submissions.begin_turn_journal(journal)
    await submissions.append_stream_chunk_segment("k", 0, "text")
    await submissions.insert_attempt_marker(AttemptRef("d", "a1"))
    for run_id in ("r1", "r2"):
        await stores.runs.create_run(NewRun(run_id=run_id, workflow_name="w", started_at="2026-06-03"))
    await stores.runs.end_run(RunEnd(run_id="r2", ended_at="2026-06-03", is_error=False, duration_ms=1))
    await stores.events.create_stream("p")
    await stores.events.append_event_once("p", "key", {"n": 1})
    await stores.events.append_event("p", {"n": 2})


DAMAGES = {
    "a row goes": (("DEL", "submission", {"submission_id": "d"}), "lists submission 'd', which has no row"),
    "a status index loses one": (("ZREM", "running", {}, "running"), "in the index of running it stands at None"),
    "two status indexes": (("ZADD", "queued", {}, 2, "running"), "in the index of queued it stands at 2"),
    "the status changes": (("HSET", "submission", {"submission_id": "d"}, "status", "settled"), "'d' is settled"),
    "the order loses one": (("ZREM", "submissions_order", {}, "d"), "is not in submissions_order at 3"),
    "the queue loses one": (("ZREM", "session_unsettled", {"session_key": SESSION}, "d"), "in its session's queue"),
    "a queue gets a stranger": (
        ("ZADD", "session_unsettled", {"session_key": "other"}, 3, "d"),
        "of another session",
    ),
    "the counter goes back": (("SET", "sequence", {}, 2), "has the sequence '3'; 2 were admitted"),
    "an empty field": (("HSET", "submission", {"submission_id": "d"}, "error", ""), "has an empty field"),
    "no payload": (("HDEL", "submission", {"submission_id": "d"}, "generation"), "'d' has no payload"),
    "a receipt beside a row": (("HSET", "receipt", {"submission_id": "d"}, "acceptedAt", 1), "a row and a receipt"),
    "an entry is missing": (
        ("HSET", "session", {"session_key": "s"}, "generation", "nothing"),
        "has no whole document",
    ),
    "an old generation": (
        ("HSET", "session_generation", {"session_key": "s", "generation": "old"}, "session", "{}"),
        "generation old of session 's'",
    ),
    "a journal unlisted": (("SREM", "journals", {}, "d"), "journals does not list 'd'"),
    "segments unlisted": (("SREM", "stream_segment_keys", {}, "k"), "stream_segment_keys does not list 'k'"),
    "a marker unlisted": (("DEL", "markers", {}), "markers does not list"),
    "a marker listed": (("SADD", "markers", {}, "ZA.ZA"), "markers lists 'ZA.ZA', which has no row"),
    "a deletion of busy work": (
        ("HSET", "deletion", {"session_key": SESSION}, "startedAt", 1),
        "has a deletion marker and unsettled work",
    ),
    "a run unlisted": (("ZREM", "runs_active", {}, "r1"), "in runs_active it stands at None"),
    "a run listed twice": (("ZADD", "runs_errored", {}, 1, "r1"), "in runs_errored it stands at 1"),
    "a run of another workflow": (("HSET", "run", {"run_id": "r1"}, "workflowName", "v"), "belongs elsewhere"),
    "an order key": (("HSET", "run", {"run_id": "r1"}, "orderKey", "x"), "the order key 'x'"),
    "an event is missing": (("HDEL", "event_entries", {"path": "p"}, "0"), "has gaps"),
    "an event too many": (("HSET", "event", {"path": "p"}, "nextOffset", 3), "and has 2 events"),
    "the order of events": (("ZREM", "event_order", {"path": "p"}, "1"), "has an order that its events contradict"),
    "an event key": (("HSET", "event_keys", {"path": "p"}, "key", "0:{}"), "the event key 'key', whose event differs"),
    "a stream unlisted": (("SREM", "events", {}, "p"), "events does not list 'p'"),
    "a key of another type": (("SET", "journal", {"submission_id": "x"}, "text"), "is a string and no hash"),
    "no text": (("HSET", "submission", {"submission_id": "d"}, "error", b"\xff"), "its field error is no UTF-8 text"),
    "an id that is no text": (("ZADD", "queued", {}, 1, b"\xff"), r"lists submission '\udcff', which has no row"),
    "a field is missing": (("HDEL", "submission", {"submission_id": "d"}, "kind"), "'d': its field kind is missing"),
    "no time of settlement": (
        ("HDEL", "submission", {"submission_id": "settled"}, "settledAt"),
        "'settled': its field settledAt is missing",
    ),
    "no number": (
        ("HSET", "submission", {"submission_id": "d"}, "attemptCount", "many"),
        "'d': its field attemptCount is 'many', which is no whole number",
    ),
    "no number in the order": (("HSET", "submission", {"submission_id": "d"}, "sequence", "x"), "has the sequence 'x'"),
    "a counter that is none": (("SET", "sequence", {}, "x"), "the admission counter is 'x', which is no whole number"),
    "a place that is none": (("ZADD", "queued", {}, "inf", "d"), "in the index of queued it stands at inf"),
    "a payload that is cut short": (
        ("HSET", "submission_generation", {"submission_id": "d"}, "payload", '{"kind":"dir'),
        "payload of submission 'd': its field payload is no JSON text",
    ),
    "a payload without its chunk": (
        ("HDEL", "submission_generation", {"submission_id": "d"}, "chunk:0"),
        "payload of submission 'd': its field chunk:0 is missing",
    ),
    "a payload that is gone": (("DEL", "submission_generation", {"submission_id": "d"}), "'d' has no payload"),
    "a row that is gone": (("DEL", "submission", {"submission_id": "d"}), "'d', which has no row"),
    "a row of another type": (("SET", "submission", {"submission_id": "d"}, "x"), "is a string and no hash"),
    "an entry that is missing": (
        ("HDEL", "session_generation", {"session_key": "s"}, "entry:0"),
        "session 's' has no whole document: its field entry:0 is missing",
    ),
    "an entry too many": (
        ("HSET", "session_generation", {"session_key": "s"}, "entry:7", "{}"),
        "session 's' has 1 entries and 4 fields",
    ),
    "an entry that is cut short": (
        ("HSET", "session_generation", {"session_key": "s"}, "entry:0", '{"id'),
        "entry:0 is no",
    ),
    "a session without a generation": (("HSET", "session", {"session_key": "t"}, "x", "y"), "'t' names no generation"),
    "a list of generations that is gone": (("DEL", "session_generations", {"session_key": "s"}), "is not listed"),
    "a generation that is listed and gone": (
        ("ZADD", "session_generations", {"session_key": "s"}, 1, "old"),
        "names old",
    ),
    "a journal that is cut short": (
        ("HSET", "journal", {"submission_id": "d"}, "toolRequest", "{"),
        "toolRequest is no JSON",
    ),
    "a journal without a turn": (("HDEL", "journal", {"submission_id": "d"}, "turnId"), "its field turnId is missing"),
    "a segment without a number": (("HSET", "stream_segments", {"stream_key": "k"}, "01", "x"), "which is no index"),
    "segments that are gone": (("DEL", "stream_segments", {"stream_key": "k"}), "lists 'k', which has no row"),
    "a marker without a time": (
        ("HSET", "marker", {"submission_id": "d", "attempt_id": "a1"}, "createdAt", "x"),
        "marker of attempt 'a1' at submission 'd': its field createdAt",
    ),
    "a marker that names nothing": (("SADD", "markers", {}, "***"), "markers lists '***', which names no attempt"),
    "a receipt without a time": (("HSET", "receipt", {"submission_id": "x"}, "y", "z"), "acceptedAt is missing"),
    "a deletion that is not listed": (("HSET", "deletion", {"session_key": "x"}, "ownerId", "o"), "does not list 'x'"),
    "a run without a workflow": (("HDEL", "run", {"run_id": "r1"}, "workflowName"), "workflowName is missing"),
    "a run's time is none": (("HSET", "run", {"run_id": "r2"}, "durationMs", "long"), "'r2': its field durationMs is"),
    "a run is gone": (("DEL", "run", {"run_id": "r1"}), "lists run 'r1', which has no row"),
    "an event that is cut short": (
        ("HSET", "event_entries", {"path": "p"}, "1", '{"n"'),
        "event 1 of stream 'p': its field text is no JSON text",
    ),
    "events without a stream": (("HSET", "event_entries", {"path": "q"}, "0", "1"), "event_entries 'q' has no stream"),
    "a helper that lasts": (("SET", "deletion_done", {"owner_id": "o"}, 1), "has no time to live"),
}


Find = Callable[[], Awaitable[list[str]]]


@pytest.fixture(params=["in memory", "on the server"])
def find(request: pytest.FixtureRequest, runner: Runner, prefix: str) -> Find:
    """What contradicts the layout now, of a copy in memory or key by key on the server."""

    async def read() -> list[str]:
        view = await read_keyspace(runner, prefix) if request.param == "in memory" else ServerView(runner, prefix)
        return [str(finding) for finding in await findings(view)]

    return read


async def test_nothing_is_found_in_a_sound_namespace(stores: Stores, find: Find) -> None:
    await fill(stores)
    assert await find() == []


@pytest.mark.parametrize("damage", DAMAGES)
async def test_each_damage_is_found(damage: str, stores: Stores, runner: Runner, prefix: str, find: Find) -> None:
    await fill(stores)
    (command, name, ids, *args), said = DAMAGES[damage]
    if name.endswith("_generation") and "generation" not in ids:
        owner = key(prefix, name.removesuffix("_generation"), **ids)
        ids = {**ids, "generation": (await runner.command("HGET", owner, "generation")).decode()}
    await runner.command(command, key(prefix, name, **ids), *args)
    before = await copied(runner, prefix)
    found = await find()
    assert any(said in finding for finding in found), found
    assert await copied(runner, prefix) == before


async def copied(runner: Runner, prefix: str) -> list[bytes]:
    """Every key with its value, byte for byte."""
    keys = sorted([each async for each in scan(runner, prefix)])
    return keys + await runner.pipeline([("DUMP", each) for each in keys])


async def test_a_key_that_the_layout_does_not_know_is_found(runner: Runner, prefix: str, find: Find) -> None:
    for name in ("nonsense", "submission:***", "submission:ZA=="):
        await runner.command("HSET", f"{prefix}:{name}", "a", "b")
    await runner.command("LPUSH", f"{prefix}:list", "a")
    assert len(await find()) == 4


async def test_more_than_a_page_is_read(stores: Stores, runner: Runner, prefix: str, find: Find) -> None:
    await fill(stores)
    for number in range(1_200):
        await stores.events.append_event("p", number)
    assert await find() == []
    await runner.command("HDEL", key(prefix, "event_entries", path="p"), "1100")
    await runner.command("ZADD", key(prefix, "event_order", path="p"), 7, "900")
    await runner.command("SADD", key(prefix, "journals"), *(f"gone-{number}" for number in range(1_100)))
    found = await find()
    assert sum("which has no row" in finding for finding in found) == 1_100
    assert any("has gaps: ['1100']" in finding for finding in found)
    assert any("has an order that its events contradict" in finding for finding in found)


class Moving(ServerView):
    """A namespace in which somebody writes while it is read: each row is seen before its indexes are, once."""

    first = True

    async def score(self, name: str, member: str, *ids: str) -> float | None:
        first, self.first = self.first, False
        return None if first else await super().score(name, member, *ids)


async def test_what_moves_while_it_is_read_is_no_finding(stores: Stores, runner: Runner, prefix: str) -> None:
    await fill(stores)
    view = Moving(runner, prefix)
    assert await findings(view) == []
    assert view.first is False
