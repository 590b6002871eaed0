"""A connection on which a server is out of step, or ends without a farewell, is given up before it shifts a reply."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable

import pytest
from redis.exceptions import ConnectionError as NoConnectionError

from flue_valkey.runner import NotSentError, Runner, runner_from_url

RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def well(data: bytes) -> bytes:
    """An answer to each command."""
    return b"+OK\r\n" * data.count(b"*")


class Player:
    """A server that answers as a test says."""

    def __init__(self) -> None:
        self.connections: list[asyncio.StreamWriter] = []
        self.says: Callable[[bytes], bytes] = well

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections.append(writer)
        while data := await reader.read(65536):
            if answer := self.says(data):
                writer.write(answer)
        writer.close()


@pytest.fixture
async def player() -> Player:
    return Player()


@pytest.fixture
async def runner(player: Player) -> AsyncIterator[Runner]:
    server = await asyncio.start_server(player.serve, "127.0.0.1", 0)
    runner = runner_from_url(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}", protocol=2)
    yield runner
    await runner.close()
    for writer in player.connections:
        writer.close()
    server.close()


async def test_a_reply_too_many(player: Player, runner: Runner) -> None:
    player.says = lambda data: well(data) + (b"+STRAY\r\n" if b"PING" in data else b"")
    for connections in (1, 2):
        assert await runner.command("PING") == b"OK"
        assert len(player.connections) == connections


async def test_a_reply_too_many_while_logging_in(player: Player, runner: Runner) -> None:
    player.says = lambda data: well(data) + (b"+STRAY\r\n" if b"LIB-VER" in data else b"")
    with pytest.raises(NotSentError, match="not in order after the login"):
        await runner.command("PING")
    player.says = well
    assert await runner.command("PING") == b"OK"


async def test_what_is_no_reply(player: Player, runner: Runner) -> None:
    player.says = lambda data: b"?what\r\n" if b"PING" in data else well(data)
    calls = [runner.command("PING"), runner.command("PING")]
    for result in await asyncio.gather(*calls, return_exceptions=True):
        assert isinstance(result, NoConnectionError)
        assert "what came is no reply" in str(result)
    player.says = well
    assert await runner.command("PING") == b"OK"


async def test_a_reset_while_idle_is_found_out_first(player: Player, runner: Runner) -> None:
    await runner.command("PING")
    [writer] = player.connections
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    writer.transport.abort()
    await asyncio.sleep(0)  # it is sent, and not read yet
    assert await runner.command("PING") == b"OK"
    assert len(player.connections) == 2


async def test_a_server_that_says_no_more_and_takes_no_more(player: Player, runner: Runner) -> None:
    def turn_away(data: bytes) -> bytes:
        [writer] = player.connections
        writer.transport.pause_reading()
        writer.write_eof()
        return b""

    await runner.command("PING")
    player.says = turn_away
    with pytest.raises(NoConnectionError, match="before the answer came"):  # and not only when its time is over
        await asyncio.wait_for(runner.command("SET", "k", b"x" * 50_000_000), 10)
