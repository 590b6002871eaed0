"""Disturbances that fit the state, each mostly with an operation that could stumble over it."""

from collections.abc import Callable
from typing import Final

from flue_memdb.contract import Json, format_offset, parse_json
from flue_memdb.contract.limits import LEASE_MS
from flue_memdb.rows import SubmissionRow
from flue_memdb.verification import other_steps, submission_steps, turn_steps
from flue_memdb.verification.documents import session
from flue_memdb.verification.world import Call, World

_GHOST: Final = "nobody's"
_HOUR_MS: Final = 3_600_000
_LISTINGS: Final = {
    "queued": "submissions.listRunnableSubmissions",
    "running": "submissions.listRunningSubmissions",
    "terminalizing": "submissions.listPendingTerminalOutboxes",
    "queue": "submissions.listRunnableSubmissions",
    "session": "submissions.hasUnsettledSubmissions",
}
_STUMBLING: Final[dict[str, tuple[Callable[[World], Call], ...]]] = {
    "queued": (submission_steps.claim, submission_steps.read_one),
    "running": (
        submission_steps.requeue,
        submission_steps.complete,
        submission_steps.fail,
        submission_steps.replace,
        submission_steps.reserve,
        submission_steps.renew,
        submission_steps.apply_input,
    ),
    "terminalizing": (submission_steps.finalize, submission_steps.record_offset, submission_steps.reserve),
    "settled": (submission_steps.read_one, submission_steps.admission),
}


_NEEDS: Final[dict[tuple[str, str], tuple[Callable[[World], Call], ...]]] = {
    ("running", "sequence"): (
        submission_steps.reserve,
        submission_steps.reserve,
        submission_steps.reserve,
        submission_steps.requeue,
        submission_steps.complete,
        submission_steps.fail,
    ),
    ("running", "attemptCount"): (submission_steps.replace,),
    ("terminalizing", "sequence"): (submission_steps.finalize,),
}
"""Per status and field, the operations that cannot do without it."""


def disturbed(world: World) -> list[Call]:
    """A disturbance, mostly followed by what could stumble over it."""
    return world.pick(_STEPS)(world)


def _add_entry(world: World) -> list[Call]:
    index = world.pick(("queued", "running", "terminalizing", "queue"))
    rows = world.rows("settled") if index == "queue" else list(world.db.submissions.values())
    if not rows:
        return _add_ghost(world)
    return [_call("addEntry", index, world.pick(rows).submission_id), _after_entry(world, index)]


def _add_ghost(world: World) -> list[Call]:
    index = world.pick(("queued", "running", "terminalizing", "queue", "queue", "session"))
    session_key = world.maybe(world.db.session_unsettled, world.names.session_keys)
    return [_call("addGhost", index, _GHOST, session_key), _after_entry(world, index)]


def _after_entry(world: World, index: str) -> Call:
    if world.chance(0.5):
        return _LISTINGS[index], []
    return world.pick((submission_steps.listing, submission_steps.claim, submission_steps.claim))(world)


def _add_ghost_marker(world: World) -> list[Call]:
    attempt: dict[str, Json] = {
        "submissionId": world.pick(world.names.submissions),
        "attemptId": world.pick(world.names.attempts),
    }
    follows = ("submissions.deleteAttemptMarker", [attempt]) if world.chance(0.4) else turn_steps.list_markers(world)
    return [_call("addGhostMarker", attempt), follows]


def _add_ghost_deletion(world: World) -> list[Call]:
    session_key = world.pick(world.names.session_keys)
    return [_call("addGhostDeletion", session_key), ("submissions.listPendingSessionDeletions", [])]


def _add_ghost_run(world: World) -> list[Call]:
    workflow = world.pick(world.names.workflows)
    return [_call("addGhostRun", _GHOST, workflow), ("runs.listRuns", [{"limit": world.pick((1, 2, None))}])]


