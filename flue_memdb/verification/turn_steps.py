"""Steps of what hangs on submissions: turn journals, stream segments, and attempt markers."""

from flue_memdb.contract import Json
from flue_memdb.verification.documents import document
from flue_memdb.verification.pools import TEXTS
from flue_memdb.verification.world import Call, World

_PHASES = ("before_provider", "provider_started", "tool_request_recorded", "committed")


def begin(world: World) -> Call:
    """A new turn, mostly of a submission that runs, under its attempt."""
    rng, names = world.rng, world.names
    attempt = world.attempt("running") if world.chance(0.7) else world.attempt("settled", "queued", "terminalizing")
    given: dict[str, Json] = {
        **attempt,
        "sessionKey": world.pick(names.session_keys),
        "kind": world.pick(("direct", "dispatch")),
        "operationId": world.pick(names.leaves),
        "turnId": world.pick(names.leaves),
        "phase": world.pick(_PHASES),
    }
    if world.chance(0.4):
        given["checkpointLeafId"] = world.pick([*names.leaves, None])
    if world.chance(0.4):
        given["toolRequest"] = document(rng)
    return "submissions.beginTurnJournal", [given]


def update(world: World) -> Call:
    """A phase, with some of what a journal may learn."""
    options: dict[str, Json] = {}
    if world.chance(0.3):
        options["checkpointLeafId"] = world.pick([*world.names.leaves, None])
    if world.chance(0.3):
        options["toolRequest"] = document(world.rng)
    if world.chance(0.6):
        options["streamKey"] = world.pick([*world.names.stream_keys, None])
    args: list[Json] = [world.journal_attempt(), world.pick(_PHASES)]
    return "submissions.updateTurnJournalPhase", [*args, options] if options or world.chance(0.2) else args


def commit(world: World) -> Call:
    """A commit."""
    return "submissions.commitTurnJournal", [world.journal_attempt(), world.pick(world.names.leaves)]


def consume(world: World) -> Call:
    """The mark that a journal's stream was consumed."""
    with_stream = [journal for journal in world.db.journals.values() if journal.stream_key is not None]
    with_stream = [journal for journal in with_stream if not journal.committed] or with_stream
    if not with_stream or world.chance(0.2):
        return "submissions.markStreamConsumed", [world.journal_attempt(), world.pick(world.names.stream_keys)]
    consumed = [journal for journal in with_stream if journal.stream_consumed_at is not None]
    journal = world.maybe(consumed, with_stream, 0.3)
    stream_key = world.maybe([str(journal.stream_key)], world.names.stream_keys, 0.85)
    attempt_id = journal.attempt_id if world.chance(0.9) else world.pick(world.names.attempts)
    return "submissions.markStreamConsumed", [
        {"submissionId": journal.submission_id, "attemptId": attempt_id},
        stream_key,
    ]


def read_journal(world: World) -> Call:
    """A read of a journal."""
    return "submissions.getTurnJournal", [world.pick([*world.db.journals, *world.names.submissions])]


def append_segment(world: World) -> Call:
    """A segment, with indexes whose order as texts is another."""
    index = world.pick((0, 1, 2, 9, 10, 11, 100, 2**53 - 1))
    body = {"$repeat": ["😀x", 9_000]} if world.chance(0.01) else world.pick(TEXTS)
    of_journals = [journal.stream_key for journal in world.db.journals.values() if journal.stream_key is not None]
    stream_key = world.maybe(of_journals, world.names.stream_keys, 0.6)
    return "submissions.appendStreamChunkSegment", [stream_key, index, body]


def read_segments(world: World) -> Call:
    """A read of segments."""
    return "submissions.getStreamChunkSegments", [world.pick(world.names.stream_keys)]


def delete_segments(world: World) -> Call:
    """A deletion of segments."""
    return "submissions.deleteStreamChunkSegments", [world.pick(world.names.stream_keys)]


def insert_marker(world: World) -> Call:
    """A marker."""
    return "submissions.insertAttemptMarker", [_marker(world)]


def delete_marker(world: World) -> Call:
    """A deletion of a marker, mostly of one that is there."""
    known = [{"submissionId": name, "attemptId": attempt} for name, attempt in world.db.markers]
    return "submissions.deleteAttemptMarker", [world.maybe(known, [_marker(world)], 0.6)]


def list_markers(world: World) -> Call:  # noqa: ARG001 -- every step takes a world
    """All markers."""
    return "submissions.listAttemptMarkers", []


def _marker(world: World) -> dict[str, Json]:
    return {"submissionId": world.pick(world.names.submissions), "attemptId": world.pick(world.names.attempts)}
