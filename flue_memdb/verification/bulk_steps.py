"""Bulk steps in a sequence, each with the reads that show where a page or a portion ends."""

from flue_memdb.contract import session_storage_key
from flue_memdb.verification.world import Call, World


def bulk_steps(world: World) -> list[Call]:
    """Calls that make many records and read them with every limit that matters."""
    count = world.pick((100, 101, 102, 250, 1_000, 1_001, 1_002, 1_100))
    path, stream_key = world.pick(world.names.paths), world.pick(world.names.stream_keys)
    limits = (None, 0, 1_000, 1_001, 5_000)
    kind = world.rng.randrange(9)
    if kind < 3:
        made: list[Call] = [("events.createStream", [path]), ("bulk.appendEvents", [path, count, 0])]
        return made + [("events.readEvents", [path, {"limit": limit}]) for limit in limits]
    if kind < 6:
        made = [("bulk.createRuns", ["bulk", count, 0])]
        pages: list[Call] = [("runs.listRuns", [{"limit": limit}]) for limit in limits]
        return [*made, *pages, ("runs.listRuns", [{"status": "active"}]), ("runs.listRuns", [{"workflowName": "bulk"}])]
    if kind < 7:
        return [("bulk.appendSegments", [stream_key, min(count, 250), 0])]
    if kind < 8:
        # An adapter may delete in portions: what stays in one must not hold up the next.
        settled: Call = ("bulk.settleDispatches", ["bulk", world.pick((199, 200, 201, 400, 430)), 0])
        deletion: Call = ("submissions.deleteSession", [session_storage_key("bulk"), {"$tree": "ok"}])
        return [settled, deletion, ("submissions.getSubmission", ["bulk-0"])]
    return [("bulk.admitDispatches", ["bulk", min(count, 120), 0]), ("submissions.listRunnableSubmissions", [])]
