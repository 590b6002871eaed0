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
    "a journal unlisted": (("SREM", "journals", {}, "d"), "journals does not list ('d',)"),
    "segments unlisted": (("SREM", "stream_segment_keys", {}, "k"), "stream_segment_keys does not list ('k',)"),
    "a marker unlisted": (("DEL", "markers", {}), "markers does not list"),
    "a marker listed": (("SADD", "markers", {}, "ZA.ZA"), "markers lists ('ZA.ZA',), which has no row"),
    "a deletion of busy work": (
        ("HSET", "deletion", {"session_key": SESSION}, "startedAt", 1),
        "has a deletion marker and unsettled work",
    ),
    "a run unlisted": (("ZREM", "runs_active", {}, "r1"), "in runs_active it stands at None"),
    "a run listed twice": (("ZADD", "runs_errored", {}, 1, "r1"), "in runs_errored it stands at 1"),
    "a run of another workflow": (("HSET", "run", {"run_id": "r1"}, "workflowName", "v"), "belongs elsewhere"),
    "an order key": (("HSET", "run", {"run_id": "r1"}, "orderKey", "x"), "the order key x"),
    "an event is missing": (("HDEL", "event_entries", {"path": "p"}, "0"), "has gaps"),
    "an event too many": (("HSET", "event", {"path": "p"}, "nextOffset", 3), "and has 2 events"),
    "the order of events": (("ZREM", "event_order", {"path": "p"}, "1"), "has an order that its events contradict"),
    "an event key": (("HSET", "event_keys", {"path": "p"}, "key", "0:{}"), "the event key 'key', whose event differs"),
    "a stream unlisted": (("SREM", "events", {}, "p"), "events does not list ('p',)"),
    "a key of another type": (("SET", "journal", {"submission_id": "x"}, "text"), "is a string and no hash"),
    "a helper that lasts": (("SET", "deletion_done", {"owner_id": "o"}, 1), "has no time to live"),
}


async def test_nothing_is_found_in_a_sound_namespace(
    stores: Stores, invariants: Callable[[], Awaitable[list[str]]]
) -> None:
    await fill(stores)
    assert await invariants() == []


@pytest.mark.parametrize("damage", DAMAGES)
async def test_each_damage_is_found(
    damage: str, stores: Stores, runner: Runner, prefix: str, invariants: Callable[[], Awaitable[list[str]]]
) -> None:
    await fill(stores)
    (command, name, ids, *args), said = DAMAGES[damage]
    await runner.command(command, key(prefix, name, **ids), *args)
    found = await invariants()
    assert any(said in finding for finding in found), found


async def test_a_key_that_the_layout_does_not_know_is_found(
    runner: Runner, prefix: str, invariants: Callable[[], Awaitable[list[str]]]
) -> None:
    for name in ("nonsense", "submission:***", "submission:ZA=="):
        await runner.command("HSET", f"{prefix}:{name}", "a", "b")
    assert len(await invariants()) == 3
