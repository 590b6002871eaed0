"""Generated sequences of operations: random, the same for the same seed, and chosen by the state they have led to."""

import copy
from collections.abc import Callable
from random import Random

from flue_memdb.adapter import memory
from flue_memdb.clock import ManualClock
from flue_memdb.contract import Json, Stores
from flue_memdb.contract.limits import LEASE_MS
from flue_memdb.database import MemoryDatabase
from flue_memdb.verification import other_steps, submission_steps, turn_steps
from flue_memdb.verification.bad_input import damaged
from flue_memdb.verification.bulk_steps import bulk_steps
from flue_memdb.verification.disturbance_steps import disturbed, smallest_parts
from flue_memdb.verification.disturbances import disturb, is_disturbance
from flue_memdb.verification.following import follow_up
from flue_memdb.verification.live import operations_within
from flue_memdb.verification.observations import Answer, Operation
from flue_memdb.verification.operations import dies, observe
from flue_memdb.verification.pools import pools
from flue_memdb.verification.world import Call, World

Step = Callable[[World], Call]

_BAD_INPUT = 0.14
_FOLLOW_UP = 0.3
_BULK_SEQUENCES = 0.045
_DISTURBED_SEQUENCES = 0.33
_DISTURBANCES = 0.25
_DISTURBED_WORK = 0.5
_SMALLEST_PARTS = 0.3
_UNDISTURBED = 8
_HOUR_MS = 3_600_000
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
    tree: dict[str, Json] = {"$tree": world.rng.choices(("ok", "fail", "die", "cancel"), (65, 18, 10, 7))[0]}
    if world.chance(0.4):
        tree["during"] = [_as_operation(_within_deletion(world, session_key)) for _ in range(world.rng.randrange(1, 4))]
    if tree["$tree"] != "die" and world.chance(0.35):
        # Another client waits, or takes over what has lapsed; another caller of this one shares the deletion.
        again: Call = ("submissions.deleteSession", [session_key, {"$tree": world.pick(("ok", "fail"))}])
        beside = tree["beside"] = {"client": world.pick(("other", "same")), **_as_operation(again)}
        if world.chance(0.6 if beside["client"] == "other" else 0.2):
            tree["lapse"] = copy.copy(world.pick(_LAPSES))
        if beside["client"] == "same":
            tree["$tree"] = world.pick(("cancel", tree["$tree"], tree["$tree"]))
            beside["cancelled"] = world.chance(0.3)
    return "submissions.deleteSession", [session_key, tree]


def _within_deletion(world: World, session_key: str) -> Call:
    choice = world.rng.random()
    if choice < 0.2:
        return submission_steps.admission_to(world, session_key)
    if choice < 0.35:
        return "submissions.deleteSession", [session_key, {"$tree": "ok"}]
    if choice < 0.5:
        inner = [_as_operation(("submissions.listPendingSessionDeletions", []))]
        other = submission_steps.deletable_session(world)
        return "submissions.deleteSession", [other, {"$tree": world.pick(("ok", "fail")), "during": inner}]
    if choice < 0.6:
        return "submissions.listPendingSessionDeletions", []
    area = world.pick([name for name in _AREAS if name != "deletion"])
    return world.pick(_AREAS[area])(world)


def _as_operation(call: Call) -> Operation:
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

