"""A runner over another one, for those that look at what goes through, or change it."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

from flue_valkey.runner import Arg, Channels, Command, ListeningRunner, Reply, Runner


class PassingRunner:
    """Passes everything on to another runner: the base of runners that do something beside."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def command(self, *args: Arg) -> Reply:
        """As of the other runner."""
        return await self._runner.command(*args)

    async def eval(self, script: str, keys: Sequence[Arg], args: Sequence[Arg]) -> Reply:
        """As of the other runner."""
        return await self._runner.eval(script, keys, args)

    async def pipeline(self, commands: Sequence[Command]) -> list[Reply]:
        """As of the other runner."""
        return await self._runner.pipeline(commands)

    async def close(self) -> None:
        """As of the other runner."""
        await self._runner.close()

    def listening(self) -> AbstractAsyncContextManager[Channels]:
        """As of the other runner."""
        assert isinstance(self._runner, ListeningRunner), "the runners of the servers here can all listen"
        return self._runner.listening()
