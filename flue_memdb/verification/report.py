"""What a differential run came to."""

from collections import Counter
from dataclasses import dataclass, field

from flue_memdb.contract import Json
from flue_memdb.verification.comparison import text_of
from flue_memdb.verification.lockstep import Difference
from flue_memdb.verification.observations import Operation
from flue_memdb.verification.operations import declared_outcomes
from flue_memdb.verification.traces import Trace

_SHOWN = 400


@dataclass(frozen=True, slots=True)
class Divergence:
    """A sequence on which an engine gave something else than the first engine, made short.

    `index` counts the operations of the whole sequence, `operations` are what is left of it, each with the answer of
    the first engine; `difference` is the one that they still show.
    """

    seed: int | str
    sequence: int
    operations_each: int
    found: Difference
    operation: Operation | None
    difference: Difference
    operations: list[Operation] = field(default_factory=list)

    @property
    def command(self) -> str:
        """The command line that runs the whole sequence again."""
        return (
            f"flue diff --seed {self.seed} --sequences 1 --first-sequence {self.sequence}"
            f" --operations {self.operations_each}"
        )

    @property
    def trace(self) -> Trace:
        """The short sequence as a trace, with what the first engine gives."""
        return Trace(f"divergence of {self.found.engine}", f"{self.command}: {self.found.kind}", list(self.operations))

    @property
    def snippet(self) -> str:
        """Python that runs the short sequence on given engines: `engines[0]` is what the others are compared with."""
        lines = ",\n".join(f"    {operation!r}" for operation in _without_answers(self.operations))
        return f"operations = [\n{lines},\n]\nassert (await run_sequence(engines, operations)).difference is None\n"

    def to_json(self) -> dict[str, Json]:
        """All of it, for machines."""
        return {
            "seed": self.seed,
            "sequence": self.sequence,
            "command": self.command,
            "found": _difference_json(self.found),
            "operation": self.operation,
            "difference": _difference_json(self.difference),
            "operations": self.operations,
        }

    def __str__(self) -> str:
        where = "at the end" if self.found.index is None else f"at operation {self.found.index}"
        steps = "\n".join(f"    {text_of(operation)}" for operation in _without_answers(self.operations))
        return (
            f"{self.found.engine} diverges in sequence {self.sequence} {where}: {self.difference.kind}\n"
            f"  expected {_cut(self.difference.expected)}\n  got      {_cut(self.difference.got)}\n"
            f"  again: {self.command}\n  {len(self.operations)} operations show it:\n{steps}"
        )


@dataclass(frozen=True, slots=True)
class Report:
    """How many sequences and operations ran on which engines, what they reached, and where they diverged."""

    seed: int | str
    engines: tuple[str, ...]
    sequences: int
    operations: int
    outcomes: Counter[tuple[str, str]]
    divergences: tuple[Divergence, ...]
    seconds: float

    @property
    def missed(self) -> dict[str, tuple[str, ...]]:
        """Per operation, the declared outcomes that the run did not reach."""
        declared = declared_outcomes()
        missed = {op: tuple(name for name in names if not self.outcomes[op, name]) for op, names in declared.items()}
        return {op: names for op, names in missed.items() if names}

    @property
    def undeclared(self) -> dict[str, tuple[str, ...]]:
        """Per operation, the outcomes that it came to without declaring them: bugs, mostly.

        `corrupt_record` is neither declared nor a bug: every operation can come to it, but only among disturbances.
        """
        declared = declared_outcomes()
        found: dict[str, tuple[str, ...]] = {}
        for op, name in self.outcomes:
            if name not in (*declared[op], "corrupt_record"):
                found[op] = (*found.get(op, ()), name)
        return found

    def to_json(self) -> dict[str, Json]:
        """All of it, for machines."""
        outcomes: dict[str, dict[str, int]] = {}
        for op, names in declared_outcomes().items():
            outcomes[op] = {name: self.outcomes[op, name] for name in names}
        return {
            "seed": self.seed,
            "engines": list(self.engines),
            "sequences": self.sequences,
            "operations": self.operations,
            "seconds": round(self.seconds, 3),
            "outcomes": outcomes,
            "missed": {op: list(names) for op, names in self.missed.items()},
            "undeclared": {op: list(names) for op, names in self.undeclared.items()},
            "divergences": [divergence.to_json() for divergence in self.divergences],
        }

    def table(self) -> str:
        """Per operation, its declared outcomes and how often each was reached."""
        declared = declared_outcomes()
        width = max(map(len, declared))
        return "\n".join(
            f"{op:{width}}  " + "  ".join(f"{name} {self.outcomes[op, name]}" for name in names)
            for op, names in declared.items()
        )

    def __str__(self) -> str:
        declared = sum(map(len, declared_outcomes().values()))
        reached = declared - sum(map(len, self.missed.values()))
        lines = [
            f"{self.sequences:,} sequences, {self.operations:,} operations on {', '.join(self.engines)}"
            f" in {self.seconds:.1f} s (seed {self.seed})",
            f"{reached} of {declared} declared outcomes reached, {len(self.divergences)} divergences",
            *(f"not reached: {op}: {', '.join(names)}" for op, names in self.missed.items()),
            *(f"not declared: {op}: {', '.join(names)}" for op, names in self.undeclared.items()),
            *map(str, self.divergences),
        ]
        return "\n".join(lines)


def _difference_json(difference: Difference) -> dict[str, Json]:
    return {
        "kind": difference.kind,
        "engine": difference.engine,
        "index": difference.index,
        "expected": difference.expected,
        "got": difference.got,
    }


def _without_answers(operations: list[Operation]) -> list[Operation]:
    return [
        {name: value for name, value in operation.items() if name not in ("result", "error", "during", "beside")}
        for operation in operations
    ]


def _cut(value: Json) -> str:
    text = text_of(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text):,} characters)"
