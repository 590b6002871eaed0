"""The tails of one adapter, and the connection over which the server wakes them.

The scripts that append to a stream or close it publish that on a channel with the name of the stream's key. What is
published is only a reason to read: a tail reads from where it is, and looks once in a while where nothing is published,
as by the Node.js adapter, or nothing is heard.
"""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from redis.exceptions import RedisError

from flue_memdb.contract.tails import Tails
from flue_valkey.layout import from_base64url, key
from flue_valkey.runner import Channels, ListeningRunner, Runner

_FIRST_PAUSE_S: Final = 0.1
_LAST_PAUSE_S: Final = 30.0

_log = logging.getLogger("flue_valkey")


class ServerTails(Tails):
    """Tails that hear what is published, where the runner can listen. All share one connection, which is there while
    somebody tails."""

    def __init__(self, runner: Runner, prefix: str) -> None:
        super().__init__()
        self._runner = runner if isinstance(runner, ListeningRunner) else None
        self._prefix = prefix
        self._listening: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._pause_s = _FIRST_PAUSE_S
        self._heard: set[str] = set()
        """The streams of which the server tells."""

    @contextmanager
    def waiting(self, path: str) -> Iterator[asyncio.Event]:
        """Gives an event that news of the stream sets, until the end of the block."""
        try:
            with super().waiting(path) as news:
                self._listen()
                yield news
        finally:
            self._changed.set()

    def wake_here(self, path: str) -> None:
        """This process has appended to the stream, or closed it; where the server tells of it, it need not."""
        if path not in self._heard:
            self.wake(path)

    async def close(self) -> None:
        """Ends the connection. Whoever waits is woken."""
        self._runner = None
        self.wake_all()
        if self._listening is not None and self._listening.get_loop() is asyncio.get_running_loop():
            self._listening.cancel()
            await asyncio.wait([self._listening])

    def _listen(self) -> None:
        """Sees to it that somebody listens, and knows of a new tail."""
        if self._runner is None:
            return
        task = self._listening
        if task is None or task.done() or task.get_loop() is not asyncio.get_running_loop():
            self._changed = asyncio.Event()
            self._listening = asyncio.create_task(self._listen_while_needed())
        self._changed.set()

    async def _listen_while_needed(self) -> None:
        self._pause_s = _FIRST_PAUSE_S
        while self._runner is not None and self.paths:
            try:
                await self._listen_once(self._runner)
            except* (RedisError, OSError, TimeoutError) as errors:
                await self._pause(errors.exceptions[0])

    async def _listen_once(self, runner: ListeningRunner) -> None:
        """Listens until nobody tails or the connection fails."""
        try:
            async with runner.listening() as channels, asyncio.TaskGroup() as tasks:
                hearing = tasks.create_task(self._hear(channels))
                await self._keep_subscribed(channels)
                hearing.cancel()
        finally:
            self._heard.clear()

    async def _keep_subscribed(self, channels: Channels) -> None:
        """Listens to the channels of who tails, until nobody does."""
        subscribed: set[str] = set()
        while wanted := set(self.paths):
            self._changed.clear()
            self._heard &= wanted
            if new := wanted - subscribed:
                await channels.subscribe(*map(self._channel, new))
            if gone := subscribed - wanted:
                await channels.unsubscribe(*map(self._channel, gone))
            subscribed = wanted
            await self._changed.wait()

    async def _hear(self, channels: Channels) -> None:
        while True:
            path = from_base64url((await channels.heard()).rpartition(":")[2])
            self._pause_s = _FIRST_PAUSE_S
            self._heard.add(path)
            self.wake(path)

    async def _pause(self, error: BaseException) -> None:
        """Waits after trouble, longer each time until something is heard again; of the first it tells."""
        if self._runner is None:
            return
        if self._pause_s == _FIRST_PAUSE_S:
            _log.warning("tails have to look for events by themselves, as listening to the server failed: %s", error)
        await asyncio.sleep(self._pause_s)
        self._pause_s = min(2 * self._pause_s, _LAST_PAUSE_S)

    def _channel(self, path: str) -> str:
        return key(self._prefix, "event", path=path)
