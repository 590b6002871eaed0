"""Things that go on beside a test: tasks, callbacks that the test holds, and waiting without sleeping."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import pytest

from flue_memdb.contract import Stores

_T = TypeVar("_T")

_PATIENCE_S = 20.0
_TURNS = 50


async def within(awaitable: Awaitable[_T], why: str) -> _T:
    """The result of what must come to an end soon; the test fails with `why` if it does not."""
    task = asyncio.ensure_future(awaitable)
    done, _ = await asyncio.wait([task], timeout=_PATIENCE_S)
    if not done:
        pytest.fail(f"still waiting after {_PATIENCE_S:g} s: {why}")
    return task.result()


async def others_go_on(stores: Stores) -> None:
    """Gives the tasks beside the test, and the database, many turns: what can go on does."""
    for _ in range(_TURNS):
        await asyncio.sleep(0)
        await stores.submissions.list_pending_session_deletions()


@asynccontextmanager
async def beside(coroutine: Coroutine[Any, Any, _T]) -> AsyncIterator["asyncio.Task[_T]"]:
    """Runs a coroutine beside the block, and ends it with the block."""
    task = asyncio.create_task(coroutine)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])


class HeldCallback:
    """A deletion's callback that lasts until the test lets it go; it counts its calls."""

    def __init__(self) -> None:
        self.calls = 0
        self._error: Exception | None = None
        self._entered = asyncio.Event()
        self._released = asyncio.Event()

    async def __call__(self) -> None:
        self.calls += 1
        self._entered.set()
        await self._released.wait()
        if self._error is not None:
            raise self._error

    async def entered(self) -> None:
        """Waits until the callback was called."""
        await within(self._entered.wait(), "the deletion's callback should have been called")

    def release(self) -> None:
        """Lets it return, now or as soon as it is called."""
        self._released.set()

    def fail(self, error: Exception) -> None:
        """Lets it raise."""
        self._error = error
        self._released.set()
