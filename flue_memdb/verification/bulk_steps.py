"""Bulk steps in a sequence, each with the reads that show where a page or a portion ends."""

from typing import Final

from flue_memdb.contract import Json, session_storage_key
from flue_memdb.verification.world import Call, World

_FILTERS: Final[tuple[dict[str, Json], ...]] = (
    {"status": "active"},
    {"workflowName": "bulk"},
    {"status": "completed", "workflowName": "bulk", "limit": 7},
    {"status": "completed", "workflowName": "other"},
    {"status": "active", "workflowName": "bulk", "limit": 60},
    {"status": "errored", "workflowName": "bulk", "limit": 1},
)


def bulk_steps(world: World) -> list[Call]:
    """Calls that make many records and read them with every limit that matters."""
    count = world.pick((100, 101, 102, 1_000, 1_001, 1_001, 1_002, 1_100))
    runs = world.pick((102, 102, 102, 1_001))
    path, stream_key = world.pick(world.names.paths), world.pick(world.names.stream_keys)
    limits = (None, 0, 1_000, 1_001, 5_000)
    kind = world.rng.randrange(11)
    if kind < 2:
        made: list[Call] = [("events.createStream", [path]), ("bulk.appendEvents", [path, count, 0])]
        return made + [("events.readEvents", [path, {"limit": limit}]) for limit in limits]
    if kind < 5:
        made = [("bulk.createRuns", ["bulk", runs, 0]), ("bulk.endRuns", ["bulk", 40, world.rng.randrange(60)])]
        pages: list[Call] = [("runs.listRuns", [{"limit": limit}]) for limit in limits]
        return [*made, *pages, *(("runs.listRuns", [filters]) for filters in _FILTERS)]
    if kind < 6:
        return [("bulk.appendSegments", [stream_key, min(count, 250), 0])]
    if kind < 7:
        # An adapter may delete in portions: what stays in one must not hold up the next.
        settled: Call = ("bulk.settleDispatches", ["bulk", world.pick((199, 200, 201, 400, 430)), 0])
        deletion: Call = ("submissions.deleteSession", [session_storage_key("bulk"), {"$tree": "ok"}])
        return [settled, deletion, ("submissions.getSubmission", ["bulk-0"])]
    if kind < 8:
        return [("bulk.admitDispatches", ["bulk", min(count, 120), 0]), ("submissions.listRunnableSubmissions", [])]
    if kind < 10:
        listings = ("submissions.listExpiredSubmissions", "submissions.listRunningSubmissions")
        return [("bulk.claimDispatches", ["bulk", min(count, 120), world.pick((0, 1))]), *((op, []) for op in listings)]
    return _large_session(world)


def _large_session(world: World) -> list[Call]:
    """A document of so many entries that nobody writes them at once; then with one more, then with another one."""
    session_key = world.pick(world.names.session_keys)
    entries: list[dict[str, Json]] = [{"id": str(number)} for number in range(world.pick((1_999, 2_000, 2_001)))]
    documents = (entries, [*entries, {"id": "last"}], [*entries[:1_000], {"id": "changed"}, *entries[1_001:]])
    load: Call = ("sessions.load", [session_key])
    return [call for each in documents for call in (("sessions.save", [session_key, {"entries": each}]), load)]
