"""Replaying a trace: the same operations again, and what came out otherwise."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from flue_memdb.clock import ManualClock
from flue_memdb.contract import Adapter, Stores
from flue_memdb.verification.disturbances import is_disturbance
from flue_memdb.verification.observations import Answer, Operation
from flue_memdb.verification.operations import dies, observe
from flue_memdb.verification.traces import Trace, TraceError
from flue_memdb.verification.values import same_json

_ANSWER = ("result", "error", "during", "beside")


@dataclass(frozen=True, slots=True)
class Mismatch:
    """An operation of a trace that gave something else; `index` counts the operations from 0."""

    index: int
    operation: Operation
    expected: Answer
    got: Answer

    def __str__(self) -> str:
        return f"operation {self.index} {self.operation['op']}: expected {self.expected}, got {self.got}"


async def replay(
    trace: Trace,
    adapter_factory: Callable[[int, ManualClock], Adapter],
    disturb: Callable[..., Awaitable[None]] | None = None,
) -> list[Mismatch]:
    """Runs a trace against adapters that `adapter_factory(client, clock)` gives, one a client, all of one namespace.

    The clock stands where the trace says. Returns the operations whose result or kind of error differs. `disturb` makes
    the trace's disturbances (`Disturbable`); without it, a trace that has any is a `TraceError`.
    """
    if disturb is None and any(map(is_disturbance, trace.operations)):
        raise TraceError(
            f"{trace.title}: the trace has disturbances, which change what is stored behind the adapters' back;"
            " replay it where they can be made"
        )
    clock = ManualClock()
    adapters: dict[int, Adapter] = {}
    stores: dict[int, Stores] = {}
    mismatches = []

    async def connect(client: int) -> Stores:
        if client not in stores:
            adapters[client] = adapter_factory(client, clock)
            await adapters[client].migrate()
            stores[client] = await adapters[client].connect()
        return stores[client]

    try:
        for index, operation in enumerate(trace.operations):
            clock.set(max(clock(), operation["at"]))
            if disturb is not None and is_disturbance(operation):
                await disturb(operation["op"].removeprefix("disturb."), *operation["args"])
                continue
            client = operation.get("client", 0)
            own = await connect(client)
            got = (await observe(own, operation, adapters[client].close, connect, advance=clock.advance)).answer
            if dies(operation):
                await adapters[client].close()
                del adapters[client], stores[client]
            expected: Answer = {name: operation[name] for name in _ANSWER if name in operation}
            if not same_answer(expected, got):
                mismatches.append(Mismatch(index, operation, expected, got))
    finally:
        for adapter in adapters.values():
            await adapter.close()
    return mismatches


def same_answer(left: Answer, right: Answer) -> bool:
    """Whether two answers agree: the same value, or an error of the same kind (its message may differ)."""
    if left.keys() != right.keys() or not _same_within(left, right):
        return False
    if "error" in left:
        return bool(left["error"]["kind"] == right["error"]["kind"])
    return same_json(left.get("result"), right.get("result"))


def _same_within(left: Answer, right: Answer) -> bool:
    """Whether the operations within a deletion callback, and beside it, agree."""
    inner_left, inner_right = left.get("during", []), right.get("during", [])
    if len(inner_left) != len(inner_right) or not all(map(same_answer, inner_left, inner_right)):
        return False
    return "beside" not in left or same_answer(left["beside"], right["beside"])
