"""The runner over a client of the user's own, or fakeredis's."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from redis import Redis as BlockingRedis
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as NoConnectionError
from redis.exceptions import ReadOnlyError, ResponseError

from flue_valkey.runner.channels import ChannelConnection, listening_over
from flue_valkey.runner.commands import CommandRunner, cancellation_kept, nothing_sent, packed
from flue_valkey.runner.redis_py import abort, has_unread
from flue_valkey.runner.seam import Command, NotSentError, Reply


class RedisRunner(CommandRunner):
    """A runner over a `redis.asyncio` client, or fakeredis's: a connection of its pool for each call.

    It takes only connections from the client, and speaks to them itself. That leaves out the two things that a client
    adds to a command: callbacks, which give replies another shape for each command, protocol and version of redis-py,
    and retries, which repeat a command that may have run (redis-py 8 does so ten times by default). The client's
    time-outs, and its retries of connecting, hold. A connection to a server that takes no writes any more is closed.
    The connections belong to the event loop that made them: another loop takes another client.
    """

    def __init__(self, client: Redis) -> None:
        given: object = client
        if isinstance(given, BlockingRedis):
            raise TypeError("RedisRunner: got a client that blocks; give one of redis.asyncio")
        if not hasattr(given, "connection_pool"):
            raise TypeError(f"RedisRunner: got a {type(given).__name__}; give a client of redis.asyncio")
        if client.connection_pool.connection_kwargs.get("decode_responses"):
            raise ValueError(
                "the client decodes replies to text, and not every reply is text: make it without decode_responses=True"
            )
        self._client = client
        self._closed = False
        self._pool: Any = client.connection_pool  # redis-py leaves some of its methods without annotations
        self._in_use: set[Any] = set()

    async def close(self) -> None:
        """Closes the connections. Commands that are under way fail."""
        self._closed = True
        for connection in self._in_use:
            abort(connection)
        await self._client.aclose()

    def listening(self) -> AbstractAsyncContextManager[ChannelConnection]:
        """A connection of its own for the length of the block, made as those of the pool."""
        connection = self._pool.make_connection()
        return listening_over(connection, connection.connect)

    async def _exchange(self, commands: Sequence[Command]) -> list[Reply]:
        wire = [packed(command) for command in commands]
        if self._closed:
            raise NotSentError("the runner is closed")
        try:
            with cancellation_kept():
                return await self._exchange_over_one(wire)
        except (RuntimeError, AttributeError, TypeError) as error:
            if self._closed:  # so redis-py, uvloop or asyncio say that the connection was closed meanwhile
                raise NoConnectionError("the runner was closed before the answer came") from error
            raise

    async def _exchange_over_one(self, wire: Sequence[bytes]) -> list[Reply]:
        with nothing_sent():
            connection = await self._pool.get_connection()
        self._in_use.add(connection)
        try:
            # A connection that the server closed while nobody used it is found out before anything is sent on it. The
            # pool looks as well, but not where notifications of maintenance are on, which is redis-py's default.
            with nothing_sent():
                if await has_unread(connection):
                    await connection.disconnect()
                    await connection.connect()
            if self._closed:  # while the connection was made
                raise NotSentError("the runner is closed")
            await connection.send_packed_command(wire)
            replies = [await _reply(connection) for _ in wire]
            if any(isinstance(reply, ReadOnlyError) for reply in replies):  # by now another may be the primary
                await connection.disconnect(nowait=True)
            return replies
        finally:
            # A connection whose replies were not all read has closed itself by now. It goes back to the pool even when
            # this task is cancelled a second time.
            self._in_use.discard(connection)
            await asyncio.shield(self._release(connection))

    async def _release(self, connection: Any) -> None:
        if self._closed:  # and the pool has closed only what was connected by then
            await connection.disconnect(nowait=True)
        await self._pool.release(connection)


async def _reply(connection: Any) -> Reply:
    try:
        return await connection.read_response()
    except ResponseError as refusal:
        return refusal
    except NoConnectionError as error:
        # A Sentinel's connection takes a refusal to write for its own end.
        if isinstance(error.__context__, ReadOnlyError):
            raise error.__context__ from None
        raise
