"""Damage to records that there are, mostly followed by an operation that could stumble over it."""

from collections.abc import Callable
from typing import Final

from flue_memdb.contract import Json, format_offset, parse_json
from flue_memdb.contract.limits import LEASE_MS
from flue_memdb.rows import SubmissionRow
from flue_memdb.verification import other_steps, submission_steps, turn_steps
from flue_memdb.verification.documents import session
from flue_memdb.verification.world import Call, World

LISTINGS: Final = {
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


def disturbance(name: str, *args: Json) -> Call:
    """The disturbance of this name."""
    return f"disturb.{name}", [*args]


def spoil_submission(world: World) -> list[Call]:
    """Damage to a submission, of any status."""
    status = world.pick(("queued", "queued", *["running"] * 3, *["terminalizing"] * 2, "settled"))
    rows = world.rows(status)
    if not rows:
        return spoil_other(world)
    with_journal = [row for row in rows if row.submission_id in world.db.journals]
    row = world.maybe(with_journal, rows, 0.4)
    if world.chance(0.1) and world.db.head(row.session_key) is row:
        # A listing would settle one that waits behind another, which nobody can tell any more.
        return [disturbance("spoilSubmission", row.submission_id, "sessionKey"), *_after_spoil(world, row, "sequence")]
    what = world.pick(
        ("submissionId", *["sequence"] * 3, *["attemptCount"] * 2, "payload", "generation", "input", *["row"] * 2)
    )
    if not row.unreadable and world.chance(0.25):
        return _spoil_listed(world, row, what)
    return [disturbance("spoilSubmission", row.submission_id, what), *_after_spoil(world, row, what)]


def _spoil_listed(world: World, row: SubmissionRow, what: str) -> list[Call]:
    """A listing meets what cannot be read, and takes it out of every index: also what is settled and has lost its row,
    if it stands in an index where it should not."""
    index, misplaced = row.status, []
    if row.status == "settled":
        index, what = world.pick(("queued", "running", "terminalizing")), "row"
        misplaced = [disturbance("addEntry", index, row.submission_id)]
    spoil = disturbance("spoilSubmission", row.submission_id, what)
    return [*misplaced, spoil, (LISTINGS[index], []), disturbance("unlisted", row.submission_id)]


def _after_spoil(world: World, row: SubmissionRow, what: str) -> list[Call]:
    if world.chance(0.2):
        return [(LISTINGS.get(row.status, "submissions.listExpiredSubmissions"), [])]
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


def spoil_other(world: World) -> list[Call]:
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
    spoil = disturbance("spoilJournal", submission_id, world.pick(("revision", "revision", "kind")))
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
    return [disturbance("spoilRun", run_id, world.pick(("runId", "payload", "row", "row"))), *then]


def _spoil_session(world: World) -> list[Call]:
    session_key = world.maybe(world.db.sessions, world.names.session_keys)
    load: Call = ("sessions.load", [session_key])
    # A save over a document that the process knows may send what has changed only: here nothing.
    stored = world.db.sessions.get(session_key)
    save: Call = ("sessions.save", [session_key, parse_json(stored) if stored else session(world.rng)])
    spoil = disturbance("spoilSession", session_key, world.pick(("session", "entryCount", "entry", "gone", "row")))
    return [*world.pick(([], [load])), spoil, *world.pick(([load], [load], [save, load]))]


def _spoil_segments(world: World) -> list[Call]:
    stream_key = world.maybe(world.db.segments, world.names.stream_keys)
    return [disturbance("spoilSegments", stream_key), ("submissions.getStreamChunkSegments", [stream_key])]


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
    if stream and stream.keys and world.chance(0.5):
        key = world.pick(list(stream.keys))
        again: Call = ("events.appendEventOnce", [path, key, parse_json(stream.events[stream.keys[key]])])
        return [disturbance("spoilStream", path, f"key {key}"), again]
    if world.chance(0.4):
        # The damaged event is read last or alone, is the first that is left out, or stands right before the others.
        at = max(-1, int(sequence) + world.pick((-2, -1, 0, 1)))
        near = {"offset": format_offset(at), "limit": world.pick((1, 2))}
        return [disturbance("spoilStream", path, sequence), ("events.readEvents", [path, near])]
    return [disturbance("spoilStream", path, world.pick(("nextOffset", "nextOffset", sequence))), world.pick(follows)]


def _spoil_deletion(world: World) -> list[Call]:
    """A process dies in a deletion, and what its marker says cannot be read when another takes it over."""
    session_key = submission_steps.deletable_session(world)
    what = world.pick(("cutoff", "leaseExpiresAt", "ownerId"))
    world.appointment = world.db.clock() + LEASE_MS  # or, without the disturbance, it would be waited for
    deletion: Call = ("submissions.deleteSession", [session_key, {"$tree": "die"}])
    takes_over: Call = ("submissions.deleteSession", [session_key, {"$tree": world.pick(("ok", "ok", "fail"))}])
    return [deletion, disturbance("spoilDeletion", session_key, what), takes_over]
