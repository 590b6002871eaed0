"""Generated sequences of operations: random, the same for the same seed, and chosen by the state they have led to."""

from random import Random

from flue_memdb.adapter import memory
from flue_memdb.clock import ManualClock
from flue_memdb.contract import Stores
from flue_memdb.database import MemoryDatabase
from flue_memdb.verification.areas import AREAS, DAMAGEABLE, FLAVOURS, as_operation
from flue_memdb.verification.bad_input import damaged
from flue_memdb.verification.bulk_steps import bulk_steps
from flue_memdb.verification.disturbance_steps import disturbed, smaller_parts
from flue_memdb.verification.disturbances import disturb, is_disturbance
from flue_memdb.verification.following import follow_up
from flue_memdb.verification.live import operations_within
from flue_memdb.verification.observations import Answer, Operation
from flue_memdb.verification.operations import dies, observe
from flue_memdb.verification.pools import pools
from flue_memdb.verification.sizes import enlarged, lengthened
from flue_memdb.verification.world import Call, World

_BAD_INPUT = 0.14
_FOLLOW_UP = 0.3
_BULK_SEQUENCES = 0.045
_DISTURBED_SEQUENCES = 0.33
_DISTURBANCES = 0.25
_DISTURBED_WORK = 0.45
_DISTURBED_RECORDS = 0.15
_SMALLER_PARTS = 0.3
_LARGE_RECORDS = 0.4
_UNDISTURBED = 8
_HOUR_MS = 3_600_000


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
    flavour = rng.choice(FLAVOURS)
    troubled = World(Random(f"{seed}/{operations}/{clients}/disturbances"), world.names, db)  # noqa: S311 -- as above
    troubled.past = world.past
    is_disturbed = troubled.chance(_DISTURBED_SEQUENCES)
    if is_disturbed:
        flavour = _disturbed_flavour(troubled, flavour)
    trouble: list[Call] = []
    larger: World | None = None
    if is_disturbed and not planned and troubled.chance(_SMALLER_PARTS):
        trouble = smaller_parts(troubled)
        if len(trouble) > 1:
            world.names = troubled.names = lengthened(troubled.rng, world.names)
            larger = troubled
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
            call = _ordinary(world, flavour, larger)
        client = rng.randrange(clients)
        operation = {"at": clock(), "client": client, **as_operation(call)}
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


def _disturbed_flavour(world: World, drawn: dict[str, int]) -> dict[str, int]:
    """Mostly one about work, or about runs or streams alone, as that is where there is most to be damaged."""
    choice = world.rng.random()
    if choice < _DISTURBED_WORK:
        return world.pick([flavour for flavour in FLAVOURS if "lifecycle" in flavour])
    if choice < _DISTURBED_WORK + _DISTURBED_RECORDS:
        return world.pick([flavour for flavour in FLAVOURS if len(flavour) == 1])
    return drawn


def _ordinary(world: World, flavour: dict[str, int], larger: World | None) -> Call:
    """A call that somebody could make, or now and then a bad one; with large records, where somebody draws them."""
    [area] = world.rng.choices(list(flavour), list(flavour.values()))
    call = world.pick(AREAS[area])(world)
    if larger is not None and larger.chance(_LARGE_RECORDS):
        call = enlarged(larger, call)
    if world.chance(_BAD_INPUT):
        # Bad input is refused whatever the state, so every operation has its share in every sequence.
        call = damaged(world, world.pick(DAMAGEABLE)(world) if world.chance(0.7) else call)
    return call


def _name_clients_within(operation: Operation, other: int) -> None:
    """Who writes to a stream that is followed; and who calls beside a deletion callback: the same client, or another,
    or nobody where there is no other."""
    for each in operations_within(operation):
        each["client"] = operation["client"] if each["client"] == "same" else other
    tree = operation["args"][1] if len(operation["args"]) > 1 else None
    if isinstance(tree, dict) and isinstance(tree.get("beside"), dict):
        beside = tree["beside"]
        if beside["client"] == "same" and beside["args"][0] != operation["args"][0]:
            del tree["beside"]  # a bad session key came in between, and nobody shares anything
        elif beside["client"] == "same":
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
