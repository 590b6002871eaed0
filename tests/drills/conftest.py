"""A drill's clients in this process, side by side on one namespace of any server."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from flue_memdb import Stores
from flue_memdb.verification.histories import Call
from flue_valkey import valkey
from flue_valkey.adapter import ValkeyAdapter
from flue_valkey.drills.caller import Caller
from flue_valkey.drills.ledger import Ledger, read_ledgers
from flue_valkey.drills.load import Client
from flue_valkey.keyspace import Keyspace, read_keyspace
from flue_valkey.servers.server import Server


class Ticking:
    """A clock that goes on by half a second each time that somebody looks at it."""

    def __init__(self) -> None:
        self._now_ms = 1_780_000_000_000

    def __call__(self) -> int:
        self._now_ms += 500
        return self._now_ms


class Drilled:
    """Clients with adapters of their own, and what they called."""

    def __init__(self, server: Server, folder: Path, patience_s: float) -> None:
        self._server = server
        self._patience_s = patience_s
        self.prefix = server.new_prefix()
        self._path = folder / f"{self.prefix}.jsonl"
        self._ledger = Ledger(self._path)
        self.reader = server.runner()
        self._adapters: list[ValkeyAdapter] = []
        self.clock = Ticking()

    async def stores(self) -> Stores:
        inspected = self._server.inspectable
        runner = self._server.runner()
        adapter = valkey(runner, key_prefix=self.prefix, clock=self.clock, inspect_server=inspected)
        self._adapters.append(adapter)
        await adapter.migrate()
        return await adapter.connect()

    def caller(self, stores: Stores) -> tuple[Caller, Callable[[], list[Call]]]:
        """A caller, and what gives all calls until now."""
        return Caller(stores, 0, self._ledger, never), lambda: read_ledgers([self._path])

    async def space(self) -> Keyspace:
        return await read_keyspace(self.reader, self.prefix)

    async def run(self, seed: int, clients: int, units: int, caller: type[Caller] = Caller) -> list[Call]:
        """The calls of clients that do so many units of work in all, and settle what they have begun."""
        at_work = [
            Client(
                caller(await self.stores(), number, self._ledger, never),
                random.Random(f"{seed}/{number}"),
                self.clock,
                clients,
                self._patience_s,
            )
            for number in range(clients)
        ]
        finished = self._after(units)
        await asyncio.gather(*(client.run(finished, settles=True) for client in at_work))
        return read_ledgers([self._path])

    def _after(self, units: int) -> Callable[[], bool]:
        left = units

        def finished() -> bool:
            nonlocal left
            left -= 1
            return left < 0

        return finished

    async def close(self) -> None:
        self._ledger.__exit__(None, None, None)
        for adapter in self._adapters:
            await adapter.close()
        await self.reader.close()
        await self._server.remove(self.prefix)


async def never() -> None:
    raise AssertionError("the server went away")


@pytest.fixture
async def open_drilled(tmp_path: Path) -> AsyncIterator[Callable[..., Drilled]]:
    opened: list[Drilled] = []

    def make(server: Server, patience_s: float = 30.0) -> Drilled:
        opened.append(Drilled(server, tmp_path, patience_s))
        return opened[-1]

    yield make
    for drilled in opened:
        await drilled.close()
