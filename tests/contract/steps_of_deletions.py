"""Deletions by steps that a test chooses."""

from flue_memdb.contract.deletion import SessionDeletions
from flue_memdb.contract.deletion_steps import Begun


class Owning:
    """The steps of a database in which every deletion owns its marker and succeeds."""

    async def begin_deletion(self, session_key: str, owner_id: str) -> Begun:
        return Begun("owned")

    async def finish_deletion(self, session_key: str, owner_id: str) -> bool:
        return True


def deletions(steps: object) -> SessionDeletions:
    """Deletions of the owner `o1` by these steps, which are those that a test needs."""
    return SessionDeletions(steps, lambda: "o1")  # type: ignore[arg-type]


async def nothing() -> None:
    """A callback that has nothing to delete."""
