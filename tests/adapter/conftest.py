"""The adapter over each kind of server."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from flue_memdb import ManualClock, Stores
from flue_valkey import Runner, valkey
from flue_valkey.adapter import ValkeyAdapter
from flue_valkey.invariants import findings
from flue_valkey.keyspace import read_keyspace
from flue_valkey.servers.server import Server


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1_780_000_000_000)


@pytest.fixture
async def open_adapter(server: Server, prefix: str, clock: ManualClock) -> AsyncIterator[Callable[[], ValkeyAdapter]]:
    adapters: list[ValkeyAdapter] = []

    def make() -> ValkeyAdapter:
        inspected = server.inspectable
        adapters.append(valkey(server.runner(), key_prefix=prefix, clock=clock, inspect_server=inspected))
        return adapters[-1]

    yield make
    for adapter in adapters:
        await adapter.close()


@pytest.fixture
async def stores(open_adapter: Callable[[], ValkeyAdapter]) -> Stores:
    adapter = open_adapter()
    await adapter.migrate()
    return await adapter.connect()


@pytest.fixture
def invariants(runner: Runner, prefix: str) -> Callable[[], Awaitable[list[str]]]:
    """What contradicts the layout now, a text each."""

    async def read() -> list[str]:
        return [str(finding) for finding in await findings(await read_keyspace(runner, prefix))]

    return read
