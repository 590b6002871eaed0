"""The form of a snapshot, and what is refused because it has not that form."""

import asyncio
import copy
import json

import pytest

from flue_memdb import (
    AttemptRef,
    InvalidInputError,
    ManualClock,
    MemoryDatabase,
    memory,
    open_stores,
    session_storage_key,
)

CREW = session_storage_key("crew")


async def test_a_snapshot_as_people_read_it(filled):
    assert filled.snapshot() == {
        "format": "flue_memdb 1",
        "schemaVersion": 3,
        "admissions": 3,
        "sessions": {CREW: {"leafId": "e1", "entries": [{"id": "e1", "n": 1e21}]}},
        "submissions": {
            "d1": {
                "sequence": 1,
                "sessionKey": CREW,
                "kind": "dispatch",
                "status": "running",
                "acceptedAt": 1_780_444_800_000,
                "input": {
                    "dispatchId": "d1",
                    "agent": "planner",
                    "id": "crew",
                    "input": {"b": 1, "a": None},
                    "acceptedAt": "2026-06-03",
                    "kind": "dispatch",
                    "submissionId": "d1",
                },
                "attemptId": "a1",
                "ownerId": "w1",
                "startedAt": 1_780_000_000_005,
                "attemptCount": 1,
                "maxRetry": 10,
                "timeoutAt": 1_780_003_600_005,
                "leaseExpiresAt": 1_780_000_030_005,
            },
            "p1": {
                "sequence": 2,
                "sessionKey": session_storage_key("solo"),
                "kind": "direct",
                "status": "terminalizing",
                "acceptedAt": 1_780_444_800_000,
                "input": {
                    "kind": "direct",
                    "submissionId": "p1",
                    "agent": "planner",
                    "id": "solo",
                    "payload": {"message": "hé"},
                    "acceptedAt": "2026-06-03",
                },
                "attemptId": "a1",
                "ownerId": "w1",
                "startedAt": 1_780_000_000_005,
                "attemptCount": 1,
                "maxRetry": 10,
                "timeoutAt": 1_780_003_600_005,
                "leaseExpiresAt": 1_780_000_030_005,
                "terminalKey": "p1:end",
                "terminalEvent": {"$text": '{"$text":"no text"}'},
            },
        },
        "journals": {
            "d1": {
                "sessionKey": CREW,
                "kind": "dispatch",
                "attemptId": "a1",
                "operationId": "o1",
                "turnId": "t1",
                "phase": "before_provider",
                "revision": 1,
                "createdAt": 1_780_000_000_005,
                "updatedAt": 1_780_000_000_005,
                "committed": False,
            }
        },
        "segments": {"d1:t1": {"9": "piece 9", "10": "piece 10"}},
        "markers": [{"submissionId": "d1", "attemptId": "a1", "createdAt": 1_780_000_000_005}],
        "receipts": {"d0": 1_780_272_000_000},
        "deletions": {
            session_storage_key("old"): {
                "cutoff": 3,
                "startedAt": 1_780_000_000_005,
                "ownerId": "id-1",
                "leaseExpiresAt": 1_780_000_030_005,
            }
        },
        "runs": {
            "r1": {
                "workflowName": "digest",
                "status": "completed",
                "startedAt": "2026-06-03T09:30Z",
                "endedAt": "2026-06-03T09:31Z",
                "isError": False,
                "durationMs": 60_000,
                "input": None,
                "result": [1],
            }
        },
        "streams": {"runs/r1": {"closed": True, "events": [{"type": "start"}, "end"], "keys": {"z": 0}}},
    }


async def test_a_restored_database_has_the_very_texts_and_its_own_clock(filled):
    clock = ManualClock(7)
    restored = MemoryDatabase(clock=clock)
    restored.restore(json.loads(json.dumps(filled.snapshot())))
    assert restored.clock is clock
    assert list(restored.submissions.values()) == list(filled.submissions.values())
    assert restored.sessions == filled.sessions
    assert restored.streams == filled.streams
    assert restored.submissions["p1"].terminal_event == '{"$text":"no text"}'
    assert [row.submission_id for row in restored.terminalizing.values()] == ["p1"]


