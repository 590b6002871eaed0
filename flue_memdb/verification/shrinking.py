"""Making a sequence that shows a difference short: fewer operations, then simpler ones."""

import time
from collections.abc import Callable, Iterator, Sequence

from flue_memdb.contract import Json
from flue_memdb.verification.bulk import BULK
from flue_memdb.verification.engines import Engine
from flue_memdb.verification.live import LIVE
from flue_memdb.verification.lockstep import Difference, DifferenceKind, run_sequence
from flue_memdb.verification.observations import Operation

_OPTIONAL_KEYS = frozenset({"traceCarrier", "result", "error", "checkpointLeafId", "toolRequest", "images"})


async def shrink(
    engines: Sequence[Engine],
    operations: Sequence[Operation],
    difference: Difference,
    *,
    seconds: float = 20.0,
    clock: Callable[[], float] = time.monotonic,
) -> list[Operation]:
    """A shorter and simpler sequence with a difference of the same kind on the same engine, as far as `seconds` reach.

    Only the first engine and the one that differs are asked; for a keyspace, whose counterpart is another, all.
    """
    others = engines[1:] if difference.kind == "keyspace" else [e for e in engines if e.name == difference.engine]
    shrinking = _Shrinking([engines[0], *others], difference.kind, clock() + seconds, clock)
    end = len(operations) if difference.index is None else difference.index + 1
    shrinking.best = list(operations[:end])
    await shrinking.drop()
    await shrinking.simplify()
    await shrinking.drop()
    return shrinking.best


class _Shrinking:
    def __init__(
        self, engines: Sequence[Engine], kind: DifferenceKind, deadline: float, clock: Callable[[], float]
    ) -> None:
        self.best: list[Operation] = []
        self._engines = list(dict.fromkeys(engines))
        self._kind = kind
        self._deadline = deadline
        self._clock = clock

    async def drop(self) -> None:
        """Leaves out ever smaller pieces, until no single operation can be left out."""
        size = len(self.best) // 2
        while size and not self._late():
            at, shorter = len(self.best), False
            while at > 0 and not self._late():
                start = max(0, at - size)
                shorter = await self._take(self.best[:start] + self.best[at:]) or shorter
                at = start
            if not (size == 1 and shorter):
                size //= 2

    async def simplify(self) -> None:
        """Makes single operations simpler, as long as that works."""
        for index in range(len(self.best)):
            again = True
            while again and not self._late():
                again = False
                for simpler in _simpler(self.best[index]):
                    if await self._take([*self.best[:index], simpler, *self.best[index + 1 :]]):
                        again = True
                        break
        await self._simplify_times()

    async def _simplify_times(self) -> None:
        first = self.best[0]["at"]
        for time_of in (lambda _: 0, lambda _: first, lambda at: at - first):
            if await self._take([{**operation, "at": time_of(operation["at"])} for operation in self.best]):
                return

    async def _take(self, operations: list[Operation]) -> bool:
        if not operations or operations == self.best or self._late():
            return False
        difference = (await run_sequence(self._engines, operations)).difference
        if difference is None or difference.kind != self._kind:
            return False
        end = len(operations) if difference.index is None else difference.index + 1
        self.best = operations[:end]
        return True

    def _late(self) -> bool:
        return self._clock() > self._deadline


def _simpler(operation: Operation) -> Iterator[Operation]:
    """Operations that are a step simpler."""
    if operation.get("client", 0) != 0:
        yield {**operation, "client": 0}
    args = operation["args"]
    if operation["op"] in BULK:
        name, count, start = args
        yield from ({**operation, "args": [name, smaller, start]} for smaller in (1, count // 2, count - 1) if smaller)
        return
    if operation["op"] in LIVE:
        path, offset, inner = args
        for index in range(len(inner)):
            yield {**operation, "args": [path, offset, inner[:index] + inner[index + 1 :]]}
        return
    for index, value in enumerate(args):
        for simpler in _simpler_value(value):
            yield {**operation, "args": [*args[:index], simpler, *args[index + 1 :]]}


def _simpler_value(value: Json) -> Iterator[Json]:
    if not isinstance(value, dict):
        return
    for optional in ("beside", "lapse"):
        if optional in value:
            yield {name: content for name, content in value.items() if name != optional}
    if "during" in value:
        yield {"$tree": value["$tree"]}
        for index in range(len(value["during"])):
            yield {**value, "during": value["during"][:index] + value["during"][index + 1 :]}
    for key, item in value.items():
        if key in _OPTIONAL_KEYS or key.startswith("x-"):
            yield {name: other for name, other in value.items() if name != key}
        if key in ("input", "event", "toolRequest") and isinstance(item, (dict, list)) and item:
            yield {**value, key: 1}
        if key == "payload" and isinstance(item, dict) and item.keys() - {"message"}:
            yield {**value, key: {"message": item.get("message")}}
