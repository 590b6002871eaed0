"""Disturbances that fit the state, each mostly with an operation that could stumble over it."""

from collections.abc import Callable
from typing import Final

from flue_memdb.contract import Json, session_storage_key
from flue_memdb.verification import other_steps, submission_steps, turn_steps
from flue_memdb.verification.damage_steps import LISTINGS, disturbance, spoil_other, spoil_submission
from flue_memdb.verification.world import Call, World

_GHOST: Final = "nobody's"
_HOUR_MS: Final = 3_600_000


def disturbed(world: World) -> list[Call]:
    """A disturbance, mostly followed by what could stumble over it."""
    return world.pick(_STEPS)(world)


def _add_entry(world: World) -> list[Call]:
    index = world.pick(("queued", "running", "terminalizing", "queue"))
    rows = world.rows("settled") if index == "queue" else list(world.db.submissions.values())
    if not rows:
        return _add_ghost(world)
    row = world.pick(rows)
    add = disturbance("addEntry", index, row.submission_id)
    if row.session_key in _deletable(world) and world.chance(0.4):
        return [add, ("submissions.deleteSession", [row.session_key, {"$tree": "ok"}])]
    return [add, _after_entry(world, index)]


def _add_ghost(world: World) -> list[Call]:
    index = world.pick(("queued", "running", "terminalizing", "queue", "queue", "session"))
    session_key = world.maybe(world.db.session_unsettled, world.names.session_keys)
    return [disturbance("addGhost", index, _GHOST, session_key), _after_entry(world, index)]


def _add_ghosts(world: World) -> list[Call]:
    """More of them than go in one part, some with long ids."""
    session_key = world.pick(world.names.session_keys)
    names = [f"{_GHOST} {number}" + "x" * world.pick((0, 3_000)) for number in range(3)]
    indexes = [world.pick(("queued", "running", "terminalizing")) for _ in names]
    ghosts = [disturbance("addGhost", index, name, session_key) for index, name in zip(indexes, names, strict=True)]
    return [disturbance("smallestParts"), *ghosts, ("submissions.hasUnsettledSubmissions", [])]


def _after_entry(world: World, index: str) -> Call:
    if world.chance(0.5):
        return LISTINGS[index], []
    return world.pick((submission_steps.listing, submission_steps.claim, submission_steps.claim))(world)


def _add_ghost_marker(world: World) -> list[Call]:
    attempt: dict[str, Json] = {
        "submissionId": world.pick(world.names.submissions),
        "attemptId": world.pick(world.names.attempts),
    }
    follows = ("submissions.deleteAttemptMarker", [attempt]) if world.chance(0.4) else turn_steps.list_markers(world)
    return [disturbance("addGhostMarker", attempt), follows]


def _add_ghost_deletion(world: World) -> list[Call]:
    session_key = world.pick(world.names.session_keys)
    return [disturbance("addGhostDeletion", session_key), ("submissions.listPendingSessionDeletions", [])]


def _add_ghost_run(world: World) -> list[Call]:
    workflow = world.pick(world.names.workflows)
    return [disturbance("addGhostRun", _GHOST, workflow), ("runs.listRuns", [{"limit": world.pick((1, 2, None))}])]


def _begin_deletions(world: World) -> list[Call]:
    """Peers died in deletions, perhaps in more than are listed at once; some keys are the beginnings of others."""
    prefix = world.pick(("gone-", "gone-" + "x" * 1_500))
    pending = disturbance("beginDeletions", prefix, world.pick((3, 28)))
    return [*world.pick(([], _add_ghost_deletion(world)[:1])), pending, ("submissions.listPendingSessionDeletions", [])]


def _begin_deletion(world: World) -> list[Call]:
    """A peer died in a deletion that does not cover all of the session, and another process takes it over."""
    settled = _deletable(world)
    if not settled:
        return _peer(world)
    session_key = world.pick(settled)
    takes_over: Call = ("submissions.deleteSession", [session_key, {"$tree": "ok"}])
    return [disturbance("beginDeletion", session_key), takes_over]


def _deletable(world: World) -> list[str]:
    """Settled sessions that nobody deletes."""
    db = world.db
    return [
        session_key
        for session_key, rows in db.session_submissions.items()
        # Whoever deletes it now, or died lately, would be waited for; what cannot be read may stand in its queue.
        if session_key not in db.session_unsettled.keys() | db.deletions.keys()
        and not any(row.unreadable for row in rows.values())
    ]


def _meanwhile(world: World) -> list[Call]:
    """A peer deletes a stream and begins it anew, or saves a document, while somebody reads it in parts."""
    smallest = disturbance("smallestParts")
    if world.chance(0.5):
        stream_key = world.maybe(world.db.segments, world.names.stream_keys)
        append: list[Call] = [
            ("submissions.appendStreamChunkSegment", [stream_key, index, f"text {index}"]) for index in (0, 1)
        ]
        replace = disturbance("meanwhile", "replaceSegments", stream_key)
        return [*append, smallest, replace, ("submissions.getStreamChunkSegments", [stream_key])]
    session_key = world.maybe(world.db.sessions, world.names.session_keys)
    save: Call = ("sessions.save", [session_key, {"entries": [{"id": "e0"}, {"id": "e1"}]}])
    return [save, smallest, disturbance("meanwhile", "publish", session_key), ("sessions.load", [session_key])]