def _begin_deletions(world: World) -> list[Call]:
    """Peers died in deletions, perhaps in more than are listed at once; some keys are the beginnings of others."""
    prefix = world.pick(("gone-", "gone-" + "x" * 1_500))
    pending = _call("beginDeletions", prefix, world.pick((3, 28)))
    return [*world.pick(([], _add_ghost_deletion(world)[:1])), pending, ("submissions.listPendingSessionDeletions", [])]


def _meanwhile(world: World) -> list[Call]:
    """A peer saves a document that is read in parts, or deletes a stream and begins it anew."""
    streams = [key for key, segments in world.db.segments.items() if len(segments) > 1]
    if streams and world.chance(0.5):
        stream_key = world.pick(streams)
        return [
            _call("meanwhile", "replaceSegments", stream_key),
            ("submissions.getStreamChunkSegments", [stream_key]),
        ]
    session_key = world.maybe(world.db.sessions, world.names.session_keys)
    entries = [{"id": f"e{number}"} for number in range(3)]
    save: Call = ("sessions.save", [session_key, {"entries": entries}])
    return [save, _call("meanwhile", "publish", session_key), ("sessions.load", [session_key])]


def _half_create(world: World) -> list[Call]:
    path = world.maybe(world.db.streams, world.names.paths)
    follows = (other_steps.read_meta, other_steps.read_events, other_steps.append, other_steps.create_stream)
    return [_call("halfCreate", path), world.pick(follows)(world)]


def _peer(world: World) -> list[Call]:
    """What a peer does with a session, while it is written."""
    session_key = world.maybe(world.db.sessions, world.names.session_keys)
    load: Call = ("sessions.load", [session_key])
    save: Call = ("sessions.save", [session_key, {"entries": []}])
    delete: Call = ("sessions.delete", [session_key])
    does = world.pick(
        (_call("hold", session_key), _call("stage", session_key, "whole"), _call("stage", session_key, "part"))
    )
    before = [] if session_key in world.db.sessions or world.chance(0.2) else [save]
    if world.chance(0.2):
        return [*before, _call("stage", session_key, "whole"), save, _call("publishStaged", session_key), load]
    if not before and world.chance(0.3):
        world.appointment = world.db.clock() + world.pick((_HOUR_MS, _HOUR_MS + 1))
        return [does, world.pick((save, save, delete))]
    may_follow = (save, delete, _call("letGo", session_key), _call("publish", session_key))
    return [*before, does, *world.rng.choices(may_follow, (3, 2, 1, 1), k=world.rng.randrange(5))]


def _hold_payload(world: World) -> list[Call]:
    rows = list(world.db.submissions.values())
    return [_call("holdPayload", world.pick(rows).submission_id)] if rows else _peer(world)


def _stage_payload(world: World) -> list[Call]:
    """A payload that a peer staged, mostly a while before its submission is admitted."""
    op, [given] = submission_steps.admission(world)
    submission_id = given.get("submissionId", given.get("dispatchId")) if isinstance(given, dict) else None
    if not isinstance(submission_id, str):
        return _peer(world)
    if world.chance(0.6):
        world.appointment = world.db.clock() + world.pick((_HOUR_MS, _HOUR_MS + 1))
    return [_call("stagePayload", submission_id), (op, [given])]


def _probe(world: World) -> list[Call]:
    if world.chance(0.4):
        return [_call("otherVersion", world.pick(("", "1", "2", "3", "4", "22")))]
    heads = [row for row in world.rows("queued") if world.db.head(row.session_key) is row and not row.unreadable]
    if heads and world.chance(0.5):
        row = world.pick(heads)
        return [
            _call(
                "wrongType", "session_unsettled", {"session_key": row.session_key, "submission_id": row.submission_id}
            )
        ]
    index = world.pick(("runs_active", "runs_workflow", "sequence"))
    if index == "sequence":
        return [_call("wrongType", index, {"asks": world.pick(("admission", "deletion"))})]
    # An index of a status is asked for with a workflow, or without.
    workflow = world.pick((world.pick(world.names.workflows), "")) if index == "runs_active" else None
    return [
        _call(
            "wrongType", index, {"workflow_name": world.pick(world.names.workflows) if workflow is None else workflow}
        )
    ]


