"""What a run found, as text and as JSON."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tools.mutation.judge import Verdict
from tools.mutation.mutant import Mutant
from tools.mutation.survivors import Key, Reason

_WITHIN = (1, 10, 100, 500)
_KEY = ("file", "old", "new", "nth")


@dataclass(frozen=True, slots=True)
class MutationReport:
    """The verdicts, and the list that they are compared with; `known` are the keys of all mutants there are,
    `passing` those of listed survivors that pass the test which should catch them."""

    verdicts: Mapping[Mutant, Verdict]
    listed: Mapping[Key, Reason]
    known: frozenset[Key]
    passing: frozenset[Key] = frozenset()

    @property
    def caught(self) -> list[Mutant]:
        return [mutant for mutant, verdict in self.verdicts.items() if verdict.by]

    @property
    def unlisted(self) -> list[Mutant]:
        """The survivors that nothing explains: findings."""
        return [mutant for mutant, verdict in self.verdicts.items() if not verdict.by and mutant.key not in self.listed]

    @property
    def is_finding(self) -> bool:
        """Whether somebody has to look."""
        return bool(self.unlisted or self.passing)

    def survivors(self, *, can_matter: bool) -> list[Mutant]:
        """The listed survivors that another test catches, or those that cannot matter."""
        return [
            mutant
            for mutant, verdict in self.verdicts.items()
            if not verdict.by
            and (reason := self.listed.get(mutant.key)) is not None
            and bool(reason.caught_by) == can_matter
        ]

    @property
    def stale(self) -> list[tuple[Key, str]]:
        """Entries of the list that are not needed."""
        caught = {mutant.key for mutant in self.caught}
        gone = [(key, "there is no such mutant") for key in self.listed if key not in self.known]
        return gone + [(key, "it is caught") for key in self.listed if key in caught]

    @property
    def percentage(self) -> float:
        """How many of the mutants that can matter the differential run catches by itself."""
        can_matter = len(self.verdicts) - len(self.survivors(can_matter=False))
        return 100 * len(self.caught) / can_matter if can_matter else 100.0

    def as_text(self) -> str:
        within = Counter(
            next(limit for limit in (*_WITHIN, 10**9) if verdict.ran <= limit)
            for verdict in self.verdicts.values()
            if verdict.by
        )
        by = Counter(verdict.by for verdict in self.verdicts.values() if verdict.by)
        first = 0
        spread = []
        for limit in _WITHIN:
            first += within[limit]
            spread.append(f"{first:,} within {limit}")
        blocks = [_block(mutant) for mutant in sorted(self.unlisted, key=lambda mutant: (mutant.file, mutant.start))]
        blocks += [f"passes the test that should catch it: {_shown(*key)}" for key in sorted(self.passing)]
        blocks += [f"stale: {_shown(*key)}\n    {why}" for key, why in self.stale]
        lines = [
            f"mutants       {len(self.verdicts):,}",
            f"caught        {len(self.caught):,}, {self.percentage:.1f} % of those that can matter",
            f"  sequences   {', '.join(spread)} of those that reach the change",
            f"  seen in     {', '.join(f'{kind} {count:,}' for kind, count in by.most_common())}",
            f"cannot matter {len(self.survivors(can_matter=False)):,} (listed)",
            f"other tests   {len(self.survivors(can_matter=True)):,} (listed)",
            f"unexplained   {len(self.unlisted):,}",
        ]
        return "\n".join([*blocks, *lines])

    def as_json(self) -> str:
        return json.dumps(
            {
                "finding": self.is_finding,
                "percentage": round(self.percentage, 2),
                "mutants": [self._entry(mutant, verdict) for mutant, verdict in self.verdicts.items()],
                "passing": [dict(zip(_KEY, key, strict=True)) for key in sorted(self.passing)],
                "stale": [{**dict(zip(_KEY, key, strict=True)), "why": why} for key, why in self.stale],
            },
            ensure_ascii=False,
            indent=2,
        )

    def _entry(self, mutant: Mutant, verdict: Verdict) -> dict[str, Any]:
        reason = self.listed.get(mutant.key)
        return {
            "file": mutant.file,
            "line": mutant.line,
            "old": mutant.old,
            "new": mutant.new,
            "nth": mutant.nth,
            "caughtBy": verdict.by,
            "sequence": verdict.sequence,
            "sequencesRun": verdict.ran,
            "reason": reason.text if reason and not verdict.by else None,
        }


def _block(mutant: Mutant) -> str:
    return f"{mutant.file}:{mutant.line} survives\n{_diff(mutant.old, mutant.new, mutant.nth)}"


def _shown(file: str, old: str, new: str, nth: int) -> str:
    return f"{file}\n{_diff(old, new, nth)}"


def _diff(old: str, new: str, nth: int) -> str:
    lines = [*(f"    - {line}" for line in old.splitlines()), *(f"    + {line}" for line in new.splitlines() or [""])]
    return "\n".join([*lines, *([f"    nth = {nth}"] if nth > 1 else [])])