_AREAS: dict[str, tuple[Step, ...]] = {
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

_DAMAGEABLE: tuple[Step, ...] = (
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

_FLAVOURS: tuple[dict[str, int], ...] = (
    dict.fromkeys(_AREAS, 1),
    {"admission": 6, "lifecycle": 12, "reads": 4, "journal": 2, "deletion": 1},
    *[{"admission": 6, "lifecycle": 7, "outbox": 12, "reads": 3, "deletion": 1}] * 2,
    *[{"admission": 5, "lifecycle": 7, "journal": 14, "segments": 2, "deletion": 1}] * 2,
    {"admission": 6, "lifecycle": 8, "deletion": 5, "journal": 4, "segments": 3, "outbox": 3, "sessions": 1},
    {"lifecycle": 5, "deletion": 4, "journal": 4, "segments": 4},
    {"runs": 1},
    {"events": 1},
    {"sessions": 3, "segments": 2, "markers": 3, "admission": 1},
)


async def generate(seed: int | str, operations: int = 60, clients: int = 2) -> list[Operation]:
    """A sequence of that many operations of that many clients, with their times; the same for the same arguments.

    The reference runs along, so that right and wrong attempts, replays and cursors of earlier pages are chosen on
    purpose. No operation carries a result. One sequence in three has disturbances (`disturbances.py`), most of
    them right before an operation that could stumble over them; the others have none.
    """
    rng = Random(f"{seed}/{operations}/{clients}")  # noqa: S311 -- it has to be repeatable
    clock = ManualClock(0 if rng.random() < 0.1 else 1_760_000_000_000 + rng.randrange(1_000))
    db = MemoryDatabase(clock=clock)
    world = World(rng, pools(rng), db)
    adapters = [memory(db) for _ in range(clients)]
    await adapters[0].migrate()
    made: list[Operation] = []
    planned = bulk_steps(world) if rng.random() < _BULK_SEQUENCES else []
    plan_at = rng.randrange(max(1, operations - len(planned)))
    flavour = rng.choice(_FLAVOURS)
    troubled = World(Random(f"{seed}/{operations}/{clients}/disturbances"), world.names, db)  # noqa: S311 -- as above
    troubled.past = world.past
    is_disturbed = troubled.chance(_DISTURBED_SEQUENCES)
    if is_disturbed and troubled.chance(_DISTURBED_WORK):
        flavour = troubled.pick([flavour for flavour in _FLAVOURS if "lifecycle" in flavour])
    areas = list(flavour)
    trouble: list[Call] = []
    if is_disturbed and not planned and troubled.chance(_SMALLEST_PARTS):
        trouble.append(smallest_parts())
    while len(made) < operations:
        _move(world if troubled.appointment is None else troubled, clock)
        if trouble:
            call = trouble.pop(0)
        elif planned and len(made) >= plan_at:
            call = planned.pop(0)
        elif is_disturbed and len(made) > _UNDISTURBED and troubled.chance(_DISTURBANCES):
            call, *trouble = disturbed(troubled)
        elif made and rng.random() < _FOLLOW_UP:
            call = follow_up(world, made[-1])
        else:
            area = rng.choices(areas, [flavour[name] for name in areas])[0]
            call = rng.choice(_AREAS[area])(world)
            if rng.random() < _BAD_INPUT:
                # Bad input is refused whatever the state, so every operation has its share in every sequence.
                call = damaged(world, rng.choice(_DAMAGEABLE)(world) if world.chance(0.7) else call)
        client = rng.randrange(clients)
        operation = {"at": clock(), "client": client, **_as_operation(call)}
        if is_disturbance(operation):
            made.append(operation)
            disturb(db, operation["op"].removeprefix("disturb."), *operation["args"])
            continue
        _name_clients_within(operation, (client + 1) % clients)
        made.append(operation)

        async def connect(other: int) -> Stores:
            return await adapters[other].connect()

        observation = await observe(
            await connect(client), operation, adapters[client].close, connect, advance=clock.advance
        )
        _remember(world, operation, observation.answer)
        if dies(operation):
            adapters[client] = memory(db)
    return made


def _name_clients_within(operation: Operation, other: int) -> None:
    """Who writes to a stream that is followed; and who calls beside a deletion callback: the same client, or another,
    or nobody where there is no other."""
    for each in operations_within(operation):
        each["client"] = operation["client"] if each["client"] == "same" else other
    tree = operation["args"][1] if len(operation["args"]) > 1 else None
    if isinstance(tree, dict) and isinstance(tree.get("beside"), dict):
        beside = tree["beside"]
        if beside["client"] == "same":
            beside["client"] = operation["client"]
        elif other != operation["client"]:
            beside["client"] = other
        else:
            del tree["beside"]


def _remember(world: World, operation: Operation, answer: Answer) -> None:
    if "error" not in answer:
        world.remember((operation["op"], operation["args"]))
    result = answer.get("result")
    if operation["op"] == "runs.listRuns" and isinstance(result, dict) and "nextCursor" in result:
        world.cursors.append(result["nextCursor"])


def _move(world: World, clock: ManualClock) -> None:
    """Time passes: to the instant that was agreed on; else mostly not, a little, or to the edge of a lease."""
    now = clock()
    if world.appointment is not None:
        clock.set(max(now, world.appointment))
        world.appointment = None
        return
    edges = [marker.lease_expires_at for marker in world.db.deletions.values() if now < marker.lease_expires_at]
    edges += [row.lease_expires_at for row in world.db.running.values() if now < row.lease_expires_at < now + _HOUR_MS]
    choice = world.rng.random()
    if choice < 0.12 and edges:
        clock.set(max(now, world.pick(edges) + world.rng.randrange(-1, 2)))
    elif choice < 0.55:
        clock.advance(world.rng.randrange(1, 50))
    elif choice < 0.6:
        clock.advance(world.pick((1_000, 30_000, _HOUR_MS)))
