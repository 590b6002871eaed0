"""A password shows nowhere: not in errors and their causes, not in reprs, not in the log."""

import asyncio
import logging
import pickle
import traceback
from collections.abc import AsyncIterator

import pytest

from flue_memdb import FlueStoreError
from flue_valkey import runner_from_url, valkey
from flue_valkey.servers.local import LocalServer
from flue_valkey.servers.server import Server, ServerError
from flue_valkey.servers.url import UrlServer

SECRET = "hunter-2-swordfish"
PIECES = ("hunter", "swordfish")


def assert_no_secret(*texts: object) -> None:
    for text in texts:
        for said in (str(text), repr(text)):
            assert not any(piece in said for piece in PIECES), said


def everything_about(error: BaseException) -> str:
    """What a log or a crash report would hold of an error, with its causes."""
    return "".join(traceback.format_exception(error)) + repr(vars(error)) + repr(error.args)


@pytest.fixture
async def protected(local_server: Server) -> AsyncIterator[LocalServer]:
    """A server with another password."""
    async with LocalServer({"requirepass": f"{SECRET}-the-right-one", "save": "3600 1"}) as server:
        yield server


@pytest.fixture
async def silent() -> AsyncIterator[int]:
    """The port of something that takes connections and never answers."""

    async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    listener = await asyncio.start_server(never, "127.0.0.1", 0)
    async with listener:
        yield listener.sockets[0].getsockname()[1]


@pytest.mark.parametrize("trouble", ["a wrong password", "a refused port", "a time-out", "an unknown host"])
async def test_errors_hold_none(
    trouble: str, protected: LocalServer, silent: int, unused_tcp_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    address = {
        "a wrong password": str(protected.url).rpartition("@")[2],
        "a refused port": f"127.0.0.1:{unused_tcp_port}",
        "a time-out": f"127.0.0.1:{silent}",
        "an unknown host": "nowhere.invalid",
    }[trouble]
    url = f"redis://app:{SECRET}@{address}"
    runner = runner_from_url(url, connect_timeout_s=2, reply_timeout_s=0.2)
    adapter = valkey(runner)
    assert_no_secret(runner, adapter, adapter._connection, adapter._stores)
    with pytest.raises(FlueStoreError) as refused:
        await adapter.migrate()
    assert_no_secret(everything_about(refused.value), pickle.loads(pickle.dumps(refused.value)))
    await adapter.close()
    assert_no_secret(caplog.text)


@pytest.mark.parametrize(
    "url",
    [
        f"http://app:{SECRET}@localhost",
        f"redis://app:{SECRET}@localhost:port",
        f"redis://app:{SECRET}@localhost/first",
        f"redis://app:{SECRET}@[::1",
        f"redis://app:{SECRET.replace('-', '/')}@localhost",
        f"redis://localhost?password={SECRET}&nonsense=1",
    ],
)
async def test_a_bad_url_is_told_without_it(url: str) -> None:
    with pytest.raises(ValueError, match="no server URL") as refused:
        valkey(url)
    assert_no_secret(everything_about(refused.value))
    server = UrlServer(url)
    with pytest.raises(ServerError) as unusable:
        await server.start()
    assert_no_secret(everything_about(unusable.value), server)


async def test_what_works_holds_none_either(protected: LocalServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    adapter = valkey(str(protected.url))
    await adapter.migrate()
    stores = await adapter.connect()
    await stores.sessions.save("s", {"entries": []})
    assert_no_secret(protected, UrlServer(str(protected.url)), adapter, stores, caplog.text)
    await adapter.close()
