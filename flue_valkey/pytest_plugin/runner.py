"""A runner for any event loop."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager

from flue_valkey.pytest_plugin.background import Background
from flue_valkey.runner import Arg, Channels, Command, ListeningRunner, Reply, Runner


class BackgroundRunner:
    """A `Runner` whose connections live in the background, so that it may be used in any loop, and in several."""

    def __init__(self, runner: Runner, background: Background) -> None:
        self._runner = runner
        self._background = background

    async def command(self, *args: Arg) -> Reply:
        """The server's reply to one command."""
        return await self._background.ask(self._runner.command(*args))

    async def eval(self, script: str, keys: Sequence[Arg], args: Sequence[Arg]) -> Reply:
        """What the script returns."""
        return await self._background.ask(self._runner.eval(script, keys, args))

    async def pipeline(self, commands: Sequence[Command]) -> list[Reply]:
        """The replies to all commands."""
        return await self._background.ask(self._runner.pipeline(commands))

    async def close(self) -> None:
        """Closes the connections."""
        await self._background.ask(self._runner.close())

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Channels]:
        """A connection of its own for the length of the block."""
        opened: Future[Channels] = Future()
        held = self._background.start(self._hold(opened))
        try:
            yield _BackgroundChannels(await asyncio.wrap_future(opened), self._background)
        finally:
            held.cancel()

    async def _hold(self, opened: "Future[Channels]") -> None:
        """Keeps a connection that listens open until it is cancelled, as it is also when its user is cancelled while
        it opens."""
        assert isinstance(self._runner, ListeningRunner), "the runners of the servers here can all listen"
        try:
            async with self._runner.listening() as channels:
                if opened.set_running_or_notify_cancel():
                    opened.set_result(channels)
                    await asyncio.Event().wait()
        except Exception as error:
            if not opened.cancelled():
                opened.set_exception(error)


class _BackgroundChannels:
    """Channels of a connection that lives in the background."""

    def __init__(self, channels: Channels, background: Background) -> None:
        self._channels = channels
        self._background = background

    async def subscribe(self, *channels: str) -> None:
        """Listens to these channels, too."""
        await self._background.ask(self._channels.subscribe(*channels))

    async def unsubscribe(self, *channels: str) -> None:
        """Listens to these channels no more."""
        await self._background.ask(self._channels.unsubscribe(*channels))

    async def heard(self) -> str:
        """The next channel on which something was published."""
        return await self._background.ask(self._channels.heard())