def _spoil_submission(world: World) -> list[Call]:
    status = world.pick(("queued", "queued", *["running"] * 3, *["terminalizing"] * 2, "settled"))
    rows = world.rows(status)
    if not rows:
        return _spoil_other(world)
    row = world.pick(rows)
    if world.chance(0.1) and world.db.head(row.session_key) is row:
        # A listing would settle one that waits behind another, which nobody can tell any more.
        return [_call("spoilSubmission", row.submission_id, "sessionKey"), *_after_spoil(world, row, "sequence")]
    what = world.pick(
        ("submissionId", *["sequence"] * 3, "attemptCount", "payload", "generation", "input", *["row"] * 2)
    )
    if not row.unreadable and world.chance(0.25):
        return _spoil_listed(world, row, what)
    return [_call("spoilSubmission", row.submission_id, what), *_after_spoil(world, row, what)]


def _spoil_listed(world: World, row: SubmissionRow, what: str) -> list[Call]:
    """A listing meets what cannot be read, and takes it out of every index: also what is settled and has lost its row,
    if it stands in an index where it should not."""
    index, misplaced = row.status, []
    if row.status == "settled":
        index, what = world.pick(("queued", "running", "terminalizing")), "row"
        misplaced = [_call("addEntry", index, row.submission_id)]
    spoil = _call("spoilSubmission", row.submission_id, what)
    return [*misplaced, spoil, (_LISTINGS[index], []), _call("unlisted", row.submission_id)]


def _after_spoil(world: World, row: SubmissionRow, what: str) -> list[Call]:
    if world.chance(0.2):
        return [(_LISTINGS.get(row.status, "submissions.listExpiredSubmissions"), [])]
    if world.chance(0.2):
        return [("submissions.getSubmission", [row.submission_id])]
    steps = _NEEDS.get((row.status, what), _STUMBLING[row.status])
    possible = [step for step in steps if row.kind == "direct" or step is not submission_steps.reserve]
    return [world.pick(possible)(_only(world, row))]


def _only(world: World, row: SubmissionRow) -> World:
    """The same world, in which this submission is the only one that a step could be about."""
    narrowed = World(world.rng, world.names, world.db)
    narrowed.past = world.past
    narrowed.rows = lambda *statuses: [row] if row.status in statuses else []  # type: ignore[method-assign]
    return narrowed


def _spoil_other(world: World) -> list[Call]:
    """Damage to something that there is."""
    db = world.db
    there = (
        (_spoil_journal, db.journals),
        (_spoil_run, db.runs),
        (_spoil_session, db.sessions),
        (_spoil_segments, db.segments),
        (_spoil_stream, db.streams),
        (_spoil_deletion, db.session_submissions if world.chance(0.4) else db.deletions),
    )
    return world.pick([step for step, records in there if records] or [_spoil_session])(world)


def _spoil_journal(world: World) -> list[Call]:
    submission_id = world.maybe(world.db.journals, world.names.submissions)
    spoil = _call("spoilJournal", submission_id, world.pick(("revision", "revision", "kind")))
    running = [row for row in world.rows("running") if row.submission_id == submission_id]
    if running and world.chance(0.5):
        return [spoil, submission_steps.replace(_only(world, running[0]))]
    follows = (turn_steps.read_journal, turn_steps.update, turn_steps.commit, turn_steps.begin)
    return [spoil, world.pick(follows)(world)]


def _spoil_run(world: World) -> list[Call]:
    run_id = world.maybe(world.db.runs, world.names.runs)
    run: dict[str, Json] = {
        "runId": run_id,
        "workflowName": world.pick(world.names.workflows),
        "startedAt": "1970-01-01",
    }
    follows: tuple[Call, ...] = (
        (world.pick(("runs.getRun", "runs.lookupRun")), [run_id]),
        ("runs.endRun", [{"runId": run_id, "endedAt": "1970-01-02", "isError": False, "durationMs": 1}]),
        ("runs.createRun", [run]),
    )
    then = [other_steps.list_runs(world), *world.rng.sample(follows, 2)]
    return [_call("spoilRun", run_id, world.pick(("runId", "payload", "row", "row"))), *then]