async def test_restoring_takes_the_place_of_what_was_there_for_adapters_that_are_open(filled):
    other = MemoryDatabase()
    async with open_stores(memory(other)) as stores:
        await stores.sessions.save("else", {"entries": []})
        empty = other.snapshot()
        other.restore(filled.snapshot())
        assert await stores.sessions.load("else") is None
        assert (await stores.submissions.get_submission("d1")).status == "running"
        assert await stores.submissions.complete_submission(AttemptRef("d1", "a1")) is True
        other.restore(empty)
        assert await stores.submissions.get_submission("d1") is None
        assert await stores.sessions.load("else") == {"entries": []}


async def test_who_tails_a_stream_hears_of_what_is_restored(filled):
    other = MemoryDatabase()
    async with open_stores(memory(other)) as stores:
        tail = stores.events.tail("runs/r1")
        waiting = asyncio.ensure_future(anext(tail))
        await asyncio.sleep(0)
        other.restore(filled.snapshot())
        assert (await waiting).data == {"type": "start"}
        assert [event.data async for event in tail] == ["end"]


def at(*path, value):
    """A change of a snapshot: what stands there becomes `value`; `...` takes it away."""

    def change(snapshot):
        *way, last = path
        for step in way:
            snapshot = snapshot[step]
        if value is ...:
            del snapshot[last]
        else:
            snapshot[last] = value

    return change


BROKEN = [
    (at("format", value="flue_memdb 2"), r"restore: snapshot\['format'\]: is 'flue_memdb 2'; give 'flue_memdb 1'"),
    (at("format", value=...), r"\['format'\]: is None"),
    (
        at("schemaVersion", value=4),
        r"\['schemaVersion'\]: is 4; give 3, or null for a database that is still to be migrated",
    ),
    (at("schemaVersion", value="3"), r"\['schemaVersion'\]: is '3'"),
    (at("runs", value=...), r"snapshot\['runs'\]: is missing"),
    (at("events", value={}), r"snapshot\['events'\]: is not known; there are admissions, deletions"),
    (at("admissions", value=-1), r"snapshot\['admissions'\]: is -1"),
    (at("admissions", value=1), r"contradicts itself: the sequences \[1, 2\] are not distinct numbers from 1 to 1"),
    (at("sessions", value=[]), r"snapshot\['sessions'\]: is \[\]; give a dict"),
    (at("sessions", CREW, "entries", 0, "id", value=""), r"\]\['entries'\]\[0\]\['id'\]: is ''; give a non-empty"),
    (at("sessions", CREW, value={"$text": '{"entries":[]}'}), r"\]\['entries'\]: is None; give a list"),
    (at("submissions", "d1", "input", value={"$text": "[]"}), r"\['input'\]: is \[\]; give a dict"),
    (at("submissions", "p1", "terminalEvent", "$text", value="{"), r"\['\$text'\]: is no JSON text \(Expecting"),
    (at("submissions", "p1", "terminalEvent", "$text", value="{ }"), r"is not as a store writes JSON; give '{}'"),
    (at("sessions", "", value={"entries": []}), r"a name in snapshot\['sessions'\]: is empty"),
    (at("submissions", "d1", "status", value="quueued"), r"\['d1'\]\['status'\]: is 'quueued'; give one of queued"),
    (at("submissions", "d1", "attemptId", value=5), r"snapshot\['submissions'\]\['d1'\]\['attemptId'\]: is 5"),
    (at("submissions", "d1", "attemptId", value=...), "submission 'd1' is running without an attempt"),
    (at("submissions", "d1", "input", value=[]), r"\['input'\]: is \[\]; give a dict"),
    (at("submissions", "d1", "input", "n", value=float("nan")), r"\['d1'\]\['input'\]\['n'\]: is nan"),
    (at("submissions", "d1", "acceptedAt", value="now"), r"\['acceptedAt'\]: is 'now'"),
    (at("submissions", "d1", "sequence", value=True), r"\['sequence'\]: is True"),
    (at("submissions", "d1", "unreadable", value="row"), r"\['unreadable'\]: is 'row'; give a list"),
    (at("submissions", "p1", "terminalKey", value=...), "'p1' is terminalizing without an event and its key"),
    (at("submissions", "p1", "status", value="settled"), "is settled, which settled_at None contradicts"),
    (at("submissions", "p1", value=None), r"\['submissions'\]\['p1'\]: is None; give a dict"),
    (at("receipts", "d1", value=5), "submission 'd1' has a row and a receipt"),
    (at("receipts", "d0", value=5.5), r"\['receipts'\]\['d0'\]: is 5.5"),
    (at("journals", "d1", "phase", value="after"), r"\['journals'\]\['d1'\]\['phase'\]: is 'after'"),
    (at("journals", "d1", "tokens", value=1), r"\['journals'\]\['d1'\]\['tokens'\]: is not known"),
    (at("journals", "d1", "committed", value=0), r"\['committed'\]: is 0; give True or False"),
    (at("segments", "d1:t1", "9", value=b"x"), r"\['segments'\]\['d1:t1'\]\['9'\]: is b'x'"),
    (at("segments", "d1:t1", "09", value="x"), r"a name in snapshot\['segments'\]\['d1:t1'\]: is '09'"),
    (at("segments", "d1:t1", "9" * 5_000, value="x"), r"a name in snapshot\['segments'\]\['d1:t1'\]: is '9{79}… "),
    (at("segments", "d1:t1", value={}), "stream key 'd1:t1' has no segments"),
    (at("markers", 0, "createdAt", value=...), r"\['markers'\]\[0\]\['createdAt'\]: is missing"),
    (
        lambda snapshot: snapshot["markers"].append({**snapshot["markers"][0], "createdAt": 1}),
        r"\['markers'\]\[1\]: is a second marker of attempt 'a1' of submission 'd1'; give each attempt one marker",
    ),
    (at("deletions", CREW, value={}), r"\['cutoff'\]: is missing"),
    (at("runs", "r1", "startedAt", value="yesterday"), r"\['runs'\]\['r1'\]\['startedAt'\]: is 'yesterday'"),
    (at("runs", "r1", "isError", value="no"), r"\['isError'\]: is 'no'"),
    (at("streams", "runs/r1", "keys", "z", value=2), "event key 'z' of stream 'runs/r1' stands for sequence 2"),
    (at("streams", "runs/r1", "keys", "y", value=0), r"several event keys of stream 'runs/r1' stand for one sequence"),
    (at("streams", "runs/r1", "events", value=None), r"\['runs/r1'\]\['events'\]: is None; give a list"),
    (at("streams", "runs/r1", "events", 1, value={1: 2}), r"\['events'\]\[1\]: has the key 1"),
]


