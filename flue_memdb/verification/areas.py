"""What sequences are about: areas of work with their steps, and flavours, which are mixtures of areas."""

import copy
from collections.abc import Callable

from flue_memdb.contract import Json
from flue_memdb.contract.limits import LEASE_MS
from flue_memdb.verification import other_steps, submission_steps, turn_steps
from flue_memdb.verification.observations import Operation
from flue_memdb.verification.within import CALLBACKS
from flue_memdb.verification.world import Call, World

Step = Callable[[World], Call]

_LAPSES: tuple[Json, ...] = (
    LEASE_MS - 1,
    LEASE_MS,
    LEASE_MS + 1,
    [LEASE_MS - 1, LEASE_MS - 1],
    [LEASE_MS, LEASE_MS - 1],
    [20_000, LEASE_MS],
)


def delete_session(world: World) -> Call:
    """A deletion, mostly of a session whose work is settled; operations may happen in its callback."""
    session_key = submission_steps.deletable_session(world)
    tree: dict[str, Json] = {"$tree": world.rng.choices(CALLBACKS, (62, 18, 10, 7, 3))[0]}
    if world.chance(0.4):
        tree["during"] = [as_operation(_within_deletion(world, session_key)) for _ in range(world.rng.randrange(1, 4))]
    if tree["$tree"] not in ("die", "plain") and world.chance(0.35):
        # Another client waits, or takes over what has lapsed; another caller of this one shares the deletion.
        again: Call = ("submissions.deleteSession", [session_key, {"$tree": world.pick(("ok", "fail"))}])
        beside = tree["beside"] = {"client": world.pick(("other", "same")), **as_operation(again)}
        if world.chance(0.6 if beside["client"] == "other" else 0.2):
            tree["lapse"] = copy.copy(world.pick(_LAPSES))
        if beside["client"] == "same":
            tree["$tree"] = world.pick(("cancel", tree["$tree"], tree["$tree"]))
            beside["when"] = world.pick(("call", "callback", "cancel" if tree["$tree"] == "cancel" else "callback"))
            beside["cancelled"] = beside["when"] != "cancel" and world.chance(0.3)
    return "submissions.deleteSession", [session_key, tree]


def _within_deletion(world: World, session_key: str) -> Call:
    choice = world.rng.random()
    if choice < 0.2:
        return submission_steps.admission_to(world, session_key)
    if choice < 0.35:
        return "submissions.deleteSession", [session_key, {"$tree": "ok"}]
    if choice < 0.5:
        inner = [as_operation(("submissions.listPendingSessionDeletions", []))]
        other = submission_steps.deletable_session(world)
        return "submissions.deleteSession", [other, {"$tree": world.pick(("ok", "fail")), "during": inner}]
    if choice < 0.6:
        return "submissions.listPendingSessionDeletions", []
    area = world.pick([name for name in AREAS if name != "deletion"])
    return world.pick(AREAS[area])(world)


def as_operation(call: Call) -> Operation:
    """The call as a line of a sequence, but for its time and its client."""
    return {"op": call[0], "args": call[1]}


def _repeated(*steps: tuple[Step, int]) -> tuple[Step, ...]:
    return tuple(step for step, weight in steps for _ in range(weight))


def _led(step: Step, ready: Callable[[World], object], towards: Step) -> Step:
    """The step where it can succeed, and now and then where it cannot; else one that leads there."""

    def led(world: World) -> Call:
        return step(world) if ready(world) or world.chance(0.15) else towards(world)

    return led


def _runs(world: World) -> object:
    return world.rows("running")


def _streams(world: World) -> object:
    return world.db.streams


_CLAIM = _led(submission_steps.claim, lambda world: world.rows("queued"), submission_steps.admission)
_RESERVE = _led(
    submission_steps.reserve, lambda world: any(row.kind == "direct" for row in world.rows("running")), _CLAIM
)
_COMPLETE = _led(submission_steps.complete, _runs, _CLAIM)

