"""The seam to a driver: four coroutines that carry commands to a server and bring its replies back untouched."""

import asyncio
import copy
import functools
import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, Protocol, TypeAlias
from urllib.parse import parse_qs, urlsplit

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, DataError, NoScriptError, ResponseError
from redis.exceptions import ConnectionError as NoConnectionError
from redis.exceptions import TimeoutError as NoAnswerError
from redis.maint_notifications import MaintNotificationsConfig

Arg: TypeAlias = str | bytes | int
Command: TypeAlias = Sequence[Arg]
Reply: TypeAlias = Any
"""`bytes` (of a status too: `b"OK"`), `int`, `None`, or a list of these; over RESP3 also a dict, a float or a bool."""

_SCHEMES = {"redis": "redis", "rediss": "rediss", "valkey": "redis", "valkeys": "rediss", "unix": "unix"}
_QUERY_NAMES = {"db", "protocol", "client_name", "username", "password"}
_SECRETS = (
    re.compile(r"^((?:\w+://)?(?:[^:/@]*:)?).*(@)", re.DOTALL),
    re.compile(r"(://[^/?@\[]*:)(?!\d*(?:[/?]|$))[^@]*$()", re.DOTALL),  # no @ follows, and it is no port
    re.compile(r"([?&](?!(?:db|protocol|client_name|username|ssl_\w+)=)[^=&#]*=)[^&#]*()"),
    re.compile(r"(#).*()", re.DOTALL),
)


class NotSentError(NoConnectionError):
    """There was no connection, so the server was asked nothing."""


class Runner(Protocol):
    """What the adapter needs of a driver. It raises redis-py's exceptions, and `NotSentError` where it sent nothing.

    Nothing that may have run is ever sent again: after a lost connection or a time-out it is the caller who knows
    whether a command can be repeated.
    """

    async def command(self, *args: Arg) -> Reply:
        """The server's reply to one command, as it came."""
        ...

    async def eval(self, script: str, keys: Sequence[Arg], args: Sequence[Arg]) -> Reply:
        """What the script returns. `script` is its text; it travels only when the server does not know it."""
        ...

    async def pipeline(self, commands: Sequence[Command]) -> list[Reply]:
        """The replies to all commands, sent in one go and run in order, but not as a transaction.

        All of them are run even if one is refused; the first refusal is raised.
        """
        ...

    async def close(self) -> None:
        """Closes the connections. Commands that are under way fail."""
        ...


class RedisRunner:
    """A runner over a `redis.asyncio` client, or fakeredis's: a connection of its pool for each call.

    It takes only connections from the client, and speaks to them itself. That leaves out the two things that a client
    adds to a command: callbacks, which give replies another shape for each command, protocol and version of redis-py,
    and retries, which repeat a command that may have run (redis-py 8 does so ten times by default).
    """

    def __init__(self, client: Redis) -> None:
        if client.connection_pool.connection_kwargs.get("decode_responses"):
            raise ValueError(
                "the client decodes replies to text, and not every reply is text: make it without decode_responses=True"
            )
        self._client = client
        self._closed = False
        self._pool: Any = client.connection_pool  # redis-py leaves some of its methods without annotations

    async def command(self, *args: Arg) -> Reply:
        """The server's reply to one command, as it came."""
        return (await self.pipeline([args]))[0]

    async def eval(self, script: str, keys: Sequence[Arg], args: Sequence[Arg]) -> Reply:
        """What the script returns. `script` is its text; it travels only when the server does not know it."""
        try:
            return await self.command("EVALSHA", _sha1(script), len(keys), *keys, *args)
        except NoScriptError:  # so it has not run
            return await self.command("EVAL", script, len(keys), *keys, *args)

    async def pipeline(self, commands: Sequence[Command]) -> list[Reply]:
        """The replies to all commands, sent in one go and run in order, but not as a transaction.

        All of them are run even if one is refused; the first refusal is raised.
        """
        replies = await self._exchange([tuple(map(_encoded, command)) for command in commands])
        for reply in replies:
            if isinstance(reply, ResponseError):
                raise reply
        return replies

    async def close(self) -> None:
        """Closes the connections. Commands that are under way fail."""
        self._closed = True
        await self._client.aclose()

    async def _exchange(self, commands: Sequence[tuple[bytes, ...]]) -> list[Reply]:
        """One reply for each command; a refusal is the exception itself."""
        if not commands:
            return []
        self._require_open()
        with _nothing_sent():
            connection = await self._pool.get_connection()
        try:
            # A connection that the server closed while nobody used it is found out before anything is sent on it. The
            # pool looks as well, but not where notifications of maintenance are on, which is redis-py's default.
            with _nothing_sent():
                if await connection.can_read():
                    await connection.disconnect()
                    await connection.connect()
            await connection.send_packed_command(connection.pack_commands(commands))
            return [await _reply(connection) for _ in commands]
        finally:
            # A connection whose replies were not all read has closed itself by now. It goes back to the pool even when
            # this task is cancelled a second time.
            await asyncio.shield(self._pool.release(connection))

    def _require_open(self) -> None:
        if self._closed:
            raise NotSentError("the runner is closed")