@pytest.mark.parametrize(("change", "said"), BROKEN, ids=range(len(BROKEN)))
async def test_a_broken_snapshot_is_refused_with_the_place_and_changes_nothing(filled, change, said):
    before = filled.snapshot()
    broken = copy.deepcopy(before)
    change(broken)
    with pytest.raises(InvalidInputError, match=said):
        filled.restore(broken)
    assert json.dumps(filled.snapshot()) == json.dumps(before)


@pytest.mark.parametrize("snapshot", [None, [], "text", 5])
def test_what_is_no_snapshot_is_refused(snapshot):
    with pytest.raises(InvalidInputError, match=r"restore: snapshot: is .*; give a dict"):
        MemoryDatabase().restore(snapshot)


ODD = [
    None,
    True,
    -1,
    5,
    1.5,
    "",
    "x",
    "\ud800",
    "running",
    [],
    {},
    {"$text": "{"},
    {"$text": 5},
    [[]],
    {"entries": [1]},
]


def _places(value, path=()):
    """Every place in a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in items:
        yield (*path, name)
        yield from _places(item, (*path, name))


async def test_an_odd_value_anywhere_is_refused_or_does_no_harm(filled):
    """Each place of the snapshot in turn holds each of many odd values, or nothing."""
    before = filled.snapshot()
    refused, restored = [], 0
    for path in _places(before):
        for value in [*ODD, ...]:
            odd = copy.deepcopy(before)
            at(*path, value=value)(odd)
            try:
                filled.restore(odd)
            except InvalidInputError as error:
                refused.append(error.subject)
                continue
            restored += 1
            await _read_all(filled)
    assert len(refused) > 1_000
    assert restored > 100
    assert [subject for subject in refused if not subject.startswith(("snapshot", "a name in snapshot"))] == []


async def _read_all(database):
    """Reads what the snapshot has something of; what fails here should have been refused."""
    async with open_stores(memory(database)) as stores:
        submissions = stores.submissions
        for submission_id in ("d1", "p1"):
            await submissions.get_submission(submission_id)
            await submissions.get_turn_journal(submission_id)
        await submissions.list_running_submissions()
        await submissions.list_pending_terminal_outboxes()
        await submissions.list_attempt_markers()
        await submissions.list_pending_session_deletions()
        await submissions.get_stream_chunk_segments("d1:t1")
        await stores.sessions.load(CREW)
        await stores.runs.list_runs()
        await stores.runs.get_run("r1")
        await stores.events.read_events("runs/r1")
