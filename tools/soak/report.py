"""What a soak came to: what was left, and whether the memory is flat."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Final

from flue_memdb.verification import Divergence
from flue_valkey.cli.texts import counted
from tools.soak.measuring import BLOCKS, RESIDENT, SERVER, Step
from tools.soak.plan import SoakPlan

GROWTH: Final = 0.1
"""Memory is flat if the median of its last quarter is at most so much above that of the first, and the allowance."""
ALLOWANCE: Final = {RESIDENT: 8 * 2**20, BLOCKS: 20_000, SERVER: 2**20}
"""What a process may still take while everything is used for the first time; it decides in short runs only."""


@dataclass(frozen=True, slots=True)
class Trend:
    """One figure of a process: its median in each quarter of the run."""

    process: int
    figure: str
    quarters: tuple[float, float, float, float]

    @property
    def limit(self) -> float:
        """What the last quarter may come to."""
        return self.quarters[0] * (1 + GROWTH) + ALLOWANCE[self.figure]

    @property
    def is_flat(self) -> bool:
        return self.quarters[-1] <= self.limit


@dataclass(slots=True)
class SoakReport:
    """The steps of a run so far, added up."""

    plan: SoakPlan
    engines: tuple[str, ...]
    sequences: int = 0
    operations: int = 0
    divergences: list[Divergence] = field(default_factory=list)
    keys: Counter[str] = field(default_factory=Counter)
    connections: Counter[str] = field(default_factory=Counter)
    readings: dict[tuple[int, str], list[int]] = field(default_factory=dict)
    next_of: dict[int, int] = field(default_factory=dict)
    seconds: float = 0.0
    interrupted: bool = False

    def add(self, step: Step) -> None:
        """Counts a step."""
        self.sequences += 1
        self.operations += step.operations
        self.divergences += step.divergences
        for left, found in ((self.keys, step.keys), (self.connections, step.connections)):
            for name, count in found.items():
                left[name] = max(left[name], count)
        for figure, value in step.memory.items():
            self.readings.setdefault((step.process, figure), []).append(value)
        self.next_of[step.process] = step.sequence + self.plan.jobs

    @property
    def trends(self) -> list[Trend]:
        """How the figures of each process went; none while there are less than four readings."""
        return [
            Trend(process, figure, (*(median(quarter) for quarter in _quarters(values)),))  # type: ignore[arg-type]
            for (process, figure), values in self.readings.items()
            if len(values) >= 4
        ]

    @property
    def findings(self) -> list[str]:
        """A sentence for each thing that somebody has to look at."""
        return [
            *(f"divergence: {divergence.command}" for divergence in self.divergences),
            *(f"{name}: {counted(count, 'key')} left after a sequence" for name, count in self.keys.items()),
            *(
                f"{name}: {counted(count, 'connection')} left open after a sequence"
                for name, count in self.connections.items()
            ),
            *(
                f"process {trend.process}: {trend.figure} is not flat, {_shown(trend.figure, trend.quarters[-1])}"
                f" in the last quarter, at most {_shown(trend.figure, trend.limit)} would be"
                for trend in self.trends
                if not trend.is_flat
            ),
        ]

    @property
    def resume_at(self) -> int:
        """The first sequence that may not have been run."""
        plan = self.plan
        return min(self.next_of.get(process, plan.first_sequence + process) for process in range(plan.jobs))

    def as_json(self) -> str:
        """One JSON object."""
        return json.dumps(
            {
                "finding": bool(self.findings),
                "findings": self.findings,
                "interrupted": self.interrupted,
                "seed": self.plan.seed,
                "engines": self.engines,
                "processes": self.plan.jobs,
                "sequences": self.sequences,
                "operations": self.operations,
                "divergences": [divergence.to_json() for divergence in self.divergences],
                "keysLeft": self.keys,
                "connectionsLeft": self.connections,
                "memory": [
                    {
                        "process": trend.process,
                        "figure": trend.figure,
                        "quarters": trend.quarters,
                        "limit": trend.limit,
                        "flat": trend.is_flat,
                    }
                    for trend in self.trends
                ],
                "resumeAt": self.resume_at,
                "seconds": round(self.seconds, 1),
            },
            ensure_ascii=False,
            indent=2,
        )

    def as_text(self) -> str:
        """A report for people."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield from self.findings
        if self.interrupted:
            yield f"Interrupted; go on with --seed {self.plan.seed} --first-sequence {self.resume_at}"
        yield f"operations        {self.operations:,} on each of {', '.join(self.engines)}"
        yield f"sequences         {self.sequences:,} in {counted(self.plan.jobs, 'process', 'processes')}"
        yield f"divergences       {len(self.divergences)}"
        yield f"keys left         {self.keys.total()}"
        yield f"connections left  {self.connections.total()}"
        yield f"seed, time        {self.plan.seed}, {self.seconds:,.0f} s"
        if not self.trends:
            yield "memory            too few readings to compare"
            return
        yield f"{'median of each quarter of the run':<36}" + "".join(
            f"{name:>12}" for name in ("first", "second", "third", "last", "at most")
        )
        for trend in self.trends:
            values = (*trend.quarters, trend.limit)
            yield f"process {trend.process}: {trend.figure:<25} " + "".join(
                f"{_shown(trend.figure, value):>12}" for value in values
            )


def _quarters(values: list[int]) -> list[list[int]]:
    edges = [len(values) * quarter // 4 for quarter in range(5)]
    return [values[start:end] for start, end in pairwise(edges)]


def _shown(figure: str, value: float) -> str:
    return f"{value:,.0f}" if figure == BLOCKS else f"{value / 2**20:,.1f} MiB"
