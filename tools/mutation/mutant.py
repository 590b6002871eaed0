"""A mutant: one file with one change."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True, slots=True)
class Mutant:
    """The file (from the root of the repository), what is replaced there, and by what.

    `reached_at` is the line of the statement that has to run for the change to matter; None for one that always does.
    `nth` tells apart mutants of one file whose lines read the same.
    """

    file: str
    start: int
    end: int
    replacement: str
    source: str
    reached_at: int | None
    nth: int = 1

    @property
    def text(self) -> str:
        """The file with the change."""
        return self.source[: self.start] + self.replacement + self.source[self.end :]

    @property
    def line(self) -> int:
        """The first line of the change, from 1."""
        return self.source.count("\n", 0, self.start) + 1

    @property
    def old(self) -> str:
        """The changed lines as they were, without indentation."""
        return _stripped(self._whole_lines(self.source[self.start : self.end]))

    @property
    def new(self) -> str:
        """The changed lines as they are now."""
        return _stripped(self._whole_lines(self.replacement))

    @property
    def key(self) -> tuple[str, str, str, int]:
        """What the mutant is known by, wherever its lines move."""
        return self.file, self.old, self.new, self.nth

    def _whole_lines(self, changed: str) -> str:
        first = self.source.rfind("\n", 0, self.start) + 1
        last = self.source.find("\n", self.end)
        return self.source[first : self.start] + changed + self.source[self.end : last if last >= 0 else None]


def told_apart(mutants: Iterable[Mutant]) -> list[Mutant]:
    """The mutants in the order of their places, each of its own key."""
    seen: Counter[tuple[str, str, str, int]] = Counter()
    told: list[Mutant] = []
    for mutant in sorted(mutants, key=lambda mutant: (mutant.file, mutant.start, mutant.end, mutant.replacement)):
        seen[mutant.key] += 1
        told.append(replace(mutant, nth=seen[mutant.key]))
    return told


def _stripped(text: str) -> str:
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())
