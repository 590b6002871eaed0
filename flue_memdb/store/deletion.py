"""Session deletion: the marker, which is a lease, and what goes when the callback has succeeded."""

from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from flue_memdb.contract.deletion_steps import Begun
from flue_memdb.contract.limits import LEASE_MS
from flue_memdb.contract.outcomes import reached
from flue_memdb.database import DELETIONS_REMEMBERED, MemoryDatabase
from flue_memdb.rows import DeletionRow
from flue_memdb.store.connection import Store

if TYPE_CHECKING:
    from flue_memdb.contract.deletion import SessionDeletions


class DeletionStore(Store):
    @cached_property
    def _deletions(self) -> "SessionDeletions":
        # Not before it is needed: it brings in asyncio, which takes as long as all of this package.
        from flue_memdb.contract.deletion import SessionDeletions  # noqa: PLC0415

        return SessionDeletions(self, self._new_owner)

    async def delete_session(self, session_key: str, delete_session_tree: Callable[[], Awaitable[object]]) -> None:
        await self._deletions.delete(session_key, delete_session_tree)

    async def list_pending_session_deletions(self) -> list[str]:
        deletions = (await self._database("list_pending_session_deletions")).deletions
        reached("some" if deletions else "none")
        return sorted(deletions, key=lambda session_key: (deletions[session_key].started_at, session_key))

    async def begin_deletion(self, session_key: str, owner_id: str) -> Begun:
        db = await self._deleting()
        head = db.head(session_key)
        if head is not None:
            return Begun("busy", head.submission_id)
        now = db.clock()
        marker = db.deletions.get(session_key)
        if marker is not None and marker.lease_expires_at > now:
            return Begun("waiting", marker.owner_id)
        cutoff = db.admissions if marker is None else marker.cutoff
        if marker is not None:
            db.deletion_heirs[marker.owner_id] = owner_id
            if len(db.deletion_heirs) > DELETIONS_REMEMBERED:
                db.deletion_heirs.popitem(last=False)
        db.deletions[session_key] = DeletionRow(cutoff, now, owner_id, now + LEASE_MS)
        return Begun("owned")

    async def renew_deletion(self, session_key: str, owner_id: str, lease_ms: int = LEASE_MS) -> bool:
        db = await self._deleting()
        marker = db.deletions.get(session_key)
        if marker is None or marker.owner_id != owner_id:
            return False
        marker.lease_expires_at = db.clock() + lease_ms
        return True

    async def abandon_deletion(self, session_key: str, owner_id: str) -> None:
        db = await self._deleting()
        marker = db.deletions.get(session_key)
        if marker is not None and marker.owner_id == owner_id:
            del db.deletions[session_key]

    async def finish_deletion(self, session_key: str, owner_id: str) -> bool:
        db = await self._deleting()
        marker = db.deletions.get(session_key)
        if marker is None or marker.owner_id != owner_id:
            return False
        for row in list(db.session_submissions.get(session_key, {}).values()):
            if row.status == "settled" and row.sequence <= marker.cutoff:
                if row.kind == "dispatch":
                    db.receipts[row.submission_id] = row.accepted_at
                db.forget(row)
        del db.deletions[session_key]
        db.finished_deletions.append(owner_id)
        return True

    async def heir_of_deletion(self, owner_id: str) -> str | None:
        db = await self._deleting()
        return db.deletion_heirs.get(owner_id)

    async def look_at_deletion(self, session_key: str, owner_id: str) -> Literal["pending", "succeeded", "gone"]:
        db = await self._deleting()
        if owner_id in db.finished_deletions:
            return "succeeded"
        marker = db.deletions.get(session_key)
        if marker is None or marker.owner_id != owner_id or marker.lease_expires_at <= db.clock():
            return "gone"
        return "pending"

    async def _deleting(self) -> MemoryDatabase:
        return await self._database("delete_session")

    def _new_owner(self) -> str:
        self._connection.require_open("delete_session")
        return self._connection.new_id()
