"""Cutting runners: what reaches the server, what is lost, and what the adapter makes of it."""

import pytest
from redis.exceptions import ConnectionError as NoConnectionError

from flue_memdb import StoreUnavailableError
from flue_valkey import Runner, valkey
from flue_valkey.servers.cutting import CuttableServer, CuttingRunner
from flue_valkey.servers.fake import FakeServer
from flue_valkey.servers.server import Server


@pytest.fixture
async def cutting(server: Server):
    runner = CuttingRunner(server.runner())
    yield runner
    await runner.close()


async def test_before_the_server_nothing_runs(cutting: CuttingRunner, runner: Runner, prefix: str) -> None:
    cutting.cut_at(1, "before")
    await cutting.command("INCR", f"{prefix}:n")
    with pytest.raises(NoConnectionError, match="before command 1"):
        await cutting.command("INCR", f"{prefix}:n")
    assert await runner.command("GET", f"{prefix}:n") == b"1"


async def test_before_the_answer_it_has_run(cutting: CuttingRunner, runner: Runner, prefix: str) -> None:
    cutting.cut_at(1, "after")
    await cutting.pipeline([("INCR", f"{prefix}:n"), ("INCR", f"{prefix}:n")])
    with pytest.raises(NoConnectionError, match="before the answer to command 1"):
        await cutting.eval("return redis.call('INCR', KEYS[1])", [f"{prefix}:n"], [])
    assert await runner.command("GET", f"{prefix}:n") == b"3"


async def test_a_refusal_is_lost_as_any_answer_is(cutting: CuttingRunner) -> None:
    cutting.cut_at(0, "after")
    with pytest.raises(NoConnectionError):
        await cutting.command("NO SUCH COMMAND")


async def test_after_the_cut_nothing_is_sent(cutting: CuttingRunner, runner: Runner, prefix: str) -> None:
    cutting.cut_at(0, "before")
    for _ in range(3):
        with pytest.raises(NoConnectionError):
            await cutting.command("INCR", f"{prefix}:n")
    assert await runner.command("EXISTS", f"{prefix}:n") == 0
    assert cutting.is_cut


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_the_adapter_does_not_claim_to_know(moment) -> None:
    server = CuttableServer(FakeServer())
    adapter = valkey(server.runner(), inspect_server=False)
    await adapter.migrate()
    stores = await adapter.connect()
    server.runners[0].cut_at(0, moment)
    with pytest.raises(StoreUnavailableError) as raised:
        await stores.sessions.save("s", {"entries": []})
    assert raised.value.may_have_happened
    with pytest.raises(StoreUnavailableError) as raised:
        await stores.sessions.save("s", {"entries": []})
    assert not raised.value.may_have_happened
    await adapter.close()


async def test_a_lost_answer_calls_no_listener() -> None:
    server = CuttableServer(FakeServer())
    adapter = valkey(server.runner(), inspect_server=False)
    await adapter.migrate()
    events = (await adapter.connect()).events
    await events.create_stream("path")
    heard: list[str] = []
    events.subscribe("path", lambda: heard.append("called"))
    server.runners[0].cut_at(0, "after")
    with pytest.raises(StoreUnavailableError):
        await events.append_event_once("path", "key", "event")
    server.runners[0].restore()
    await events.append_event_once("path", "key", "event")
    assert heard == []
    await events.append_event_once("path", "next", "event")
    assert heard == ["called"]
    await adapter.close()
