"""The default runner: one connection for all callers."""

import asyncio
import copy
from collections import deque
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as NoConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as NoAnswerError

from flue_valkey.arguments import is_above_0
from flue_valkey.runner.channels import ChannelConnection, listening_over
from flue_valkey.runner.commands import CommandRunner
from flue_valkey.runner.seam import Command, NotSentError, Reply
from flue_valkey.runner.wire import Call, Wire, connect, open_wire


class MultiplexedRunner(CommandRunner):
    """A runner that shares one connection among all its callers. The client says how to make it.

    What is asked within one turn of the event loop goes out together, without waiting for the replies to what went out
    before. When `max_calls` or `max_bytes` are under way, or the server takes less than is sent, callers wait for their
    turn. No answer within `reply_timeout_s` from the call on is an error, and ends the connection with all that was
    sent on it. The next call then makes a new one, in one attempt that takes at most `connect_timeout_s`; so it does
    when the server refused a call because it takes no writes, as a primary that became a replica.

    A runner belongs to one event loop at a time: to another only when the first is closed, as by `asyncio.run`.
    """

    def __init__(
        self,
        client: Redis,
        *,
        connect_timeout_s: float = 5.0,
        reply_timeout_s: float = 30.0,
        max_calls: int = 1024,
        max_bytes: int = 16 * 1024 * 1024,
    ) -> None:
        for name, value in {
            "connect_timeout_s": connect_timeout_s,
            "reply_timeout_s": reply_timeout_s,
            "max_calls": max_calls,
            "max_bytes": max_bytes,
        }.items():
            if not is_above_0(value):
                raise ValueError(f"{name} is {value!r}; give a number above 0")
        self._pool: Any = client.connection_pool
        self._connect_timeout_s = connect_timeout_s
        self._reply_timeout_s = reply_timeout_s
        self._limits = (max_calls, max_bytes)
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: deque[Call] = deque()
        self._due = False
        self._timer: asyncio.TimerHandle | None = None
        self._wire: Wire | None = None
        self._connecting: asyncio.Task[None] | None = None

    async def close(self) -> None:
        """Closes the connection. Commands that are under way, or still wait to be sent, fail."""
        self._belong_to(asyncio.get_running_loop())
        self._closed = True
        self._fail_waiting(NotSentError("the runner is closed"))
        if self._timer is not None:
            self._timer.cancel()
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.wait([self._connecting])
        if self._wire is not None:
            self._wire.give_up(NoConnectionError, "the runner is closed")
            await self._wire.closed()

    def listening(self) -> AbstractAsyncContextManager[ChannelConnection]:
        """A connection of its own for the length of the block."""
        connection = self._pool.make_connection()
        return listening_over(connection, lambda: connect(connection, self._connect_timeout_s))

    async def _exchange(self, commands: Sequence[Command]) -> list[Reply]:
        if self._closed:
            raise NotSentError("the runner is closed")
        loop = asyncio.get_running_loop()
        self._belong_to(loop)
        call = Call(commands, loop.create_future(), loop.time() + self._reply_timeout_s)
        self._waiting.append(call)
        self._send_soon()
        if self._timer is None:
            self._timer = loop.call_at(call.deadline, self._end_overdue)
        return await call.answered

    def _belong_to(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._loop is loop:
            return
        if self._loop is not None and not self._loop.is_closed():
            raise RuntimeError("this runner is in use by another event loop; make an adapter for each")
        self._loop = loop
        # What is left of a closed loop cannot be closed any more, only be forgotten.
        self._waiting, self._due, self._timer, self._wire, self._connecting = deque(), False, None, None, None

    def _send_soon(self) -> None:
        """What else is asked in this turn of the loop goes out with it."""
        if not self._due and self._waiting and self._loop is not None:
            self._due = True
            self._loop.call_soon(self._send)

    def _send(self) -> None:
        self._due = False
        if not self._waiting:
            return
        if self._wire is None or self._wire.lost:
            if self._connecting is None:
                self._connecting = asyncio.create_task(self._connect())
                self._connecting.add_done_callback(self._connecting_ended)
        elif self._wire.has_news():  # perhaps the server closed it meanwhile: the loop reads first
            self._send_soon()
        else:
            self._wire.send(self._waiting)

    async def _connect(self) -> None:
        """One attempt, for all who wait for it."""
        try:
            connection = self._pool.make_connection()
            self._wire = await open_wire(connection, self._connect_timeout_s, self._limits, self._send_soon)
        except RedisError as error:
            self._fail_waiting(error)
        except Exception as error:
            self._fail_waiting(NotSentError(f"connecting was broken off ({error!r})"))
            raise

    def _connecting_ended(self, task: "asyncio.Task[None]") -> None:
        """Called however it ended, as a task that is cancelled before it begins does nothing."""
        self._connecting = None
        if task.cancelled():
            self._fail_waiting(NotSentError("connecting was broken off"))
        self._send_soon()

    def _fail_waiting(self, error: RedisError) -> None:
        waiting, self._waiting = self._waiting, deque()
        for call in waiting:
            call.fail(copy.copy(error))

    def _end_overdue(self) -> None:
        """Called when the oldest call was due, which may have been answered since."""
        loop = asyncio.get_running_loop()
        oldest = self._wire.oldest if self._wire else None
        if self._wire and oldest and oldest.deadline <= loop.time():
            oldest = None
            self._wire.give_up(NoAnswerError, f"none within {self._reply_timeout_s:g} s; the connection was given up")
        while self._waiting and (self._waiting[0].answered.done() or self._waiting[0].deadline <= loop.time()):
            self._waiting.popleft().fail(NotSentError(f"not sent within {self._reply_timeout_s:g} s"))
        if self._waiting:
            oldest = oldest or self._waiting[0]
        self._timer = loop.call_at(oldest.deadline, self._end_overdue) if oldest else None