def _spoil_session(world: World) -> list[Call]:
    session_key = world.maybe(world.db.sessions, world.names.session_keys)
    load: Call = ("sessions.load", [session_key])
    # A save over a document that the process knows may send what has changed only: here nothing.
    stored = world.db.sessions.get(session_key)
    save: Call = ("sessions.save", [session_key, parse_json(stored) if stored else session(world.rng)])
    spoil = _call("spoilSession", session_key, world.pick(("session", "entryCount", "entry", "gone", "row")))
    return [*world.pick(([], [load])), spoil, *world.pick(([load], [load], [save, load]))]


def _spoil_segments(world: World) -> list[Call]:
    stream_key = world.maybe(world.db.segments, world.names.stream_keys)
    return [_call("spoilSegments", stream_key), ("submissions.getStreamChunkSegments", [stream_key])]


def _spoil_stream(world: World) -> list[Call]:
    path = world.maybe(world.db.streams, world.names.paths)
    stream = world.db.streams.get(path)
    sequence = str(world.rng.randrange(len(stream.events))) if stream and stream.events else "0"
    follows: tuple[Call, ...] = (
        ("events.appendEvent", [path, None]),
        ("events.appendEventOnce", [path, world.pick(world.names.event_keys), None]),
        ("events.readEvents", [path]),
        ("events.getStreamMeta", [path]),
    )
    if stream and stream.keys and world.chance(0.4):
        key = world.pick(list(stream.keys))
        again: Call = ("events.appendEventOnce", [path, key, parse_json(stream.events[stream.keys[key]])])
        return [_call("spoilStream", path, f"key {key}"), again]
    if world.chance(0.4):
        # The damaged event is the last that is read, the first that is left out, or stands right before the others.
        at = int(sequence) + world.pick((-1, 0, 1))
        near = {"offset": format_offset(at), "limit": world.pick((1, 2))}
        return [_call("spoilStream", path, sequence), ("events.readEvents", [path, near])]
    return [_call("spoilStream", path, world.pick(("nextOffset", "nextOffset", sequence))), world.pick(follows)]


def _spoil_deletion(world: World) -> list[Call]:
    """A process dies in a deletion, and what its marker says cannot be read when another takes it over."""
    session_key = submission_steps.deletable_session(world)
    what = world.pick(("cutoff", "leaseExpiresAt"))
    world.appointment = world.db.clock() + LEASE_MS  # or, without the disturbance, it would be waited for
    deletion: Call = ("submissions.deleteSession", [session_key, {"$tree": "die"}])
    takes_over: Call = ("submissions.deleteSession", [session_key, {"$tree": world.pick(("ok", "ok", "fail"))}])
    return [deletion, _call("spoilDeletion", session_key, what), takes_over]


def _call(name: str, *args: Json) -> Call:
    return f"disturb.{name}", [*args]


SMALL_PARTS: Final[Call] = _call("smallParts")
"""What makes adapters go on in parts of which a large record fills one."""


def smaller_parts(world: World) -> Call:
    """What makes adapters go on in small parts, or in the smallest."""
    return world.pick((SMALL_PARTS, _call("smallestParts")))


_STEPS: Final[tuple[Callable[[World], list[Call]], ...]] = (
    *[_add_entry] * 3,
    *[_add_ghost] * 2,
    _add_ghost_marker,
    _add_ghost_deletion,
    _add_ghost_run,
    _begin_deletions,
    *[_meanwhile] * 2,
    _half_create,
    *[_peer] * 3,
    _hold_payload,
    _stage_payload,
    _probe,
    *[_spoil_submission] * 7,
    *[_spoil_other] * 3,
)
