"""Session deletion: the marker, which is a lease, and what goes when the callback has succeeded."""

from collections.abc import Awaitable, Callable
from typing import Any, Literal

from flue_memdb.contract import StoreUnavailableError
from flue_memdb.contract.deletion import SessionDeletions
from flue_memdb.contract.deletion_steps import Begun
from flue_memdb.contract.limits import LEASE_MS
from flue_memdb.contract.outcomes import reached
from flue_valkey.scripts import Value
from flue_valkey.store import parts
from flue_valkey.store.connection import Connection, Store


class DeletionStore(Store):
    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._deletions = SessionDeletions(self, self._new_owner)

    async def delete_session(self, session_key: str, delete_session_tree: Callable[[], Awaitable[object]]) -> None:
        await self._deletions.delete(session_key, delete_session_tree)

    async def list_pending_session_deletions(self) -> list[str]:
        found: dict[bytes, None] = {}
        tag, behind = "", [b"", b""]
        while tag != "last":
            tag, part, *behind = await self._run(
                "list_pending_session_deletions", looks=parts.DELETIONS, after_ms=behind[0], after_key=behind[1]
            )
            for session_key in part:
                found.pop(session_key, None)  # one that was taken over meanwhile stands further on
                found[session_key] = None
        reached("some" if found else "none")
        return [session_key.decode(errors="replace") for session_key in found]

    async def begin_deletion(self, session_key: str, owner_id: str) -> Begun:
        now = self._clock()
        tag, *found = await self._run(
            "delete_session",
            script="begin_session_deletion",
            session_key=session_key,
            owner_id=owner_id,
            now=now,
            lease_expires_at=now + LEASE_MS,
        )
        return Begun(tag, found[0].decode() if found else "")

    async def renew_deletion(self, session_key: str, owner_id: str, lease_ms: int = LEASE_MS) -> bool:
        tag, *_ = await self._run(
            "delete_session",
            script="renew_session_deletion",
            session_key=session_key,
            owner_id=owner_id,
            lease_expires_at=self._clock() + lease_ms,
        )
        return bool(tag == "renewed")

    async def abandon_deletion(self, session_key: str, owner_id: str) -> None:
        await self._run("delete_session", script="abandon_session_deletion", session_key=session_key, owner_id=owner_id)

    async def finish_deletion(self, session_key: str, owner_id: str) -> bool:
        kept = 0
        while True:
            tag, *found = await self._step(
                "finish_session_deletion",
                session_key=session_key,
                owner_id=owner_id,
                limit=parts.SETTLED_SUBMISSIONS,
                kept=kept,
            )
            if tag != "more":
                return bool(tag == "deleted")
            kept = int(found[0])

    async def heir_of_deletion(self, owner_id: str) -> str | None:
        tag, *found = await self._step("heir_of_session_deletion", owner_id=owner_id)
        return found[0].decode() if tag == "heir" else None

    async def look_at_deletion(self, session_key: str, owner_id: str) -> Literal["pending", "succeeded", "gone"]:
        tag, *_ = await self._step("look_at_session_deletion", session_key=session_key, owner_id=owner_id)
        answers: dict[str, Literal["pending", "succeeded", "gone"]] = {"pending": "pending", "succeeded": "succeeded"}
        return answers.get(tag, "gone")

    async def _step(self, script: str, **values: Value) -> list[Any]:
        """Runs the script of a step after the first. Whether it was sent or not, the deletion has begun."""
        try:
            return await self._run("delete_session", script=script, **values)
        except StoreUnavailableError as error:
            raise StoreUnavailableError(error.operation, error.subject, error.found, may_have_happened=True) from error

    def _new_owner(self) -> str:
        self._connection.require_open("delete_session")
        return self._connection.new_id()
