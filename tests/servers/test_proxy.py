"""The proxy carries what comes, and holds, cuts and refuses only when told."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from flue_valkey.servers.proxy import Proxy


@pytest.fixture
def echo() -> list[bytes]:
    """What the server behind `proxy` got, which sends all of it back."""
    return []


@pytest.fixture
async def proxy(echo: list[bytes]) -> AsyncIterator[Proxy]:
    async def send_back(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            echo.append(data)
            writer.write(data)
        writer.close()

    server = await asyncio.start_server(send_back, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with Proxy(f"redis://user:pass@127.0.0.1:{port}/3?protocol=3") as proxy:
        yield proxy
    server.close()


async def _connect(proxy: Proxy) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", int(proxy.url.rpartition(":")[2].partition("/")[0]))


async def test_the_url_is_the_servers_with_another_address(proxy: Proxy) -> None:
    assert proxy.url.startswith("redis://user:pass@127.0.0.1:")
    assert proxy.url.endswith("/3?protocol=3")


async def test_what_comes_is_carried(proxy: Proxy) -> None:
    reader, writer = await _connect(proxy)
    sent = b"0123456789" * 50_000
    writer.write(sent)
    assert await reader.readexactly(len(sent)) == sent
    assert (proxy.connections, proxy.requests.passed, proxy.replies.passed) == (1, len(sent), len(sent))
    writer.close()
    assert await reader.read() == b""


@pytest.mark.parametrize("way", ["requests", "replies"])
async def test_what_is_held_comes_later(proxy: Proxy, echo: list[bytes], way: str) -> None:
    reader, writer = await _connect(proxy)
    getattr(proxy, way).hold()
    writer.write(b"hello")
    await getattr(proxy, way).holds()
    assert b"".join(echo) == (b"hello" if way == "replies" else b"")
    assert getattr(proxy, way).passed == 0
    getattr(proxy, way).let_go()
    assert await reader.readexactly(5) == b"hello"
    writer.close()


@pytest.mark.parametrize(("way", "server_got"), [("requests", b"hel"), ("replies", b"hello")])
async def test_a_cut_after_some_bytes(proxy: Proxy, echo: list[bytes], way: str, server_got: bytes) -> None:
    reader, writer = await _connect(proxy)
    getattr(proxy, way).cut_after(3)
    writer.write(b"hello")
    got = await reader.read()
    assert b"".join(echo) == server_got
    assert got in (b"", b"hel") if way == "requests" else got == b"hel"
    writer.close()
    reader, writer = await _connect(proxy)
    writer.write(b"again")
    assert await reader.readexactly(5) == b"again", "it cuts once"
    writer.close()


async def test_a_cut_now(proxy: Proxy) -> None:
    reader, writer = await _connect(proxy)
    writer.write(b"hello")
    await reader.readexactly(5)
    proxy.cut()
    assert await reader.read() == b""
    writer.close()


async def test_refusing_and_accepting_on_the_same_port(proxy: Proxy) -> None:
    reader, writer = await _connect(proxy)
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        await _connect(proxy)
    writer.write(b"hello")
    assert await reader.readexactly(5) == b"hello", "what is there stays"
    url = proxy.url
    await proxy.accept()
    assert proxy.url == url
    _, other = await _connect(proxy)
    for one in (writer, other):
        one.close()


async def test_closing_ends_what_is_held(proxy: Proxy) -> None:
    reader, writer = await _connect(proxy)
    proxy.requests.hold()
    writer.write(b"hello")
    await proxy.requests.holds()
    await proxy.close()
    assert await reader.read() == b""
    writer.close()


def test_what_has_no_port_is_refused() -> None:
    with pytest.raises(ValueError, match="give a URL with host and port"):
        Proxy("unix:///run/valkey.sock")
