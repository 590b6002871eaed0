"""The adapter over a server, as an engine that the verification compares."""

import logging
from collections.abc import Callable
from functools import partial
from typing import Final

from flue_memdb import open_stores
from flue_memdb.clock import Clock
from flue_memdb.contract import Adapter, Json
from flue_memdb.verification.engines import Namespace
from flue_valkey.adapter import valkey
from flue_valkey.invariants import findings
from flue_valkey.keyspace import Keyspace, read_keyspace
from flue_valkey.runner import Runner
from flue_valkey.servers.disturbances import Disturbances
from flue_valkey.servers.part_watch import PartWatch
from flue_valkey.servers.server import Server
from flue_valkey.servers.small_parts import parts_are_usual
from flue_valkey.servers.thrift import waste
from flue_valkey.store.connection import log

_NEVER_S: Final = 1e6


class ValkeyNamespace:
    """A key prefix of its own on a server."""

    def __init__(self, server: Server, clock: Clock, new_id: Callable[[], str]) -> None:
        self._server = server
        self._clock = clock
        self._new_id = new_id
        self._prefix = server.new_prefix()
        self._reader: Runner | None = None
        self._disturbances: Disturbances | None = None
        self._parts = PartWatch(self._own_reader)

    def adapter(self, client: int) -> Adapter:  # noqa: ARG002 -- every client gets a connection of its own
        return self._adapter_over(self._parts.runner(self._server.runner()))

    def _adapter_over(self, runner: Runner) -> Adapter:
        return valkey(
            runner,
            key_prefix=self._prefix,
            inspect_server=False,  # whoever chose the server has looked at it
            look_every_s=_NEVER_S,  # what a tail is not told of, it has missed
            clock=self._clock,
            new_id=self._new_id,
        )

    async def keyspace(self) -> Json | None:
        return (await self._read()).as_json()

    async def findings(self) -> list[str]:
        if self._disturbances is not None:
            found = await self._disturbances.findings(self._read, self._save) + await self._waste()
        else:
            found = [str(finding) for finding in await findings(await self._read())]
        return found + self._parts.findings

    async def disturb(self, name: str, *args: Json) -> None:
        if self._disturbances is None:
            log.addFilter(_nothing)  # what was damaged on purpose needs no warning
            reader, process = self._own_reader(), partial(self.adapter, 0)
            self._disturbances = Disturbances(reader, self._prefix, self._clock, process, self._parts)
        await self._disturbances.make(name, *args)

    def names_damage(self, message: str) -> bool:
        return self._disturbances is not None and self._disturbances.names_damage(message)

    async def close(self) -> None:
        log.removeFilter(_nothing)
        if self._disturbances is not None:
            self._disturbances.end()
        if self._reader is not None:
            await self._reader.close()
        await self._server.remove(self._prefix)

    async def _save(self, session_key: str) -> None:
        async with open_stores(self.adapter(0)) as stores:
            await stores.sessions.save(session_key, {"entries": []})

    async def _waste(self) -> list[str]:
        """Of one session that peers have read or written, unless documents go in parts that are too small for it."""
        sessions = self._disturbances.sessions if self._disturbances is not None else ()
        for session_key in sessions if parts_are_usual() else ():
            return await waste(self._server.runner(), self._adapter_over, session_key)
        return []

    async def _read(self) -> Keyspace:
        return await read_keyspace(self._own_reader(), self._prefix)

    def _own_reader(self) -> Runner:
        if self._reader is None:
            self._reader = self._server.runner()
        return self._reader


def _nothing(_: logging.LogRecord) -> bool:
    return False


class ValkeyEngine:
    """The adapter over a server; the server is closed with the engine."""

    layout = "valkey"

    def __init__(self, server: Server) -> None:
        self.name = server.name
        self._server = server

    async def open(self, clock: Clock, new_id: Callable[[], str]) -> Namespace:
        await self._server.start()
        return ValkeyNamespace(self._server, clock, new_id)

    async def close(self) -> None:
        await self._server.close()
