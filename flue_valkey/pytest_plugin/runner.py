"""A runner for any event loop."""

from collections.abc import Sequence

from flue_valkey.pytest_plugin.background import Background
from flue_valkey.runner import Arg, Command, Reply, Runner


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
