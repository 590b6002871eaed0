"""Tails when connections are cut, the server goes away, readers are slow or many, and when nobody reads any more."""

import asyncio
import logging
import random
import re
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing

import pytest

from flue_memdb import AdapterClosedError, Stores, StoreUnavailableError, open_stores
from flue_memdb.contract.tails import PATIENCE_S
from flue_valkey import NotSentError, Runner, valkey
from flue_valkey.runner import Channels, channels
from flue_valkey.servers.fake import FakeServer
from flue_valkey.servers.local import LocalServer
from flue_valkey.servers.passing import PassingRunner
from flue_valkey.servers.proxy import Proxy
from flue_valkey.servers.server import Server
from tests.adapter.listeners import listened_to
from tests.adapter.peer import append_untold
from tests.skipping_loop import run_skipping

pytestmark = pytest.mark.timeout(60)  # what is not told of is waited for in vain

PATH = "p"
NEVER_S = 1e6
BY_PYTHON, BY_A_PEER = 2_000, 400
APPENDER = f"""
import asyncio, sys
from flue_memdb import open_stores
from flue_valkey import valkey

async def main(url, prefix):
    async with open_stores(valkey(url, key_prefix=prefix)) as stores:
        for number in range({BY_PYTHON}):
            await stores.events.append_event("{PATH}", number)

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture
def server(local_server: Server) -> Server:
    return local_server


@pytest.fixture
async def stores(server: Server, prefix: str) -> AsyncIterator[Stores]:
    """A process beside the one that tails."""
    async with open_stores(valkey(server.url or "", key_prefix=prefix)) as stores:
        await stores.events.create_stream(PATH)
        yield stores


async def clients(runner: Runner, kind: str) -> list[dict[str, str]]:
    """What the server says of its clients of a kind."""
    lines = (await runner.command("CLIENT", "LIST", "TYPE", kind)).decode().splitlines()
    return [dict(field.split("=", 1) for field in line.split()) for line in lines]


async def pings(runner: Runner) -> int:
    """How often the server was asked whether it is there."""
    said = (await runner.command("INFO", "commandstats")).decode()
    found = re.search(r"^cmdstat_ping:calls=(\d+)", said, re.MULTILINE)
    return int(found[1]) if found else 0


async def all_appended(server: Server, stores: Stores, runner: Runner, prefix: str) -> None:
    """Another Python process and a peer append beside each other; then the stream is closed."""
    appender = await asyncio.create_subprocess_exec(sys.executable, "-c", APPENDER, server.url or "", prefix)
    try:
        for number in range(BY_A_PEER):
            await append_untold(runner, prefix, PATH, f'"peer {number}"')
            await asyncio.sleep(0.005)
        assert await appender.wait() == 0
    finally:
        if appender.returncode is None:
            appender.kill()
            await appender.wait()
    await stores.events.close_stream(PATH)


async def test_each_event_comes_once_over_connections_that_are_cut_again_and_again(
    server: Server, stores: Stores, runner: Runner, prefix: str
) -> None:
    """All connections of the tail are cut, at once or in the middle of a reply, whenever some events have come."""
    seed = random.randrange(2**32)
    dice = random.Random(seed)
    given: list[str] = []
    cuts = next_cut = 0
    async with Proxy(server.url or "") as proxy:
        adapter = valkey(proxy.url, key_prefix=prefix, look_every_s=0.05)
        async with open_stores(adapter) as tailing, aclosing(tailing.events.tail(PATH)) as tail:
            appending = asyncio.create_task(all_appended(server, stores, runner, prefix))
            async for event in tail:
                given.append(event.offset)
                if len(given) >= next_cut:
                    cuts += 1
                    next_cut += dice.randrange(1, 200)
                    if dice.random() < 0.5:
                        proxy.cut()
                    else:
                        proxy.replies.cut_after(dice.randrange(2_000))
            await appending
        connections = proxy.connections
    stored = [event.offset async for event in stores.events.tail(PATH)]
    assert len(stored) == BY_PYTHON + BY_A_PEER
    assert given == stored, f"seed {seed}, {cuts} cuts"
    assert cuts > 10
    assert connections > 10


async def test_what_was_published_while_nobody_listened_is_read_after_the_reconnection(
    server: Server, stores: Stores, runner: Runner, prefix: str
) -> None:
    adapter = valkey(server.url or "", key_prefix=prefix, look_every_s=NEVER_S)
    async with open_stores(adapter) as tailing, aclosing(tailing.events.tail(PATH)) as tail:
        for number in range(5):
            coming = asyncio.ensure_future(anext(tail))
            await listened_to(runner, prefix, PATH)
            (listener,) = await clients(runner, "pubsub")
            await runner.command("CLIENT", "KILL", "ID", listener["id"])
            await stores.events.append_event(PATH, number)
            assert (await coming).data == number
    await listened_to(runner, prefix)


class ListensOnce(PassingRunner):
    """A runner whose first connection that listens is its last."""

    def __init__(self, runner: Runner) -> None:
        super().__init__(runner)
        self.listened = 0

    def listening(self) -> AbstractAsyncContextManager[Channels]:
        self.listened += 1
        if self.listened > 1:
            raise NotSentError("refused")
        return super().listening()


async def test_its_own_appends_wake_a_tail_that_hears_no_more(
    server: Server, stores: Stores, runner: Runner, prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    once = ListensOnce(server.runner())
    async with (
        open_stores(valkey(once, key_prefix=prefix, look_every_s=NEVER_S)) as tailing,
        aclosing(tailing.events.tail(PATH)) as tail,
    ):
        coming = asyncio.ensure_future(anext(tail))
        await listened_to(runner, prefix, PATH)
        (listener,) = await clients(runner, "pubsub")
        await runner.command("CLIENT", "KILL", "ID", listener["id"])
        while "tails have to look" not in caplog.text:  # noqa: ASYNC110 -- it happens beside the test
            await asyncio.sleep(0.005)
        await tailing.events.append_event(PATH, "mine")
        assert (await coming).data == "mine"


async def test_a_listener_that_hears_nothing_asks_and_takes_another_connection(
    server: Server, stores: Stores, runner: Runner, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "SILENCE_S", 0.1)
    async with Proxy(server.url or "") as proxy:
        adapter = valkey(proxy.url, key_prefix=prefix, look_every_s=NEVER_S)
        async with open_stores(adapter) as tailing, aclosing(tailing.events.tail(PATH)) as tail:
            coming = asyncio.ensure_future(anext(tail))
            await listened_to(runner, prefix, PATH)
            before, asked = proxy.connections, await pings(runner)
            while await pings(runner) < asked + 3:  # a server that answers is asked again on the same connection
                if proxy.connections != before:  # here it was too busy to answer in time
                    before, asked = proxy.connections, await pings(runner)
                await asyncio.sleep(0.005)
            proxy.replies.hold()
            while proxy.connections == before:  # noqa: ASYNC110 -- it happens in the proxy
                await asyncio.sleep(0.005)
            proxy.replies.let_go()
            await stores.events.append_event(PATH, "a")
            assert (await coming).data == "a"


async def test_two_hundred_tails_share_one_connection_and_leave_nothing(
    server: Server, stores: Stores, runner: Runner, prefix: str
) -> None:
    paths = [f"p{number % 150}" for number in range(200)]
    tasks_before = asyncio.all_tasks()
    adapter = valkey(server.url or "", key_prefix=prefix, look_every_s=NEVER_S)
    async with open_stores(adapter) as tailing:
        connections = len(await clients(runner, "normal"))
        async with AsyncExitStack() as stack:
            tails = [await stack.enter_async_context(aclosing(tailing.events.tail(path))) for path in paths]
            coming = [asyncio.ensure_future(anext(tail)) for tail in tails]
            await listened_to(runner, prefix, *paths)
            (listener,) = await clients(runner, "pubsub")
            assert listener["sub"] == "150"
            assert len(await clients(runner, "normal")) == connections
            for path in set(paths):
                await stores.events.create_stream(path)
                await stores.events.append_event(path, path)
            assert [event.data for event in await asyncio.gather(*coming)] == paths
        await listened_to(runner, prefix)
        while await clients(runner, "pubsub"):  # noqa: ASYNC110 -- it happens on the server
            await asyncio.sleep(0.005)
        assert asyncio.all_tasks() == tasks_before


async def test_a_slow_reader_costs_the_server_nothing(
    server: Server, stores: Stores, runner: Runner, prefix: str
) -> None:
    text = "x" * 1_000
    async with Proxy(server.url or "") as proxy:
        adapter = valkey(proxy.url, key_prefix=prefix, look_every_s=NEVER_S)
        async with open_stores(adapter) as tailing, aclosing(tailing.events.tail(PATH)) as tail:
            await stores.events.append_event(PATH, text)
            await anext(tail)
            await listened_to(runner, prefix, PATH)
            passed = proxy.replies.passed
            for _ in range(20):
                await asyncio.gather(*(stores.events.append_event(PATH, text) for _ in range(250)))
                assert sum(int(client["omem"]) for client in await clients(runner, "pubsub")) < 64 * 1024
            assert proxy.replies.passed - passed < 5_000 * 100, "only hints, and nothing that nobody asked for"
            await stores.events.close_stream(PATH)
            assert len([event async for event in tail]) == 5_000


async def test_it_goes_on_after_a_restart_of_the_server(local_server: Server) -> None:
    options = {"appendonly": "yes", "appendfsync": "always"}
    async with LocalServer(options) as server, open_stores(valkey(server.url or "")) as stores:
        await stores.events.create_stream(PATH)
        await stores.events.append_event(PATH, 1)
        async with aclosing(stores.events.tail(PATH)) as tail:
            assert (await anext(tail)).data == 1
            coming = asyncio.ensure_future(anext(tail))
            await server.kill()
            await server.start()
            async with open_stores(valkey(server.url or "")) as other:
                await other.events.append_event(PATH, 2)
            assert (await coming).data == 2


def test_a_server_that_stays_away_is_an_error_in_the_end(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        server = FakeServer()
        loop = asyncio.get_running_loop()
        async with open_stores(valkey(server.runner(), inspect_server=False)) as stores:
            await stores.events.create_stream(PATH)
            await stores.events.append_event(PATH, 1)
            async with aclosing(stores.events.tail(PATH)) as tail:
                await anext(tail)
                server.backend.connected = False
                gone = loop.time()
                with pytest.raises(StoreUnavailableError) as caught:
                    await anext(tail)
                assert caught.value.operation == "tail"
                assert PATIENCE_S <= loop.time() - gone <= PATIENCE_S + 10
                server.backend.connected = True

    run_skipping(main())
    assert [record.levelno for record in caplog.records if "the tail of stream 'p'" in record.getMessage()] == [
        logging.WARNING
    ]


async def test_closing_the_adapter_ends_its_tails_and_its_listening(
    server: Server, stores: Stores, runner: Runner, prefix: str
) -> None:
    tasks_before = asyncio.all_tasks()
    async with open_stores(valkey(server.url or "", key_prefix=prefix, look_every_s=NEVER_S)) as tailing:
        coming = asyncio.ensure_future(anext(tailing.events.tail(PATH)))
        await listened_to(runner, prefix, PATH)
    with pytest.raises(AdapterClosedError):
        await coming
    await listened_to(runner, prefix)
    assert asyncio.all_tasks() == tasks_before


async def test_closing_the_adapter_while_a_tail_asks_is_no_trouble_for_the_log(
    server: Server, stores: Stores, prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with Proxy(server.url or "") as proxy:
        async with open_stores(valkey(proxy.url, key_prefix=prefix)) as tailing:
            proxy.replies.hold()
            coming = asyncio.ensure_future(anext(tailing.events.tail(PATH)))
            await proxy.replies.holds()
        proxy.replies.let_go()
        with pytest.raises(AdapterClosedError):
            await coming
    assert "asks again" not in caplog.text
