"""What is measured: the adapter over a server that is empty."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from benchmarks.measure import ServerTime
from benchmarks.reference import STREAM
from flue_memdb import Stores
from flue_valkey import valkey
from flue_valkey.runner import Runner
from flue_valkey.servers.server import Server

IN_FLIGHT = (1, 32)


@asynccontextmanager
async def emptied(server: Server) -> AsyncIterator[Runner]:
    """A connection to a throwaway server, of which everything was removed."""
    runner = server.runner()
    try:
        await runner.command("FLUSHALL")
        yield runner
    finally:
        await runner.close()


async def stores_over(
    runner: Runner, *, inspect_server: bool = True, session_cache_bytes: int = 128 * 1024 * 1024
) -> Stores:
    """The adapter's stores over the connection, with an event stream."""
    adapter = valkey(runner, inspect_server=inspect_server, session_cache_bytes=session_cache_bytes)
    await adapter.migrate()
    stores = await adapter.connect()
    await stores.events.create_stream(STREAM)
    return stores


def server_time(runner: Runner, *, main_thread: bool = False) -> ServerTime:
    """What asks for the processor time of the server behind the connection, or of its thread that serves callers."""
    suffix = "_main_thread" if main_thread else ""

    async def seconds() -> float:
        lines = (await runner.command("INFO", "cpu")).decode().splitlines()
        used = dict(line.split(":") for line in lines if ":" in line)
        return float(used[f"used_cpu_user{suffix}"]) + float(used[f"used_cpu_sys{suffix}"])

    return seconds


def callers(in_flight: int) -> str:
    """How a number of callers is named."""
    return "one at a time" if in_flight == 1 else f"{in_flight} in flight"
