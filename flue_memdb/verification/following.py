"""What follows an operation because of it: a read of what it was about, or the same once more."""

import copy

from flue_memdb.verification import other_steps, submission_steps
from flue_memdb.verification.observations import Operation
from flue_memdb.verification.shapes import METHODS
from flue_memdb.verification.world import Call, World

# What changes a submission, its journal or a stream; a deletion again would wait for one whose process has died.
_REPEATABLE = frozenset(
    {
        *(op for op in METHODS if op.startswith("submissions.") and ".get" not in op and ".list" not in op),
        "events.appendEventOnce",
        "events.closeStream",
    }
) - {"submissions.deleteSession", "submissions.hasUnsettledSubmissions"}


def follow_up(world: World, operation: Operation) -> Call:
    """A read of what the last operation was about, so that its effect is seen before another hides it."""
    if operation["op"] == "submissions.deleteSession" and world.db.receipts and world.chance(0.5):
        return submission_steps.readmission_of_deleted(world)
    if operation["op"] in _REPEATABLE and world.chance(0.2):
        return _once_more(world, operation)
    args = operation["args"]
    subject = args[0] if args else None
    if isinstance(subject, dict):
        subject = subject.get("submissionId", subject.get("dispatchId", subject.get("runId")))
    store = operation["op"].partition(".")[0]
    if store == "submissions" and isinstance(subject, str) and subject in world.db.submissions and world.chance(0.65):
        reads = ["submissions.getSubmission"] + ["submissions.getTurnJournal"] * (subject in world.db.journals)
        return world.pick(reads), [subject]
    if store == "runs" and isinstance(subject, str):
        return world.pick(("runs.getRun", "runs.lookupRun")), [subject]
    if store in ("events", "live") and isinstance(subject, str):
        if world.chance(0.25):
            return other_steps.follow_path(world, subject)
        return world.pick(("events.readEvents", "events.getStreamMeta")), [subject]
    if store == "sessions" and isinstance(subject, str):
        return "sessions.load", [subject]
    return submission_steps.listing(world)


def _once_more(world: World, operation: Operation) -> Call:
    """The last operation again: as it was, or by another attempt."""
    args = copy.deepcopy(operation["args"])
    if args and isinstance(args[0], dict) and "attemptId" in args[0] and world.chance(0.4):
        args[0]["attemptId"] = world.pick(world.names.attempts)
    return operation["op"], args
