"""A crowd: many clients in several processes on one server at once, and the histories of what they did."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context

from flue_memdb.clock import ManualClock
from flue_memdb.contract import Stores
from flue_memdb.verification.concurrency import plan, run_plans
from flue_memdb.verification.histories import Call, History
from flue_memdb.verification.observations import Operation
from flue_valkey.adapter import ValkeyAdapter, valkey
from flue_valkey.servers.server import Server

AT = 1_780_000_000_000
"""Where the clock stands during a history."""

_HEAD_START_NS = 5_000_000


@dataclass(frozen=True, slots=True)
class _Party:
    """The clients of one process."""

    url: str
    prefix: str
    seed: str
    clients: Sequence[int]
    operations: int
    start_ns: int


class Crowd:
    """Clients that are spread over processes; `crowd()` makes one. Each client has a connection of its own."""

    def __init__(self, pool: ProcessPoolExecutor, processes: int, clients: int) -> None:
        self._pool = pool
        self._parties = [range(first, clients, processes) for first in range(processes)]
        self._clients = clients

    async def history(self, server: Server, seed: int | str, operations: int) -> History:
        """What came of `operations` calls in all, on an empty namespace that is removed afterwards."""
        if server.url is None:
            raise ValueError(f"{server.name} has no URL, so no other process can reach it")
        prefix = server.new_prefix()
        await _migrate(server.url, prefix)
        start_ns = time.monotonic_ns() + _HEAD_START_NS
        loop = asyncio.get_running_loop()
        each = operations // self._clients
        parties = [_Party(server.url, prefix, str(seed), clients, each, start_ns) for clients in self._parties]
        try:
            calls = await asyncio.gather(*(loop.run_in_executor(self._pool, _act, party) for party in parties))
        finally:
            await server.remove(prefix)
        return History(AT, [call for part in calls for call in part])


@contextmanager
def crowd(processes: int = 2, clients: int = 8) -> Iterator[Crowd]:
    """A crowd of so many clients; its processes end with the block."""
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        yield Crowd(pool, processes, clients)


async def _migrate(url: str, prefix: str) -> None:
    adapter = _adapter(url, prefix)
    try:
        await adapter.migrate()
    finally:
        await adapter.close()


def _act(party: _Party) -> list[Call]:
    """Runs in a process of its own."""
    return asyncio.run(_act_together(party))


async def _act_together(party: _Party) -> list[Call]:
    adapters = [_adapter(party.url, party.prefix) for _ in party.clients]
    try:
        clients: list[tuple[Stores, int, list[Operation]]] = [
            (await adapter.connect(), client, plan(party.seed, client, party.operations))
            for adapter, client in zip(adapters, party.clients, strict=True)
        ]
        await asyncio.sleep(max(0, party.start_ns - time.monotonic_ns()) / 1e9)
        return await run_plans(clients)
    finally:
        for adapter in adapters:
            await adapter.close()


def _adapter(url: str, prefix: str) -> ValkeyAdapter:
    # Whoever chose the server has looked at it, and need not be warned for each history.
    return valkey(url, key_prefix=prefix, clock=ManualClock(AT), inspect_server=False)
