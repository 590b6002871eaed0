"""What a drill has done and found."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from flue_valkey.drills.audit import Audit


@dataclass(slots=True)
class DrillFindings:
    """Counts, and a text for each thing that is wrong.

    `server` names it with its version, `kills` were survived or not, `rounds` are namespaces, `lost_at_once` is the
    greatest loss of one kill, and `oldest_lost_ms` the longest time that a lost write had been acknowledged when its
    server was killed.
    """

    server: str = ""
    kills: int = 0
    rounds: int = 0
    calls: int = 0
    acknowledged: int = 0
    unknown: int = 0
    lost: list[str] = field(default_factory=list)
    lost_at_once: int = 0
    oldest_lost_ms: float = 0.0
    twice: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    @property
    def is_finding(self) -> bool:
        """Whether somebody has to look."""
        return bool(self.lost or self.twice or self.broken)

    def add_calls(self, calls: int, found: Audit) -> None:
        """Counts what was called."""
        self.calls += calls
        self.acknowledged += found.acknowledged
        self.unknown += found.unknown

    def add_loss(self, found: Audit, killed_ns: int) -> None:
        """Counts what a kill has cost."""
        self.lost += [f"{call}, but it {text}" for call, text in found.lost]
        self.lost_at_once = max(self.lost_at_once, len(found.lost))
        ages = [(killed_ns - call.ended) / 1e6 for call, _ in found.lost if call.ended is not None]
        self.oldest_lost_ms = max([self.oldest_lost_ms, *ages])

    def add(self, found: Audit, when: str) -> None:
        """Adds what an audit found wrong, where no kill has just cost anything."""
        self.lost += [f"{call}, but {when} it {text}" for call, text in found.lost]
        self.twice += [text for text in found.twice if text not in self.twice]
        self.add_broken(found.broken)

    def add_broken(self, texts: Iterable[str]) -> None:
        """Adds what contradicts the layout, the order of time, or the end of all work; each once."""
        self.broken += [text for text in texts if text not in self.broken]
