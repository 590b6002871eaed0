"""The engines at hand: what is there, in which version, and why something is not."""

import asyncio
import importlib
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import click
from redis.exceptions import AuthenticationError, RedisError

from flue_memdb.contract import FlueStoreError
from flue_memdb.verification import Engine, ReferenceEngine
from flue_valkey.adapter import valkey
from flue_valkey.cli.errors import CannotRunError, one_line
from flue_valkey.cli.versions import version_of
from flue_valkey.failures import LOGIN
from flue_valkey.inspection import inspect_server
from flue_valkey.runner import masked
from flue_valkey.servers.choice import NoServerError, find_server
from flue_valkey.servers.server import Server, ServerError
from flue_valkey.servers.url import UrlServer

KINDS = ("reference", "fakeredis", "valkey")
_INSTALL = "install it with: pip install 'flue-valkey[testing]'"


@dataclass(frozen=True, slots=True)
class EngineAtHand:
    """An engine that any process can open. Everything in a server's database stands under `prefix`."""

    kind: str
    name: str
    version: str
    url: str | None = field(default=None, repr=False)
    prefix: str = ""

    @property
    def description(self) -> str:
        """What stands behind the engine, with its version."""
        if self.kind == "reference":
            return f"in memory, of flue-valkey {self.version}"
        return self.name if self.version in self.name else f"{self.name} {self.version}"

    def open(self) -> Engine:
        """The engine. Engines over one server share nothing but the server."""
        if self.kind == "reference":
            return ReferenceEngine()
        # Only here: these modules need the extra `testing`.
        from flue_valkey.servers.engine import ValkeyEngine  # noqa: PLC0415

        if self.kind == "fakeredis":
            from flue_valkey.servers.fake import FakeServer  # noqa: PLC0415

            return ValkeyEngine(FakeServer())
        return ValkeyEngine(self.server())

    def server(self) -> Server:
        """The server of an engine of kind `valkey`, which is not ended with it."""
        return _StartedServer(self)


@dataclass(frozen=True, slots=True)
class EnginesAtHand:
    """The engines to use, the reference first, and of each that is not there the reason."""

    engines: tuple[EngineAtHand, ...]
    missing: dict[str, str]


class _StartedServer(Server):
    """A server that somebody else has started and will end."""

    def __init__(self, engine: EngineAtHand) -> None:
        self.name = engine.name
        self.version = engine.version
        self.url = engine.url
        self._prefix = engine.prefix

    async def start(self) -> None:
        """Nothing to do."""

    def new_prefix(self) -> str:
        return f"{self._prefix}:{secrets.token_hex(4)}"

    async def close(self) -> None:
        """Nothing to do."""


@contextmanager
def engines_at_hand(kinds: Sequence[str], url: str | None) -> Iterator[EnginesAtHand]:
    """The engines of these kinds, or all; one that was asked for by name and is not there is an error.

    A server that has to be started runs for the block. What stands under the prefix is removed in the end, whatever
    happened to the processes that used it.
    """
    if url == "":
        raise click.UsageError("--url is empty.")
    if url is not None and kinds and "valkey" not in kinds:
        raise click.UsageError("--url names a server for the engine valkey, which --engine leaves out.")
    wanted = set(kinds or KINDS)
    engines: list[EngineAtHand] = []
    missing: dict[str, str] = {}
    server: Server | None = None
    if "reference" in wanted:
        engines.append(EngineAtHand("reference", "reference", version_of("flue-valkey")))
    if "fakeredis" in wanted:
        _add_fakeredis(engines, missing)
    try:
        if "valkey" in wanted:
            server = _server(url, missing)
        if server is not None:
            prefix = server.new_prefix()
            asyncio.run(_require_usable(server, prefix))
            engines.append(EngineAtHand("valkey", server.name, server.version, server.url, prefix))
        for kind in kinds:
            if kind in missing:
                raise CannotRunError(f"{kind}: {missing[kind]}")
        yield EnginesAtHand(tuple(engines), missing)
    finally:
        if server is not None:
            _close(server)


def _add_fakeredis(engines: list[EngineAtHand], missing: dict[str, str]) -> None:
    reason = _not_importable("fakeredis", "lupa")
    if reason:
        missing["fakeredis"] = reason
    else:
        version = f"{version_of('fakeredis')}, Lua through lupa {version_of('lupa')}"
        engines.append(EngineAtHand("fakeredis", "fakeredis", version))


def _server(url: str | None, missing: dict[str, str]) -> Server | None:
    if reason := _not_importable("flue_valkey.servers.engine"):
        missing["valkey"] = reason
        return None
    try:
        return asyncio.run(find_server() if url is None else _named(url))
    except NoServerError as error:
        missing["valkey"] = one_line("; ".join(error.reasons))
        return None
    except ServerError as error:
        remedy = f"; check {LOGIN} in the URL" if isinstance(error.__cause__, AuthenticationError) else ""
        raise CannotRunError(f"{error}{remedy}") from error


def _not_importable(*modules: str) -> str | None:
    for module in modules:
        try:
            importlib.import_module(module)
        except ModuleNotFoundError as error:
            return f"{error.name} is missing; {_INSTALL}"
    return None


async def _named(url: str) -> Server:
    server = UrlServer(url, name="--url server")
    await server.start()
    return server


async def _require_usable(server: Server, prefix: str) -> None:
    """What an adapter would refuse to start on is no engine."""
    runner = server.runner()
    adapter = valkey(runner, key_prefix=f"{prefix}:check", inspect_server=False)
    try:
        await inspect_server(runner, "migrate")  # without the warning of a server that keeps nothing on disk
        await adapter.migrate()
    except FlueStoreError as error:
        where = f"{server.name} at {masked(server.url or '')}"
        raise CannotRunError(f"{where} cannot be used: {error.found}; {error.remedy}") from error
    finally:
        await adapter.close()


def _close(server: Server) -> None:
    try:
        asyncio.run(server.close())
    except RedisError as error:
        click.echo(f"warning: keys that start with flue-test- may be left on the server: {one_line(error)}", err=True)
