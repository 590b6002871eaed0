"""`valkey()`: the adapter over a Valkey server."""

from collections.abc import Callable
from typing import Final

from redis import Redis as BlockingRedis
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from flue_memdb.clock import Clock, clock_or_system
from flue_memdb.contract import CorruptRecordError, SchemaVersionError, Stores
from flue_memdb.contract.ids import random_id
from flue_memdb.contract.limits import SCHEMA_VERSION
from flue_valkey.arguments import is_above_0
from flue_valkey.failures import raised_as_store_errors
from flue_valkey.inspection import inspect_server, warn_of_volatile_server
from flue_valkey.layout import PREFIX, key
from flue_valkey.runner import Runner, runner_from_url
from flue_valkey.store.connection import Connection
from flue_valkey.store.events import Events
from flue_valkey.store.runs import Runs
from flue_valkey.store.sessions import Sessions
from flue_valkey.store.submissions import Submissions
from flue_valkey.store.tails import ServerTails

LOOK_EVERY_S: Final = 5.0
"""How often a tail looks for events of which it was not told, such as those of the Node.js adapter."""

_VERSION: Final = str(SCHEMA_VERSION)


class ValkeyAdapter:
    """One process's way to a namespace on a server; `valkey()` makes one."""

    def __init__(self, connection: Connection, *, inspect: bool, session_cache_bytes: int) -> None:
        self._connection = connection
        self._inspect = inspect
        self._stores = Stores(
            sessions=Sessions(connection, session_cache_bytes),
            submissions=Submissions(connection),
            runs=Runs(connection),
            events=Events(connection),
        )

    async def migrate(self) -> None:
        """Inspects the server and brings the namespace to schema version 3.

        A version that is not known, newer ones included, is a `SchemaVersionError`; a server that does not meet the
        requirements is a `ServerRequirementError`. In both cases nothing was written. Of a server that keeps nothing on
        disk the log (`flue_valkey`) has a warning.
        """
        await self._inspected("migrate")
        if self._inspect:
            await warn_of_volatile_server(self._connection.runner, "migrate")
        tag, *found = await self._connection.call("migrate", "migrate", [], {"version": _VERSION})
        if tag == "unsupported":
            raise self._unsupported("migrate", found[0])

    async def connect(self) -> Stores:
        """Inspects the server and gives the four stores; a namespace that is not at version 3 is refused."""
        await self._inspected("connect")
        meta = key(self._connection.prefix, "meta")
        with raised_as_store_errors("connect"):
            try:
                version = await self._connection.runner.command("HGET", meta, "schemaVersion")
            except ResponseError as error:
                if not str(error).startswith("WRONGTYPE"):
                    raise
                raise CorruptRecordError("connect", f"key {meta}", "is no hash") from error
        if version != _VERSION.encode():
            raise self._unsupported("connect", version)
        return self._stores

    async def close(self) -> None:
        """Closes the connection to the server; may be called twice."""
        await self._connection.close()

    async def _inspected(self, operation: str) -> None:
        self._connection.require_open(operation)
        if self._inspect:
            await inspect_server(self._connection.runner, operation)

    def _unsupported(self, operation: str, version: object) -> SchemaVersionError:
        shown = version.decode(errors="replace") if isinstance(version, bytes) else version
        found = "has no schema version" if version is None else f"has schema version {shown}"
        remedy = "call migrate() first" if version in (None, b"2") else "use a version of flue-valkey that knows it"
        return SchemaVersionError(
            operation, f"namespace {self._connection.prefix!r}", f"{found}, this adapter reads {_VERSION}", remedy
        )


def valkey(
    url_or_runner: str | Runner,
    *,
    key_prefix: str = PREFIX,
    inspect_server: bool = True,
    clock: Clock | None = None,
    new_id: Callable[[], str] | None = None,
    session_cache_bytes: int = 128 * 1024 * 1024,
    look_every_s: float = LOOK_EVERY_S,
) -> ValkeyAdapter:
    """An adapter for the server at a URL (`redis://`, `rediss://`, `valkey://`, `valkeys://`, `unix://`), or behind a
    runner.

    `key_prefix` names the namespace; trailing colons are stripped. `inspect_server=False` skips the check of the
    server's settings, for servers that answer neither CONFIG nor INFO. `clock` gives epoch ms, `new_id` names that
    nobody else has. `session_cache_bytes` bounds what is remembered of session documents, thanks to which a save sends
    what changed and a load fetches what is new; 0 remembers nothing. `look_every_s` says how often a tail of an event
    stream looks for events that nobody told of.

    Does no I/O; a bad URL, prefix or number is a `ValueError`. The adapter owns the runner: closing the one closes the
    other.
    """
    prefix = _checked_prefix(key_prefix)
    if not is_above_0(look_every_s):
        raise ValueError(f"valkey: look_every_s is {look_every_s!r}; give a number above 0")
    if session_cache_bytes != 0 and not is_above_0(session_cache_bytes):
        raise ValueError(f"valkey: session_cache_bytes is {session_cache_bytes!r}; give a number of bytes, or 0")
    given: object = url_or_runner
    if not isinstance(given, str) and not _is_runner(given):
        raise TypeError(f"valkey: got a {type(given).__name__}; give a URL, a runner, or RedisRunner(client)")
    runner = runner_from_url(url_or_runner) if isinstance(url_or_runner, str) else url_or_runner
    connection = Connection(
        runner, prefix, clock_or_system(clock), new_id or random_id, ServerTails(runner, prefix), look_every_s
    )
    return ValkeyAdapter(connection, inspect=inspect_server, session_cache_bytes=session_cache_bytes)


def _checked_prefix(given: object) -> str:
    prefix = given.rstrip(":") if isinstance(given, str) else ""
    if not prefix:
        raise ValueError(f"valkey: key_prefix is {given!r}; give a name such as {PREFIX!r}")
    try:
        prefix.encode()
    except UnicodeEncodeError:
        raise ValueError(f"valkey: key_prefix {given!r} holds a surrogate; give a name such as {PREFIX!r}") from None
    return prefix


def _is_runner(given: object) -> bool:
    # A client has methods of the runner's names, and would fail much later; a class is not one of its things.
    if isinstance(given, (Redis, BlockingRedis, type)):
        return False
    return all(callable(getattr(given, name, None)) for name in ("command", "eval", "pipeline", "close"))
