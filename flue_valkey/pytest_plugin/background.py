"""An event loop beside those of the tests."""

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

_T = TypeVar("_T")


class Background:
    """An event loop in a thread of its own.

    Fixtures are set up and torn down where no loop runs, and a test's own loop is there for the test alone, or for
    part of it, whichever plugin runs it. So what has to outlive it, the connections to a server, lives in this one.
    """

    def __init__(self) -> None:
        self._begun: Future[asyncio.AbstractEventLoop] = Future()
        self._thread = threading.Thread(target=self._run, name="flue-background", daemon=True)
        self._thread.start()
        self._loop = self._begun.result()

    def start(self, work: Coroutine[Any, Any, _T]) -> Future[_T]:
        """Begins to run the coroutine; cancelling the future cancels it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """What the coroutine gives; the calling thread waits for it."""
        return self.start(work).result()

    async def ask(self, work: Coroutine[Any, Any, _T]) -> _T:
        """What the coroutine gives; the caller waits in a loop of its own. Cancelling the one cancels the other."""
        return await asyncio.wrap_future(self.start(work))

    def close(self) -> None:
        """Cancels what still runs, and ends the loop and its thread."""
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join()

    def _run(self) -> None:
        asyncio.run(self._until_closed())

    async def _until_closed(self) -> None:
        self._closing = asyncio.Event()
        self._begun.set_result(asyncio.get_running_loop())
        await self._closing.wait()
