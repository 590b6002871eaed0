"""One connection to a server: what goes out on it, and whose the replies are."""

import asyncio
import select
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import hiredis
from redis.asyncio.connection import DefaultParser
from redis.exceptions import ConnectionError as NoConnectionError
from redis.exceptions import ReadOnlyError, RedisError
from redis.exceptions import TimeoutError as NoAnswerError

from flue_valkey.runner.commands import nothing_sent, packed
from flue_valkey.runner.redis_py import has_unread
from flue_valkey.runner.seam import Command, Reply

_BYTES_A_WRITE = 65536
_NOTHING = object()


class Call:
    """Commands that were asked together. `answered` comes to one reply for each, unless the caller was cancelled."""

    __slots__ = ("answered", "commands", "deadline", "replies", "size")

    def __init__(self, commands: Sequence[Command], answered: "asyncio.Future[list[Reply]]", deadline: float) -> None:
        self.commands = commands
        self.answered = answered
        self.deadline = deadline
        self.replies: list[Reply] = []
        self.size = 0

    def fail(self, error: RedisError) -> None:
        """The error is the caller's own, since each raises it with its own traceback."""
        if not self.answered.done():
            self.answered.set_exception(error)


class Wire(asyncio.Protocol):
    """A connection that redis-py has made, logged in and brought to its database; `open_wire` gives one.

    Calls are sent one after another, without waiting for replies, which come in the same order. The reply to a call
    whose caller was cancelled is read and dropped. At the first sign of trouble the connection is given up, with all
    calls that were sent on it. A server that takes no writes is sent nothing more, and its connection is given up when
    all is answered: by now another may be the primary. `on_change` is called when there may be room again, or no
    connection any more.
    """

    def __init__(self, writer: asyncio.StreamWriter, limits: tuple[int, int], on_change: Callable[[], None]) -> None:
        self._writer = writer  # kept, as it closes the transport when it is collected
        self._transport = writer.transport
        self._max_calls, self._max_bytes = limits
        self._on_change = on_change
        self._replies = hiredis.Reader(replyError=DefaultParser.parse_error, notEnoughData=_NOTHING)
        self._in_flight: deque[Call] = deque()
        self._bytes = 0
        self._paused = False
        self._read_only = False
        self.lost = False
        """Whether the connection was given up."""
        self._poll = select.poll()
        self._poll.register(self._transport.get_extra_info("socket"), select.POLLIN)
        self._closed = asyncio.get_running_loop().create_future()
        self._transport.set_protocol(self)

    @property
    def oldest(self) -> Call | None:
        """The call that has waited longest for its replies."""
        return self._in_flight[0] if self._in_flight else None

    def has_news(self) -> bool:
        """Whether something has come that nobody asked for, such as the end of the connection, and is not read yet."""
        return not self._in_flight and bool(self._poll.poll(0))

    def send(self, waiting: deque[Call]) -> None:
        """Sends as many of the calls as there is room for. Of callers who were cancelled nothing is sent."""
        batch: list[bytes] = []
        size = 0
        while waiting and not self._paused and len(self._in_flight) < self._max_calls and self._bytes < self._max_bytes:
            call = waiting.popleft()
            if call.answered.done():
                continue
            try:
                wire = b"".join(map(packed, call.commands))
            except (RedisError, ValueError) as error:
                call.answered.set_exception(error)
                continue
            call.size = len(wire)
            self._bytes += len(wire)
            self._in_flight.append(call)
            batch.append(wire)
            size += len(wire)
            if size >= _BYTES_A_WRITE:
                self._transport.write(b"".join(batch))
                batch, size = [], 0
        if batch:
            self._transport.write(b"".join(batch))

    def give_up(self, error: type[RedisError], text: str) -> None:
        """Ends the connection at once. All calls that were sent fail with the error."""
        if not self.lost:
            self.lost = True
            self._transport.abort()
            in_flight, self._in_flight = self._in_flight, deque()
            for call in in_flight:
                call.fail(error(text))

    async def closed(self) -> None:
        """Waits until a connection that was given up is closed."""
        await asyncio.shield(self._closed)

    def data_received(self, data: bytes) -> None:
        """Hands out the replies that are complete."""
        try:
            self._replies.feed(data)
            self._hand_out()
        except hiredis.ProtocolError as error:
            self.give_up(NoConnectionError, f"the connection was given up: what came is no reply ({error})")
        self._on_change()

    def _hand_out(self) -> None:
        while (reply := self._replies.gets()) is not _NOTHING:
            if isinstance(reply, hiredis.PushNotification):
                continue
            if not self._in_flight:
                self.give_up(NoConnectionError, "the connection was given up: a reply came that nobody had asked for")
                return
            call = self._in_flight[0]
            call.replies.append(reply)
            if isinstance(reply, ReadOnlyError):
                self._read_only = self._paused = True
            if len(call.replies) == len(call.commands):
                self._in_flight.popleft()
                self._bytes -= call.size
                if not call.answered.done():
                    call.answered.set_result(call.replies)
        if self._read_only and not self._in_flight:
            self.give_up(NoConnectionError, "the server takes no writes any more")

    def pause_writing(self) -> None:
        """The server takes less than is sent."""
        self._paused = True

    def resume_writing(self) -> None:
        """The server has taken what was sent."""
        self._paused = self._read_only
        self._on_change()

    def eof_received(self) -> None:
        """The server sends nothing more, so what it has not taken yet need not go out."""
        self.give_up(NoConnectionError, "the server closed the connection before the answer came")

    def connection_lost(self, error: Exception | None) -> None:
        """Calls that are under way fail."""
        self.give_up(NoConnectionError, f"the connection was lost before the answer came ({error})")
        self._closed.set_result(None)
        self._on_change()


async def connect(connection: Any, timeout_s: float) -> None:
    """Lets a connection of redis-py connect and log in."""
    try:
        async with asyncio.timeout(timeout_s):
            await connection.connect()
    except TimeoutError:
        raise NoAnswerError(f"no connection within {timeout_s:g} s") from None


async def open_wire(connection: Any, timeout_s: float, limits: tuple[int, int], on_change: Callable[[], None]) -> Wire:
    """Lets a connection of redis-py connect and log in, and takes it over.

    `limits` are the greatest number of calls, and of bytes, that are under way at once.
    """
    try:
        with nothing_sent():
            await connect(connection, timeout_s)
            if await has_unread(connection):
                raise NoConnectionError("the connection was not in order after the login")
        # redis-py has no public way to hand over its connection.
        writer, connection._reader, connection._writer = connection._writer, None, None
        return Wire(writer, limits, on_change)
    except BaseException:
        await connection.disconnect(nowait=True)
        raise
