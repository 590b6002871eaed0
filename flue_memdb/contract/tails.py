"""The live tail of an event stream: the events that are stored, then those that come.

How an adapter reads a page, and how it hears of appends, is its own. The order of reading and waiting is the same for
every adapter and lives here: news only says that it may be worth reading, and each read begins after the last event
that was given. So no event is missed or given twice, whether news comes late, twice or not at all.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final, TypeAlias
from weakref import WeakKeyDictionary

from flue_memdb.contract.errors import StoreUnavailableError, quoted
from flue_memdb.contract.offsets import NOW
from flue_memdb.contract.records import EventPage, StreamEvent

if TYPE_CHECKING:
    import asyncio  # who tails has it already; who does not need not wait for it at import

PATIENCE_S: Final = 60.0
"""For how long a tail asks a server again that does not answer."""

_FIRST_PAUSE_S: Final = 0.1
_LAST_PAUSE_S: Final = 1.0

ReadPage: TypeAlias = Callable[[str, str], Awaitable[EventPage]]
"""A page of a stream after an offset, as `read_events` gives it."""


class Tails:
    """Who waits for news of which stream. Nobody is kept alive by it: who is gone without a word is forgotten."""

    def __init__(self) -> None:
        self._waiting: dict[str, WeakKeyDictionary[asyncio.Event, asyncio.AbstractEventLoop]] = {}

    @property
    def paths(self) -> list[str]:
        """The streams that somebody tails now."""
        return [path for path, waiting in self._waiting.items() if waiting]

    @contextmanager
    def waiting(self, path: str) -> "Iterator[asyncio.Event]":
        """Gives an event that news of the stream sets, until the end of the block."""
        import asyncio  # noqa: PLC0415

        news = asyncio.Event()
        self._waiting.setdefault(path, WeakKeyDictionary())[news] = asyncio.get_running_loop()
        try:
            yield news
        finally:
            waiting = self._waiting.get(path)
            if waiting is not None:
                waiting.pop(news, None)
                if not waiting:
                    del self._waiting[path]

    def wake(self, path: str) -> None:
        """There is news of the stream, or may be."""
        for news, loop in list(self._waiting.get(path, {}).items()):
            # Whose event loop was closed meanwhile is past waking, and an append must not fail for it.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(news.set)  # it may be that of another thread, and asleep

    def wake_all(self) -> None:
        """There may be news of any stream, or of the adapter itself."""
        for path in list(self._waiting):
            self.wake(path)


async def tail(
    read: ReadPage, tails: Tails, path: str, offset: str, look_every_s: float | None = None
) -> AsyncGenerator[StreamEvent, None]:
    """The events of a stream after the offset, until it is closed.

    It reads when there is news, and at the latest every `look_every_s`; None relies on news alone. A server that is not
    available is asked again for `PATIENCE_S`; then its `StoreUnavailableError` is raised.
    """
    with tails.waiting(path) as news:
        while True:
            news.clear()  # before the read: what comes from here on is read the next time
            page = await _patiently(read, path, offset)
            for event in page.events:
                yield event
            if page.events or offset == NOW:
                offset = page.next_offset
            if page.up_to_date:
                if page.closed:
                    return
                await _wait(news, look_every_s)


async def _wait(news: "asyncio.Event", timeout_s: float | None) -> None:
    import asyncio  # noqa: PLC0415

    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            await news.wait()


async def _patiently(read: ReadPage, path: str, offset: str) -> EventPage:
    import asyncio  # noqa: PLC0415
    import logging  # noqa: PLC0415

    now = asyncio.get_running_loop().time
    failed = 0
    ends_at = 0.0
    pause_s = _FIRST_PAUSE_S
    while True:
        try:
            return await read(path, offset)
        except StoreUnavailableError as error:
            failed += 1
            if failed == 1:  # nothing to tell of yet: perhaps the adapter was closed, or a connection was cut
                ends_at = now() + PATIENCE_S
            elif now() >= ends_at:
                raise
            elif failed == 2:
                logging.getLogger(__name__).warning(
                    "the tail of stream %s asks again for up to %g s: %s", quoted(path), PATIENCE_S, error
                )
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, _LAST_PAUSE_S)
