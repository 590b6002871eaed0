"""What a store does for a deletion, step by step."""

from dataclasses import dataclass
from typing import Literal, Protocol

from flue_memdb.contract.limits import LEASE_MS


@dataclass(frozen=True, slots=True)
class Begun:
    """What an attempt to begin found: the marker is `owned` now, the session is `busy` with a submission that is not
    settled, or another owner is at it and this one is `waiting`. `by` is that submission or that owner."""

    state: Literal["owned", "busy", "waiting"]
    by: str = ""


class DeletionSteps(Protocol):
    """What a store does for a deletion; each step is atomic."""

    async def begin_deletion(self, session_key: str, owner_id: str) -> Begun:
        """Writes the marker, or takes over a lapsed one with its cutoff."""

    async def renew_deletion(self, session_key: str, owner_id: str, lease_ms: int = LEASE_MS) -> bool:
        """Lets the owner's lease end in so many milliseconds; False if the marker is another's or gone."""

    async def abandon_deletion(self, session_key: str, owner_id: str) -> None:
        """Takes the owner's marker away, and nothing else."""

    async def finish_deletion(self, session_key: str, owner_id: str) -> bool:
        """Removes what the deletion removes, then the marker; False, and no change more, if it is another's or gone."""

    async def heir_of_deletion(self, owner_id: str) -> str | None:
        """Who took the deletion over from that owner, if that is known."""

    async def look_at_deletion(self, session_key: str, owner_id: str) -> Literal["pending", "succeeded", "gone"]:
        """Whether that owner is still at it, is known to have succeeded, or is gone without that being known."""
