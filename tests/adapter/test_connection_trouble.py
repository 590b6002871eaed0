"""What the adapter makes of a connection that fails: an error that tells a write that may have happened from none."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from functools import partial

import pytest
from redis.exceptions import BusyLoadingError, ReadOnlyError, ResponseError
from redis.exceptions import ConnectionError as NoConnectionError
from redis.exceptions import TimeoutError as NoAnswerError

from flue_memdb import Adapter, NewRun, ServerReplyError, Stores, StoreUnavailableError
from flue_memdb.conformance.calls import CALLS
from flue_valkey import NotSentError, RedisRunner, runner_from_url, valkey
from flue_valkey.failures import store_error
from flue_valkey.servers.fake import FakeServer
from flue_valkey.servers.local import LocalServer
from flue_valkey.servers.proxy import Proxy
from flue_valkey.servers.server import Server

RUN = NewRun(run_id="r1", workflow_name="w1", started_at="2026-06-03")


def fail(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """From now on every script comes to this error."""

    async def eval_(*_: object) -> object:
        raise error

    monkeypatch.setattr(RedisRunner, "eval", eval_)


@pytest.fixture
def server() -> Server:
    return FakeServer()


@pytest.mark.parametrize(
    ("error", "may_have_happened"),
    [
        (NotSentError("refused"), False),
        (BusyLoadingError("loading the dataset"), False),
        (ResponseError("BUSY Valkey is busy running a script."), False),
        (NoConnectionError("cut"), True),
        (NoAnswerError("nothing came"), True),
        (ConnectionResetError(), True),
        (TimeoutError(), True),
    ],
)
async def test_an_outage_says_whether_a_write_may_have_happened(
    stores: Stores, monkeypatch: pytest.MonkeyPatch, error: Exception, may_have_happened: bool
) -> None:
    fail(monkeypatch, error)
    with pytest.raises(StoreUnavailableError) as caught:
        await stores.runs.create_run(RUN)
    assert caught.value.may_have_happened is may_have_happened
    assert caught.value.operation == "create_run"


@pytest.mark.parametrize(
    "reply", [b"OK", 1, 1.5, True, None, [], [None], [1], [[b"created"]], [b"\xff"], {}, {b"a": 1}]
)
async def test_a_reply_that_no_script_gives_is_shown(
    stores: Stores, monkeypatch: pytest.MonkeyPatch, reply: object
) -> None:
    async def eval_(*_: object) -> object:
        return reply

    monkeypatch.setattr(RedisRunner, "eval", eval_)
    with pytest.raises(ServerReplyError) as caught:
        await stores.runs.create_run(RUN)
    assert str(caught.value).startswith(f"create_run: the server: answered a script with {reply!r}; ")


async def test_an_answer_of_another_script_is_none_to_any_operation(
    stores: Stores, open_adapter: Callable[[], Adapter], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def eval_(*_: object) -> object:
        return [b"well_done", b"1"]

    adapter = open_adapter()
    monkeypatch.setattr(RedisRunner, "eval", eval_)
    operations = {name: partial(call, stores) for name, call in CALLS.items()}
    for name, call in {**operations, "migrate": adapter.migrate}.items():
        with pytest.raises(
            ServerReplyError, match=rf"^{name}: the server: answered a script with \[b'well_done', b'1'\]"
        ):
            await call()


async def test_a_deletion_that_has_begun_may_have_happened(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    async def lose_the_server() -> None:
        fail(monkeypatch, NotSentError("refused"))

    with pytest.raises(StoreUnavailableError) as caught:
        await stores.submissions.delete_session("s1", lose_the_server)
    assert caught.value.may_have_happened


@pytest.fixture
async def proxy(local_server: Server) -> AsyncIterator[Proxy]:
    async with Proxy(local_server.url or "") as proxy:
        yield proxy


@pytest.fixture
async def proxied(proxy: Proxy, local_server: Server) -> AsyncIterator[Stores]:
    """Stores of a namespace of their own behind the proxy, with a time-out."""
    prefix = local_server.new_prefix()
    adapter = valkey(runner_from_url(proxy.url, reply_timeout_s=2), key_prefix=prefix)
    await adapter.migrate()
    stores = await adapter.connect()
    await stores.runs.create_run(replace(RUN, run_id="r0"))  # so that the server knows the script
    yield stores
    await adapter.close()
    await local_server.remove(prefix)


async def outage(stores: Stores) -> StoreUnavailableError:
    """What a write comes to that the server does not answer."""
    with pytest.raises(StoreUnavailableError) as caught:
        await stores.runs.create_run(RUN)
    assert ("may or may not have happened" in str(caught.value)) is caught.value.may_have_happened
    assert caught.value.found.startswith("no answer (" if caught.value.may_have_happened else "it was not asked (")
    return caught.value


async def test_a_write_whose_answer_is_cut_may_have_happened_and_has(proxy: Proxy, proxied: Stores) -> None:
    proxy.replies.cut_after(3)
    assert (await outage(proxied)).may_have_happened
    assert await proxied.runs.get_run("r1") is not None


async def test_a_write_whose_request_is_cut_may_have_happened_and_has_not(proxy: Proxy, proxied: Stores) -> None:
    proxy.requests.cut_after(100)
    assert (await outage(proxied)).may_have_happened
    assert await proxied.runs.get_run("r1") is None


async def test_a_write_whose_answer_is_late_may_have_happened_and_has(proxy: Proxy, proxied: Stores) -> None:
    proxy.replies.hold()
    error = await outage(proxied)
    assert error.may_have_happened
    assert "none within 2 s" in str(error)
    proxy.replies.let_go()
    assert await proxied.runs.get_run("r1") is not None


async def test_a_write_that_found_no_connection_has_not_happened(proxy: Proxy, proxied: Stores) -> None:
    proxy.refuse()
    proxy.cut()
    await proxy.idle()
    error = await outage(proxied)
    assert not error.may_have_happened
    assert error.remedy == "check that it runs and can be reached; nothing was written"
    await proxy.accept()
    assert await proxied.runs.get_run("r1") is None
    await proxied.runs.create_run(RUN)
    assert await proxied.runs.get_run("r1") is not None


async def test_a_server_that_is_not_there_yet_is_used_once_it_is() -> None:
    async with LocalServer() as server:
        await server.stop()
        adapter = valkey(server.url or "")
        with pytest.raises(StoreUnavailableError) as caught:
            await adapter.migrate()
        assert not caught.value.may_have_happened
        await server.start()
        await adapter.migrate()
        await adapter.close()


async def test_a_server_that_a_script_keeps_busy_is_not_available_now() -> None:
    async with LocalServer() as server:
        other = server.runner()
        await other.command("CONFIG", "SET", "busy-reply-threshold", 1)
        adapter = valkey(server.url or "")
        await adapter.migrate()
        stores = await adapter.connect()
        endless = asyncio.create_task(other.eval("while true do end", [], []))
        late = [valkey(server.url or ""), valkey((server.url or "").removesuffix("/0") + "/1")]
        asked = [lambda: stores.runs.create_run(RUN), *(each.migrate for each in late)]
        while True:  # until the server minds how long it takes
            try:
                await stores.runs.get_run("r1")
            except StoreUnavailableError:
                break
        for call in asked:
            with pytest.raises(StoreUnavailableError, match="is busy and has refused") as caught:
                await call()
            assert not caught.value.may_have_happened
        await late[0].close()
        killer = server.runner()
        await killer.command("SCRIPT", "KILL")
        with pytest.raises(ResponseError):
            await endless
        assert await stores.runs.get_run("r1") is None
        for each in (adapter, late[1]):
            await each.close()
        for runner in (other, killer):
            await runner.close()


def test_a_replica_that_refuses_a_write_has_a_primary_to_be_used() -> None:
    error = ReadOnlyError("You can't write against a read only replica.")
    assert store_error("create_run", error).remedy == "use its primary"


# What a closed loop leaves behind is collected, with a warning, within this test.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_adapter_serves_one_event_loop_after_another_but_not_two_at_once(local_server: Server) -> None:
    prefix = local_server.new_prefix()
    adapter = valkey(local_server.url or "", key_prefix=prefix)
    asyncio.run(adapter.migrate())
    stores = asyncio.run(adapter.connect())
    asyncio.run(stores.runs.create_run(RUN))

    async def beside() -> None:
        assert await stores.runs.get_run("r1") is not None
        with pytest.raises(RuntimeError, match="make an adapter for each"):
            await asyncio.to_thread(asyncio.run, stores.runs.get_run("r1"))
        await adapter.close()

    asyncio.run(beside())
    asyncio.run(local_server.remove(prefix))
    gc.collect()
