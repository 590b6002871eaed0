"""Listening to what is published: connections of the runners that are there for nothing else."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from redis.exceptions import TimeoutError as NoAnswerError

from flue_valkey.runner.commands import cancellation_kept, nothing_sent, packed

SILENCE_S: Final = 30.0
"""After so long without a word the server is asked whether it is still there, and has as long again to answer."""

_HEARD: Final = frozenset({b"message", b"subscribe"})


class ChannelConnection:
    """A connection of redis-py that listens to channels. It speaks to the connection itself, since redis-py's `PubSub`
    connects anew in both of the tasks that use it when a connection breaks."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def subscribe(self, *channels: str) -> None:
        """Listens to these channels, too."""
        await self._send("SUBSCRIBE", *channels)

    async def unsubscribe(self, *channels: str) -> None:
        """Listens to these channels no more."""
        await self._send("UNSUBSCRIBE", *channels)

    async def heard(self) -> str:
        """The next channel on which something was published, or to which it listens from now on."""
        asked = False
        while True:
            with cancellation_kept():
                reply = await self._connection.read_response(timeout=SILENCE_S, push_request=True)
            if isinstance(reply, list) and reply[0] in _HEARD:
                channel: bytes = reply[1]
                return channel.decode()
            if reply is None and asked:
                raise NoAnswerError(f"nothing came for {2 * SILENCE_S:g} s")
            asked = reply is None
            if asked:
                await self._send("PING")

    async def _send(self, *command: str) -> None:
        with cancellation_kept():
            await self._connection.send_packed_command([packed(command)], check_health=False)


@asynccontextmanager
async def listening_over(connection: Any, connect: Callable[[], Awaitable[None]]) -> AsyncIterator[ChannelConnection]:
    """Listens over a connection that is nobody else's, for the length of the block.

    It is of no pool: where a block is left while something is still being sent, redis-py closes the connection once
    more, later, and a pool would have given it to somebody by then.
    """
    try:
        with cancellation_kept(), nothing_sent():
            await connect()
        yield ChannelConnection(connection)
    finally:
        await connection.disconnect(nowait=True)
