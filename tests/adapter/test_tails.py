"""Tails on a server: woken by what the scripts publish, and looking by themselves for what nobody published."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing
from typing import TypeAlias

import pytest

from flue_memdb import AdapterClosedError, Stores, open_stores
from flue_valkey import NotSentError, Runner, valkey
from flue_valkey.servers.counting import CountingRunner
from flue_valkey.servers.fake import FakeServer
from flue_valkey.servers.server import Server
from tests.adapter.listeners import listened_to
from tests.adapter.peer import append_untold
from tests.skipping_loop import run_skipping

pytestmark = pytest.mark.timeout(60)  # what is not told of is waited for in vain

PATH = "p"
NEVER_S = 1e6
Process: TypeAlias = Callable[..., Awaitable[Stores]]


class Bare:
    """A runner with the four coroutines and no more."""

    def __init__(self, runner: Runner) -> None:
        self.command, self.eval, self.pipeline, self.close = runner.command, runner.eval, runner.pipeline, runner.close


@pytest.fixture
async def process(server: Server, prefix: str) -> AsyncIterator[Process]:
    """Stores of another process over the namespace, whose tails look by themselves only if it is said."""
    async with AsyncExitStack() as stack:

        async def make(runner: Runner | None = None, look_every_s: float = NEVER_S) -> Stores:
            adapter = valkey(
                runner or server.runner(),
                key_prefix=prefix,
                inspect_server=server.inspectable,
                look_every_s=look_every_s,
            )
            return await stack.enter_async_context(open_stores(adapter))

        yield make


@pytest.mark.parametrize("protocol", [2, 3])
async def test_it_is_woken_by_appends_and_the_close_of_other_processes(
    server: Server, process: Process, runner: Runner, prefix: str, protocol: int
) -> None:
    stores, other = await process(server.runner(protocol)), await process()
    async with aclosing(stores.events.tail(PATH)) as tail:
        coming = asyncio.ensure_future(anext(tail))
        await listened_to(runner, prefix, PATH)
        await other.events.create_stream(PATH)
        await other.events.append_event(PATH, 0)
        assert (await coming).data == 0
        coming = asyncio.ensure_future(anext(tail))
        await other.events.append_event_once(PATH, "k", 1)
        assert (await coming).data == 1
        coming = asyncio.ensure_future(anext(tail))
        await other.events.close_stream(PATH)
        with pytest.raises(StopAsyncIteration):
            await coming
    await listened_to(runner, prefix)


async def test_appends_of_this_process_wake_it_also_where_nothing_is_heard(server: Server, process: Process) -> None:
    stores = await process(Bare(server.runner()))
    await stores.events.create_stream(PATH)
    async with aclosing(stores.events.tail(PATH)) as tail:
        for number in range(3):
            coming = asyncio.ensure_future(anext(tail))
            await stores.events.append_event(PATH, number)
            assert (await coming).data == number


async def test_an_append_of_this_process_costs_its_tail_one_look(
    server: Server, process: Process, runner: Runner, prefix: str
) -> None:
    stores = await process(counting := CountingRunner(server.runner()))
    await stores.events.create_stream(PATH)
    async with aclosing(stores.events.tail(PATH)) as tail:
        coming = asyncio.ensure_future(anext(tail))
        await listened_to(runner, prefix, PATH)
        counting.reset()
        for number in range(10):
            await stores.events.append_event(PATH, number)
            assert (await coming).data == number
            coming = asyncio.ensure_future(anext(tail))
        assert counting.traffic.round_trips <= 2 * 10 + 1, "and one that was under way"
        coming.cancel()
        await asyncio.wait([coming])


def test_events_that_nobody_told_of_are_found_within_five_seconds() -> None:
    async def main() -> None:
        server = FakeServer()
        runner = CountingRunner(server.runner())
        loop = asyncio.get_running_loop()
        async with open_stores(valkey(Bare(runner), inspect_server=False)) as stores:
            await stores.events.create_stream(PATH)
            async with aclosing(stores.events.tail(PATH)) as tail:
                coming = asyncio.ensure_future(anext(tail))
                await asyncio.sleep(62)
                runner.reset()
                await asyncio.sleep(60)
                assert runner.traffic.round_trips == 12, "once in 5 s"
                await append_untold(peer := server.runner(), "flue", PATH, "7")
                begun = loop.time()
                assert (await coming).data == 7
                assert loop.time() - begun <= 5
                await peer.close()

    run_skipping(main())


@pytest.mark.parametrize("turns", range(1, 8))
async def test_a_close_that_is_cancelled_leaves_no_connection(
    server: Server, runner: Runner, prefix: str, turns: int
) -> None:
    own = server.runner()
    adapter = valkey(own, key_prefix=prefix, inspect_server=False)
    await adapter.migrate()
    stores = await adapter.connect()
    async with aclosing(stores.events.tail(PATH)) as tail:
        waiting = asyncio.ensure_future(anext(tail))
        await listened_to(runner, prefix, PATH)
        closing = asyncio.ensure_future(adapter.close())
        for _ in range(turns):
            await asyncio.sleep(0)
        closing.cancel()
        await asyncio.wait([closing])
        with pytest.raises(NotSentError, match="the runner is closed"):
            await own.command("PING")
        with pytest.raises(AdapterClosedError):
            await waiting


async def test_a_tail_is_told_that_begins_as_the_last_one_ends(
    server: Server, process: Process, runner: Runner, prefix: str
) -> None:
    stores, other = await process(), await process()
    await other.events.create_stream(PATH)
    for turns in range(40):
        waiting = asyncio.ensure_future(anext(stores.events.tail("another")))
        for _ in range(turns):
            await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        async with aclosing(stores.events.tail(PATH, "now")) as tail:
            coming = asyncio.ensure_future(anext(tail))
            async with asyncio.timeout(5):
                await listened_to(runner, prefix, PATH)
                await other.events.append_event(PATH, turns)
                assert (await coming).data == turns