class MultiplexedRunner(RedisRunner):
    """A runner that shares one connection among all its callers.

    What is asked while an exchange is under way goes out together as the next one: many callers cost few round trips
    and one connection. A caller that is cancelled leaves the others' replies in order. It belongs to one event loop at
    a time: to another only when the first is closed, as by `asyncio.run`.
    """

    def __init__(self, client: Redis) -> None:
        super().__init__(client)
        self._waiting: list[tuple[Sequence[tuple[bytes, ...]], asyncio.Future[list[Reply]]]] = []
        self._sender: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def close(self) -> None:
        """Closes the connection. Commands that are under way, or still wait to be sent, fail."""
        waiting, self._waiting = self._waiting, []
        for _, future in waiting:
            if not future.done():
                future.set_exception(NotSentError("the runner is closed"))
        await super().close()

    def _belong_to(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._loop is loop:
            return
        if self._loop is not None:
            if not self._loop.is_closed():
                raise RuntimeError("this runner is in use by another event loop; make an adapter for each")
            # What is left of a closed loop cannot be closed any more, only be forgotten.
            self._pool.reset()
            self._waiting, self._sender = [], None
        self._loop = loop

    async def _exchange(self, commands: Sequence[tuple[bytes, ...]]) -> list[Reply]:
        self._require_open()
        loop = asyncio.get_running_loop()
        self._belong_to(loop)
        replies: asyncio.Future[list[Reply]] = loop.create_future()
        self._waiting.append((commands, replies))
        if self._sender is None or self._sender.done():
            self._sender = asyncio.create_task(self._send())
        return await replies

    async def _send(self) -> None:
        while self._waiting:
            batch = [(commands, future) for commands, future in self._waiting if not future.done()]
            self._waiting = []
            try:
                replies = await super()._exchange([command for commands, _ in batch for command in commands])
            except asyncio.CancelledError:
                for _, future in batch + self._waiting:
                    future.cancel()
                self._waiting = []
                raise
            except Exception as error:
                for _, future in batch:
                    if not future.done():
                        # Each caller raises its own, with its own traceback.
                        future.set_exception(copy.copy(error))
            else:
                for commands, future in batch:
                    own, replies = replies[: len(commands)], replies[len(commands) :]
                    if not future.done():
                        future.set_result(own)


def runner_from_url(
    url: str,
    *,
    protocol: Literal[2, 3] | None = None,
    connect_timeout_s: float = 5.0,
    reply_timeout_s: float = 30.0,
) -> Runner:
    """A runner with one connection, which is made at the first command.

    `url` is `redis://`, `valkey://` (the same), `rediss://`, `valkeys://` (the same, with TLS) or `unix://`, with user,
    password and database; anything else is a `ValueError`, which does not show the password. `protocol` is the version
    of RESP; without it redis-py's default holds.
    """
    options: dict[str, Any] = {} if protocol is None else {"protocol": protocol}
    try:
        client = Redis.from_url(
            _checked(url),
            socket_connect_timeout=connect_timeout_s,
            socket_timeout=reply_timeout_s,
            retry=Retry(NoBackoff(), 0),  # of connecting; commands are never repeated
            maint_notifications_config=MaintNotificationsConfig(enabled=False),  # Valkey has none
            **options,
        )
    except ValueError as error:
        # The parsers quote what they cannot read, and that may be a piece of the password: hence `from None`.
        reason = str(error) if isinstance(error, _BadUrlError) else "it cannot be read"
        raise ValueError(
            f"no server URL: {masked(url)}: {reason}; "
            "give one like redis://user:password@127.0.0.1:6379/0, with special characters of the password as %XX"
        ) from None
    return MultiplexedRunner(client)


def masked(url: str) -> str:
    """`url` with its password masked. It also masks rather too much than too little of what is no URL."""
    for secret in _SECRETS:
        url = secret.sub(r"\1***\2", url)
    return url


class _BadUrlError(ValueError):
    """A reason that can be shown."""


def _checked(url: str) -> str:
    """`url` as redis-py knows it. What redis-py would pass over in silence is refused here."""
    _, mark, rest = url.partition("://")
    parts = urlsplit(url)
    if not mark or parts.scheme not in _SCHEMES:
        raise _BadUrlError(f"its scheme is none of {', '.join(f'{scheme}://' for scheme in _SCHEMES)}")
    if parts.fragment:
        raise _BadUrlError("it has a #")
    if parts.scheme == "unix":
        if not parts.path.strip("/"):
            raise _BadUrlError("it names no socket")
    elif not re.fullmatch(r"(/[0-9]*)?", parts.path):
        raise _BadUrlError("what stands after the host is no database number")
    if parts.port == 0:
        raise _BadUrlError("its port is 0")
    for name in parse_qs(parts.query, keep_blank_values=True):
        if name not in _QUERY_NAMES and not (_SCHEMES[parts.scheme] == "rediss" and name.startswith("ssl_")):
            raise _BadUrlError("it has an option that is not known")
    return f"{_SCHEMES[parts.scheme]}://{rest}"


@contextmanager
def _nothing_sent() -> Iterator[None]:
    """Raises what keeps the block from making a connection as `NotSentError`, but for a refusal by the server."""
    try:
        yield
    except AuthenticationError:
        raise
    except (NoConnectionError, NoAnswerError, OSError, TimeoutError) as error:
        raise NotSentError(str(error) or type(error).__name__) from error


async def _reply(connection: Any) -> Reply:
    try:
        return await connection.read_response()
    except ResponseError as refusal:
        return refusal


def _encoded(arg: Arg) -> bytes:
    if isinstance(arg, str):
        return arg.encode()
    if isinstance(arg, int):
        return b"%d" % arg
    if isinstance(arg, bytes):
        return arg
    raise DataError(f"an argument is str, bytes or int, not {type(arg).__name__}")  # before any of them is sent


@functools.lru_cache(maxsize=1024)
def _sha1(script: str) -> str:
    # In lower case: fakeredis knows no other. It is the server's name for the script, not a safeguard.
    return hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()
