"""The runners' common part: commands, scripts and pipelines as exchanges of bytes for replies."""

import asyncio
import functools
import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import hiredis
from redis.exceptions import AuthenticationError, DataError, NoScriptError, RedisError, ResponseError
from redis.exceptions import ConnectionError as NoConnectionError
from redis.exceptions import TimeoutError as NoAnswerError

from flue_valkey.runner.seam import Arg, Command, NotSentError, Reply

_SENDABLE = frozenset({str, bytes, int})


class CommandRunner(ABC):
    """Base of the runners."""

    async def command(self, *args: Arg) -> Reply:
        """The server's reply to one command, as it came."""
        return _accepted(await self._exchange([args]))[0]

    async def eval(self, script: str, keys: Sequence[Arg], args: Sequence[Arg]) -> Reply:
        """What the script returns. `script` is its text; it travels only when the server does not know it."""
        replies = await self._exchange([("EVALSHA", _sha1(script), len(keys), *keys, *args)])
        if isinstance(replies[0], NoScriptError):  # so it has not run
            replies = await self._exchange([("EVAL", script, len(keys), *keys, *args)])
        return _accepted(replies)[0]

    async def pipeline(self, commands: Sequence[Command]) -> list[Reply]:
        """The replies to all commands, sent in one go and run in order, but not as a transaction.

        All of them are run even if one is refused; the first refusal is raised.
        """
        return _accepted(await self._exchange(commands)) if commands else []

    @abstractmethod
    async def _exchange(self, commands: Sequence[Command]) -> list[Reply]:
        """One reply for each command; a refusal is the exception itself."""


def _accepted(replies: list[Reply]) -> list[Reply]:
    for reply in replies:
        if isinstance(reply, RedisError):
            raise reply
    return replies


def packed(command: Command) -> bytes:
    """A command as it goes over the wire. What cannot be sent is a `DataError` or a `UnicodeEncodeError`."""
    if not command:
        raise DataError("a command has no words")  # the server would pass over it, without a reply
    # Only for types that are not these very ones is a closer look needed, which takes longer than the packing.
    plain: Sequence[Any] = command if _SENDABLE.issuperset(map(type, command)) else list(map(_encoded, command))
    wire: bytes = hiredis.pack_command(tuple(plain))
    return wire


@contextmanager
def nothing_sent() -> Iterator[None]:
    """Raises what keeps the block from making a connection as `NotSentError`, but for a refusal by the server.

    That is an `AuthenticationError`, also of a database that cannot be had: `ResponseError` is for commands.
    """
    try:
        yield
    except AuthenticationError:
        raise
    except ResponseError as error:
        raise AuthenticationError(str(error)) from error
    except (NoConnectionError, NoAnswerError, OSError, TimeoutError) as error:
        raise NotSentError(str(error) or type(error).__name__) from error


@contextmanager
def cancellation_kept() -> Iterator[None]:
    """Raises at its end a cancellation that the block has swallowed.

    redis-py sends by `asyncio.wait_for`, which on Python 3.11 swallows one that comes when all is sent.
    """
    task = cast("asyncio.Task[object]", asyncio.current_task())
    asked = task.cancelling()
    try:
        yield
    finally:
        if task.cancelling() > asked:
            raise asyncio.CancelledError


def _encoded(arg: Arg) -> bytes:
    if isinstance(arg, str):
        return arg.encode()
    if isinstance(arg, int):
        return b"%d" % arg
    if isinstance(arg, bytes):
        return arg
    raise DataError(f"an argument is str, bytes or int, not {type(arg).__name__}")


@functools.lru_cache(maxsize=1024)
def _sha1(script: str) -> str:
    # In lower case: fakeredis knows no other. It is the server's name for the script, not a safeguard.
    return hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()
