"""What a drill is to do."""

from dataclasses import dataclass
from typing import Final

# Small thresholds, so that the AOF is rewritten while the drill goes on.
_AOF: Final = {"appendonly": "yes", "auto-aof-rewrite-percentage": "50", "auto-aof-rewrite-min-size": "256kb"}
PERSISTENCE: Final[dict[str, dict[str, str]]] = {
    "always": {**_AOF, "appendfsync": "always"},
    "everysec": {**_AOF, "appendfsync": "everysec"},
    "no": {**_AOF, "appendfsync": "no"},
    "snapshots": {"save": "1 1"},
    "none": {},
}
"""The server's settings by the names of the ways to keep data: an AOF with that `appendfsync`, a snapshot each second
if anything was written, or nothing."""


@dataclass(frozen=True, slots=True)
class DrillPlan:
    """What is to be done. The seed decides what the clients choose and when the server is killed; how they meet differs
    each time."""

    kills: int
    workers: int
    seed: int
    persistence: str = "always"

    @property
    def longest_load_s(self) -> float:
        """The longest time between two kills: long enough for some snapshots where these are what is kept."""
        return 3.0 if self.persistence == "snapshots" else 0.5