AREAS: dict[str, tuple[Step, ...]] = {
    "admission": _repeated((submission_steps.admission, 7), (submission_steps.readmission_of_deleted, 1)),
    "lifecycle": _repeated(
        (_CLAIM, 6),
        (_led(submission_steps.apply_input, _runs, _CLAIM), 3),
        (_led(submission_steps.request_recovery, _runs, _CLAIM), 3),
        (_led(submission_steps.requeue, _runs, _CLAIM), 3),
        (_COMPLETE, 3),
        (_led(submission_steps.fail, _runs, _CLAIM), 2),
        (_led(submission_steps.replace, _runs, _CLAIM), 3),
        (_led(submission_steps.renew, _runs, _CLAIM), 3),
    ),
    "outbox": _repeated(
        (_RESERVE, 4),
        (_led(submission_steps.record_offset, lambda world: world.db.terminalizing, _RESERVE), 4),
        (_led(submission_steps.finalize, lambda world: world.db.terminalizing, _RESERVE), 3),
    ),
    "journal": _repeated(
        (turn_steps.begin, 3),
        (_led(turn_steps.update, lambda world: world.db.journals, turn_steps.begin), 5),
        (_led(turn_steps.commit, lambda world: world.db.journals, turn_steps.begin), 2),
        (_led(turn_steps.consume, lambda world: world.db.journals, turn_steps.begin), 3),
        (turn_steps.read_journal, 2),
        (_led(submission_steps.replace, _runs, _CLAIM), 2),
    ),
    "segments": _repeated(
        (turn_steps.append_segment, 6), (turn_steps.read_segments, 2), (turn_steps.delete_segments, 1)
    ),
    "markers": _repeated((turn_steps.insert_marker, 5), (turn_steps.delete_marker, 1), (turn_steps.list_markers, 2)),
    "deletion": (
        _led(
            delete_session,
            lambda world: world.db.session_submissions.keys() - world.db.session_unsettled.keys(),
            _COMPLETE,
        ),
    ),
    "sessions": _repeated(
        (other_steps.save_session, 4), (other_steps.load_session, 2), (other_steps.delete_session_document, 1)
    ),
    "runs": _repeated(
        (other_steps.create_run, 6), (other_steps.end_run, 3), (other_steps.read_run, 3), (other_steps.list_runs, 6)
    ),
    "events": _repeated(
        (other_steps.create_stream, 2),
        (_led(other_steps.append, _streams, other_steps.create_stream), 4),
        (_led(other_steps.append_once, _streams, other_steps.create_stream), 4),
        (_led(other_steps.read_events, _streams, other_steps.create_stream), 5),
        (_led(other_steps.follow, _streams, other_steps.create_stream), 2),
        (other_steps.close_stream, 1),
        (other_steps.read_meta, 1),
    ),
    "reads": _repeated((submission_steps.read_one, 1), (submission_steps.listing, 3)),
}

DAMAGEABLE: tuple[Step, ...] = (
    submission_steps.admission,
    submission_steps.admission,
    submission_steps.admission,
    submission_steps.admission,
    submission_steps.admission,
    submission_steps.claim,
    submission_steps.apply_input,
    submission_steps.apply_input,
    submission_steps.request_recovery,
    submission_steps.requeue,
    submission_steps.complete,
    submission_steps.fail,
    submission_steps.fail,
    submission_steps.replace,
    submission_steps.replace,
    submission_steps.replace,
    submission_steps.renew,
    submission_steps.reserve,
    submission_steps.record_offset,
    submission_steps.finalize,
    submission_steps.read_one,
    turn_steps.begin,
    turn_steps.begin,
    turn_steps.begin,
    turn_steps.update,
    turn_steps.update,
    turn_steps.commit,
    turn_steps.consume,
    turn_steps.read_journal,
    turn_steps.append_segment,
    turn_steps.read_segments,
    turn_steps.delete_segments,
    turn_steps.insert_marker,
    turn_steps.delete_marker,
    delete_session,
    other_steps.save_session,
    other_steps.load_session,
    other_steps.delete_session_document,
    other_steps.create_run,
    other_steps.end_run,
    other_steps.end_run,
    other_steps.end_run,
    other_steps.list_runs,
    other_steps.list_runs,
    other_steps.list_runs,
    other_steps.read_run,
    other_steps.create_stream,
    other_steps.append,
    other_steps.append_once,
    other_steps.read_events,
    other_steps.read_events,
    other_steps.follow,
    other_steps.close_stream,
    other_steps.read_meta,
)

FLAVOURS: tuple[dict[str, int], ...] = (
    dict.fromkeys(AREAS, 1),
    {"admission": 6, "lifecycle": 12, "reads": 4, "journal": 2, "deletion": 1},
    *[{"admission": 6, "lifecycle": 7, "outbox": 12, "reads": 3, "deletion": 1}] * 2,
    *[{"admission": 5, "lifecycle": 7, "journal": 14, "segments": 2, "deletion": 1}] * 2,
    {"admission": 6, "lifecycle": 8, "deletion": 5, "journal": 4, "segments": 3, "outbox": 3, "sessions": 1},
    {"lifecycle": 5, "deletion": 4, "journal": 4, "segments": 4},
    {"runs": 1},
    {"events": 1},
    {"sessions": 3, "segments": 2, "markers": 3, "admission": 1},
)
