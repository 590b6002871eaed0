"""An operation as a line of a trace says it, and what it gave."""

from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from flue_memdb.contract import Json, Stores

Operation: TypeAlias = dict[str, Json]
"""`{"at", "client", "op", "args"}`, as a line of a trace."""

Answer: TypeAlias = dict[str, Json]
"""`{"result": JSON}`, `{}` where the operation gives nothing, or `{"error": {"kind", "message"}}`."""


@dataclass(slots=True)
class Observation:
    """What an operation gave, and why.

    `outcomes` holds (operation, outcome): its own, then those of the operations within its callback; for a bulk step,
    those of its calls. `reported` holds the outcomes that the stores themselves reported, in the same order.
    """

    answer: Answer
    outcomes: list[tuple[str, str]] = field(default_factory=list)
    reported: list[str] = field(default_factory=list)


class Observe(Protocol):
    """Makes an operation happen on these stores; `heard` takes the outcomes as they come."""

    async def __call__(
        self, stores: Stores, operation: Operation, *, heard: list[str] | None = None
    ) -> Observation: ...
