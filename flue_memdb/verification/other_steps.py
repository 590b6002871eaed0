"""Steps of session documents, runs, and event streams."""

from flue_memdb.contract import Json, encode_cursor, format_offset
from flue_memdb.verification.documents import document, session, timestamp
from flue_memdb.verification.world import Call, World

_LIMITS = (None, 0, -1, 1, 1, 2, 2, 3, 3, 1_000, 1_001, 2**60)


def save_session(world: World) -> Call:
    """A session document."""
    return "sessions.save", [world.pick(world.names.session_keys), session(world.rng)]


def load_session(world: World) -> Call:
    """A read of a session document."""
    return "sessions.load", [world.maybe(world.db.sessions, world.names.session_keys)]


def delete_session_document(world: World) -> Call:
    """A deletion of a session document."""
    return "sessions.delete", [world.maybe(world.db.sessions, world.names.session_keys, 0.6)]


def create_run(world: World) -> Call:
    """A run, now and then one that is there."""
    run: dict[str, Json] = {
        "runId": world.pick(world.names.runs),
        "workflowName": world.pick(world.names.workflows),
        "startedAt": timestamp(world.rng),
    }
    if world.chance(0.5):
        run["input"] = document(world.rng)
    if world.chance(0.3):
        run["traceCarrier"] = document(world.rng, 1)
    return "runs.createRun", [run]


def end_run(world: World) -> Call:
    """The end of a run, first and again."""
    end: dict[str, Json] = {
        "runId": world.maybe(world.db.runs, world.names.runs),
        "endedAt": timestamp(world.rng),
        "isError": world.chance(0.5),
        "durationMs": world.pick((0, 1, 1_500, 2**53 - 1)),
    }
    if world.chance(0.4):
        end["result"] = document(world.rng)
    if world.chance(0.4):
        end["error"] = document(world.rng)
    return "runs.endRun", [end]


def read_run(world: World) -> Call:
    """A read of a run."""
    return world.pick(("runs.getRun", "runs.lookupRun")), [world.maybe(world.db.runs, world.names.runs)]


def list_runs(world: World) -> Call:
    """A page of runs, with some of the filters, from an earlier page's cursor or one that fits none."""
    options: dict[str, Json] = {}
    if world.chance(0.35):
        options["status"] = world.pick(("active", "completed", "errored", None))
    if world.chance(0.35):
        options["workflowName"] = world.pick([*world.names.workflows, "bulk", None])
    if world.chance(0.7):
        options["limit"] = world.pick(_LIMITS)
    if world.chance(0.4):
        options["cursor"] = world.maybe(world.cursors, [_made_up_cursor(world)], 0.6)
    return "runs.listRuns", [options] if options else []


def _made_up_cursor(world: World) -> str:
    runs = list(world.db.runs.values())
    if runs and world.chance(0.6):
        run = world.pick(runs)
        return encode_cursor(run.started_at, world.pick((run.run_id, run.run_id + "\0", "", "\uffff", "😀")))
    return encode_cursor(timestamp(world.rng), world.pick(world.names.runs))


def create_stream(world: World) -> Call:
    """A stream."""
    return "events.createStream", [world.pick(world.names.paths)]


def append(world: World) -> Call:
    """An event, mostly to an open stream."""
    return "events.appendEvent", [_open_path(world), document(world.rng)]


def append_once(world: World) -> Call:
    """A keyed event; or an earlier one again, as it was or with another text."""
    again = world.again("events.appendEventOnce") if world.chance(0.5) else None
    if again is not None and len(again[1]) == 3:
        if world.chance(0.4):
            again[1][2] = document(world.rng)
        return again
    return "events.appendEventOnce", [_open_path(world), world.pick(world.names.event_keys), document(world.rng)]


def read_events(world: World) -> Call:
    """A page of events."""
    path = world.pick(world.names.paths)
    stream = world.db.streams.get(path)
    tail = len(stream.events) if stream else 0
    options: dict[str, Json] = {}
    if world.chance(0.7):
        near = format_offset(world.rng.randrange(tail + 2))
        options["offset"] = world.pick(("-1", "now", near, near, format_offset(tail), format_offset(10**16 - 1)))
    if world.chance(0.7):
        options["limit"] = world.pick(_LIMITS)
    return "events.readEvents", [path, options] if options else [path]


def follow(world: World) -> Call:
    """Somebody follows a stream while clients write to it."""
    return follow_path(world, world.maybe(world.db.streams, world.names.paths))


def follow_path(world: World, path: str) -> Call:
    """The same of this stream, from an offset near its end mostly."""
    stream = world.db.streams.get(path)
    near = format_offset(world.rng.randrange(-1, len(stream.events) + 1 if stream else 1))
    written = world.rng.choices((_append_to, _append_once_to, _create, _close), (5, 3, 1, 1), k=world.rng.randrange(5))
    operations = [
        {"client": world.pick(("other", "same")), "op": op, "args": args}
        for op, args in (write(world, path) for write in written)
    ]
    return "live.follow", [path, world.pick(("-1", "now", near, near)), operations]


def _append_to(world: World, path: str) -> Call:
    return "events.appendEvent", [path, document(world.rng)]


def _append_once_to(world: World, path: str) -> Call:
    return "events.appendEventOnce", [path, world.pick(world.names.event_keys), document(world.rng)]


def _create(world: World, path: str) -> Call:  # noqa: ARG001 -- as the others
    return "events.createStream", [path]


def _close(world: World, path: str) -> Call:  # noqa: ARG001 -- as the others
    return "events.closeStream", [path]


def close_stream(world: World) -> Call:
    """The end of a stream, first and again."""
    return "events.closeStream", [world.pick(world.names.paths)]


def read_meta(world: World) -> Call:
    """Where a stream stands."""
    return "events.getStreamMeta", [world.pick(world.names.paths)]


def _open_path(world: World) -> str:
    opened = [path for path in world.names.paths if path in world.db.streams and not world.db.streams[path].closed]
    return world.maybe(opened, world.names.paths)
