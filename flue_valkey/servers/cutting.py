"""Processes that lose their server for good, at a command of one's choice: what a crash or a cable does to an adapter.

A command is one call of a runner. A pipeline counts as one; the adapter sends none.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Literal, TypeAlias

from redis.exceptions import ConnectionError as NoConnectionError
from redis.exceptions import ResponseError

from flue_valkey.runner import Arg, Channels, Command, NotSentError, Reply, Runner
from flue_valkey.servers.passing import PassingRunner
from flue_valkey.servers.server import Server

Moment: TypeAlias = Literal["before", "after"]
"""When a command is cut: before it reaches the server, or after it ran and before its answer comes back."""


class CuttingRunner(PassingRunner):
    """A runner that can be cut off from its server.

    `sent` counts the commands since the last `cut_at`. Once `is_cut`, nothing reaches the server any more, and whatever
    is asked or still under way fails as with a lost connection.
    """

    def __init__(self, runner: Runner) -> None:
        super().__init__(runner)
        self._at: int | None = None
        self._moment: Moment = "before"
        self.sent = 0
        self.is_cut = False

    def cut_at(self, number: int, moment: Moment) -> None:
        """Cuts the command of that number from now on, counted from 0, and all that come later."""
        self.sent = 0
        self._at, self._moment = number, moment

    def restore(self) -> None:
        """The server can be reached again: its process lives after all."""
        self._at, self.is_cut = None, False

    async def command(self, *args: Arg) -> Reply:
        """As of the other runner, unless it is cut."""
        return await self._carry(lambda: self._runner.command(*args))

    async def eval(self, script: str, keys: Sequence[Arg], args: Sequence[Arg]) -> Reply:
        """As of the other runner, unless it is cut."""
        return await self._carry(lambda: self._runner.eval(script, keys, args))

    async def pipeline(self, commands: Sequence[Command]) -> list[Reply]:
        """As of the other runner, unless it is cut."""
        replies: list[Reply] = await self._carry(lambda: self._runner.pipeline(commands))
        return replies

    def listening(self) -> AbstractAsyncContextManager[Channels]:
        """As of the other runner, unless it is cut; a connection that listens by then is not cut."""
        if self.is_cut:
            raise NotSentError("cut off: nothing is sent any more")
        return super().listening()

    async def _carry(self, send: Callable[[], Awaitable[Reply]]) -> Reply:
        if self.is_cut:
            raise NotSentError("cut off: nothing is sent any more")
        number = self.sent
        self.sent += 1
        self.is_cut = number == self._at
        if self.is_cut and self._moment == "before":
            raise NoConnectionError(f"cut off before command {number}")
        reply: Reply = None
        try:
            reply = await send()
        except ResponseError:
            if not self.is_cut:
                raise
        if self.is_cut:
            raise NoConnectionError(f"cut off before the answer to command {number}")
        return reply


class CuttableServer(Server):
    """A server whose clients can be cut off. `runners` holds the connections that it gave, oldest first."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.name, self.version, self.inspectable = server.name, server.version, server.inspectable
        self.url = server.url
        self.runners: list[CuttingRunner] = []

    async def start(self) -> None:
        """Makes the server itself answer."""
        await self._server.start()
        self.version, self.url = self._server.version, self._server.url

    def runner(self, protocol: Literal[2, 3] | None = None) -> CuttingRunner:
        """A connection of its own, which can be cut."""
        self.runners.append(CuttingRunner(self._server.runner(protocol)))
        return self.runners[-1]

    def new_prefix(self) -> str:
        """As of the server itself."""
        return self._server.new_prefix()

    async def close(self) -> None:
        """Ends the server itself."""
        await self._server.close()