def _half_create(world: World) -> list[Call]:
    path = world.maybe(world.db.streams, world.names.paths)
    follows = (other_steps.read_meta, other_steps.read_events, other_steps.append, other_steps.create_stream)
    return [disturbance("halfCreate", path), world.pick(follows)(world)]


def _peer(world: World) -> list[Call]:
    """What a peer does with a session, while it is written."""
    session_key = world.maybe(world.db.sessions, world.names.session_keys)
    load: Call = ("sessions.load", [session_key])
    save: Call = ("sessions.save", [session_key, {"entries": []}])
    delete: Call = ("sessions.delete", [session_key])
    stage = disturbance("stage", session_key, "whole")
    does = world.pick((disturbance("hold", session_key), stage, disturbance("stage", session_key, "part")))
    before = [] if session_key in world.db.sessions or world.chance(0.2) else [save]
    if world.chance(0.2):
        return [
            *before,
            disturbance("stage", session_key, "whole"),
            save,
            disturbance("publishStaged", session_key),
            load,
        ]
    if not before and world.chance(0.3):
        world.appointment = world.db.clock() + world.pick((_HOUR_MS, _HOUR_MS + 1))
        return [does, world.pick((save, save, delete))]
    may_follow = (save, delete, disturbance("letGo", session_key), disturbance("publish", session_key))
    return [*before, does, *world.rng.choices(may_follow, (3, 2, 1, 1), k=world.rng.randrange(5))]


def _hold_payload(world: World) -> list[Call]:
    rows = list(world.db.submissions.values())
    return [disturbance("holdPayload", world.pick(rows).submission_id)] if rows else _peer(world)


def _stage_payload(world: World) -> list[Call]:
    """A payload that a peer staged, mostly a while before its submission is admitted."""
    op, [given] = submission_steps.admission(world)
    submission_id = given.get("submissionId", given.get("dispatchId")) if isinstance(given, dict) else None
    if not isinstance(submission_id, str):
        return _peer(world)
    if world.chance(0.6):
        world.appointment = world.db.clock() + world.pick((_HOUR_MS, _HOUR_MS + 1))
    return [disturbance("stagePayload", submission_id), (op, [given])]


def _probe(world: World) -> list[Call]:
    if world.chance(0.4):
        return [disturbance("otherVersion", world.pick(("", "1", "2", "3", "4", "22")))]
    heads = [row for row in world.rows("queued") if world.db.head(row.session_key) is row and not row.unreadable]
    if heads and world.chance(0.5):
        row = world.pick(heads)
        return [
            disturbance(
                "wrongType", "session_unsettled", {"session_key": row.session_key, "submission_id": row.submission_id}
            )
        ]
    index = world.pick(("runs_active", "runs_workflow", "sequence"))
    if index == "sequence":
        return [disturbance("wrongType", index, {"asks": world.pick(("admission", "deletion"))})]
    # An index of a status is asked for with a workflow, or without.
    workflow = world.pick((world.pick(world.names.workflows), "")) if index == "runs_active" else None
    return [
        disturbance(
            "wrongType", index, {"workflow_name": world.pick(world.names.workflows) if workflow is None else workflow}
        )
    ]


def smaller_parts(world: World) -> list[Call]:
    """What makes adapters go on in small parts, with something to go through, long ids or more; or in the smallest."""
    if world.chance(0.35):
        return [disturbance("smallestParts")]
    name = "long-" + "x" * 2_000
    large: Json = {"entries": [{"id": f"large-{at}", "text": {"$repeat": ["x", 25_000]}} for at in range(3)]}
    gone_through: tuple[list[Call], ...] = (
        [("bulk.settleDispatches", [name, 4, 0]), _delete(name)],
        [("bulk.settleDispatches", ["short", 8, 0]), _delete("short")],
        [("bulk.admitDispatches", [name, 6, 0]), (LISTINGS["queued"], [])],
        [("bulk.claimDispatches", [name, 4, 0]), (LISTINGS["running"], [])],
        [("bulk.createRuns", [name, 6, 0]), ("runs.listRuns", [])],
        [("sessions.save", ["large", large]), *[("sessions.load", ["large"])] * 2],
    )
    return [disturbance("smallParts"), *world.pick(gone_through)]


def _delete(instance: str) -> Call:
    return "submissions.deleteSession", [session_storage_key(instance), {"$tree": "ok"}]


_STEPS: Final[tuple[Callable[[World], list[Call]], ...]] = (
    *[_add_entry] * 3,
    *[_add_ghost] * 2,
    _add_ghosts,
    _add_ghost_marker,
    _add_ghost_deletion,
    _add_ghost_run,
    _begin_deletion,
    _begin_deletions,
    _meanwhile,
    _half_create,
    *[_peer] * 3,
    _hold_payload,
    _stage_payload,
    _probe,
    *[spoil_submission] * 7,
    *[spoil_other] * 3,
)
