"""How a session is deleted: one run a process, a marker that is a lease, and other processes that wait for its owner.

The steps that touch the database are the store's; the order of them, the sharing and the waiting are the same for every
adapter and live here.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from inspect import isawaitable
from typing import Final, cast

from flue_memdb.contract.checks import check_key
from flue_memdb.contract.deletion_steps import Begun, DeletionSteps
from flue_memdb.contract.errors import FlueStoreError, InvalidPayloadError, SessionBusyError, quoted
from flue_memdb.contract.outcomes import reached

_OPERATION: Final = "delete_session"
_HEARTBEAT_S: Final = 10.0
_FIRST_LOOK_S: Final = 0.01
_LAST_LOOK_S: Final = 1.0

_log = logging.getLogger(__name__)
_inside: ContextVar[frozenset[asyncio.Task[None]]] = ContextVar("deletions", default=frozenset())


@dataclass(slots=True, eq=False)
class _Run:
    """A deletion under way in this process. One that is `ending`, because its last caller was cancelled, takes no more
    callers. `owner_id` is whose marker it knows of: its own, or the one that it waits for; None before it has begun."""

    task: "asyncio.Task[None]" = field(init=False)
    callers: int = 0
    ending: bool = False
    owner_id: str | None = None


class SessionDeletions:
    """The deletions of one adapter."""

    def __init__(self, steps: DeletionSteps, new_id: Callable[[], str]) -> None:
        self._steps = steps
        self._new_id = new_id
        self._runs: dict[str, _Run] = {}

    async def delete(self, session_key: str, callback: Callable[[], Awaitable[object]]) -> None:
        """Deletes the session, or shares the deletion that is under way in this process."""
        session_key = check_key(_OPERATION, "session_key", session_key)
        if not callable(callback):
            raise _no_callback(f"is {quoted(callback)}")
        run = self._under_way(session_key)
        if run is not None and run.task in _inside.get():
            reached("called_from_callback")
            raise SessionBusyError(
                _OPERATION,
                session_key,
                "this call comes from within the session's own deletion callback",
                "let the callback return first",
            )
        while (run := self._under_way(session_key)) is not None and not await self._takes_callers(run, session_key):
            await asyncio.wait([run.task])
        if run is None:
            run = self._runs[session_key] = _Run()
            run.task = asyncio.create_task(self._delete(run, session_key, callback))
            run.task.add_done_callback(lambda _: self._runs.pop(session_key, None))
        await self._share(run)

    def _under_way(self, session_key: str) -> _Run | None:
        """This process's deletion of the session. One of an event loop that was closed over it will never end."""
        run = self._runs.get(session_key)
        return run if run is not None and run.task.get_loop() is asyncio.get_running_loop() else None

    async def _takes_callers(self, run: _Run, session_key: str) -> bool:
        """Whether it is still to succeed or fail. Of a deletion that is over, as it may be for a while before this
        process knows, nobody may have the success who has settled something since."""
        if run.ending or run.task.done():
            return False
        if run.owner_id is None:
            return True
        return await self._steps.look_at_deletion(session_key, run.owner_id) == "pending" and not run.ending

    async def _share(self, run: _Run) -> None:
        run.callers += 1
        try:
            await asyncio.shield(run.task)
        except asyncio.CancelledError:
            if run.callers == 1 and not run.task.done():
                run.ending = True
                run.task.cancel()
                await asyncio.wait([run.task])
                if not run.task.cancelled():
                    run.task.exception()
            raise
        finally:
            run.callers -= 1

    async def _delete(self, run: _Run, session_key: str, callback: Callable[[], Awaitable[object]]) -> None:
        # An eager task is under way before whoever made it has it.
        run.task = cast("asyncio.Task[None]", asyncio.current_task())
        _inside.set(_inside.get() | {run.task})
        while True:
            owner_id = self._new_id()
            begun = await self._begin(session_key, owner_id)
            if begun.state == "busy":
                reached("busy")
                raise SessionBusyError(
                    _OPERATION,
                    session_key,
                    f"submission {quoted(begun.by)} is not settled",
                    "delete the session when its work is settled",
                )
            if begun.state == "waiting":
                reached("waiting")
                owner: str | None = begun.by
            elif await self._run_as_owner(run, session_key, owner_id, callback):
                reached("deleted")
                return
            else:
                owner = await self._steps.heir_of_deletion(owner_id)
            while owner is not None:
                run.owner_id = owner
                if await self._wait_for(session_key, owner):
                    reached("deleted")
                    return
                owner = await self._steps.heir_of_deletion(owner)

    async def _begin(self, session_key: str, owner_id: str) -> Begun:
        try:
            return await self._steps.begin_deletion(session_key, owner_id)
        except (FlueStoreError, asyncio.CancelledError):
            # The marker may have been written, and nobody would ever take it away.
            await self._abandon(session_key, owner_id)
            raise

    async def _run_as_owner(
        self, run: _Run, session_key: str, owner_id: str, callback: Callable[[], Awaitable[object]]
    ) -> bool:
        run.owner_id = owner_id
        heartbeat = asyncio.create_task(self._keep_alive(session_key, owner_id))
        try:
            try:
                called = callback()
                if not isawaitable(called):
                    raise _no_callback(f"gave {quoted(called)}, which cannot be awaited")
                await called
            except BaseException:
                reached("callback_failed")
                await self._abandon(session_key, owner_id)
                raise
            try:
                return await self._steps.finish_deletion(session_key, owner_id)
            except asyncio.CancelledError:
                # The callback has done its part, and some of the rest may be done, too: whoever calls next goes on.
                heartbeat.cancel()
                await self._let_lapse(session_key, owner_id)
                raise
        finally:
            heartbeat.cancel()
            await asyncio.wait([heartbeat])

    async def _abandon(self, session_key: str, owner_id: str) -> None:
        try:
            await self._steps.abandon_deletion(session_key, owner_id)
        except FlueStoreError as error:
            # The callback's own error is what the caller must see; the marker lapses by itself.
            _log.warning("the deletion marker of session %s could not be taken away: %s", quoted(session_key), error)

    async def _let_lapse(self, session_key: str, owner_id: str) -> None:
        try:
            await self._steps.renew_deletion(session_key, owner_id, lease_ms=0)
        except FlueStoreError as error:
            _log.warning("the deletion marker of session %s stays until it lapses: %s", quoted(session_key), error)

    async def _keep_alive(self, session_key: str, owner_id: str) -> None:
        this = cast("asyncio.Task[None]", asyncio.current_task())
        while not this.cancelling():  # a driver may swallow a cancellation, and this task is waited for
            await asyncio.sleep(_HEARTBEAT_S)
            try:
                if not await self._steps.renew_deletion(session_key, owner_id):
                    return
                reached("renewed")
            except FlueStoreError as error:
                _log.warning("the deletion marker of session %s could not be renewed: %s", quoted(session_key), error)

    async def _wait_for(self, session_key: str, owner_id: str) -> bool:
        pause_s = _FIRST_LOOK_S
        while (seen := await self._steps.look_at_deletion(session_key, owner_id)) == "pending":
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LAST_LOOK_S)
        return seen == "succeeded"


def _no_callback(found: str) -> InvalidPayloadError:
    return InvalidPayloadError(_OPERATION, "delete_session_tree", found, "give a coroutine function without arguments")
