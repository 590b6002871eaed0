"""Each way to a server is real, starts alone, and leaves nothing behind."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from redis.exceptions import ConnectionError as NoConnectionError

from flue_valkey.runner import runner_from_url
from flue_valkey.servers import local
from flue_valkey.servers.choice import NoServerError, find_server
from flue_valkey.servers.container import ContainerServer
from flue_valkey.servers.fake import FakeServer
from flue_valkey.servers.local import LocalServer
from flue_valkey.servers.server import Server, ServerError
from flue_valkey.servers.url import UrlServer

ROOT = Path(__file__).parents[2]


def _answers(port: int | None) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def test_every_runner_is_another_client_of_the_same_data(server: Server, prefix: str) -> None:
    one, other = server.runner(), server.runner()
    await one.command("SET", f"{prefix}:k", 1)
    assert await other.command("GET", f"{prefix}:k") == b"1"
    assert await one.command("CLIENT", "ID") != await other.command("CLIENT", "ID")
    await one.close()
    assert await other.command("GET", f"{prefix}:k") == b"1"
    await other.close()


async def test_remove_takes_what_is_under_the_prefix_and_nothing_else(server: Server, prefix: str) -> None:
    runner = server.runner()
    own = f"{prefix}:a[1]*?\\^-b"
    neighbours = [own, f"{own}2:k", f"x{own}:k", f"{prefix}:a1*?\\^-b:k", f"{prefix}:a[1]xx\\^-b:k"]
    await runner.pipeline([["SET", key, 1] for key in [*neighbours, *(f"{own}:{number}" for number in range(2500))]])
    await server.remove(own)
    found = await runner.command("KEYS", f"{prefix}:*") + await runner.command("KEYS", f"x{prefix}:*")
    assert sorted(found) == sorted(key.encode() for key in neighbours)
    await server.remove(f"x{prefix}")
    await runner.close()


async def test_names_and_versions(server: Server) -> None:
    assert server.version[0].isdigit()
    if isinstance(server, FakeServer):
        assert (server.name, server.url) == ("fakeredis", None)
    else:
        assert (server.url or "").startswith(("redis://", "valkey://"))
    if isinstance(server, LocalServer):
        assert server.name == f"valkey-server {server.version}"
    if isinstance(server, ContainerServer):
        assert server.name.startswith("container valkey/valkey:")


def test_prefixes_differ() -> None:
    server = FakeServer()
    assert len({server.new_prefix() for _ in range(100)}) == 100


async def test_two_fake_servers_share_nothing() -> None:
    one, other = FakeServer().runner(), FakeServer().runner()
    await one.command("SET", "k", 1)
    assert await other.command("EXISTS", "k") == 0
    await one.close()
    await other.close()


def _directories(parent: Path) -> list[Path]:
    return list(parent.glob("flue-valkey-*"))


@pytest.fixture
def own_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, local_server: Server) -> Path:
    """Where local servers of this test keep their directories. Without a binary the test is skipped."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


async def test_local_server_leaves_nothing(own_tmp: Path) -> None:
    async with LocalServer({"appendonly": "yes"}) as server:
        assert server._process is not None
        pid = server._process.pid
        runner = server.runner()
        await runner.command("SET", "k", 1)
        await runner.close()
        assert _directories(own_tmp)
    assert not _directories(own_tmp)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(ServerError, match="does not run"):
        server.runner()


def test_a_process_that_is_killed_leaves_no_server(own_tmp: Path) -> None:
    program = """
import asyncio
from flue_valkey.servers.local import LocalServer

async def main():
    server = LocalServer()
    await server.start()
    await server.kill()
    await server.start()
    print(server.url, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""
    started = subprocess.Popen(
        [sys.executable, "-c", program], env={**os.environ, "TMPDIR": str(own_tmp)}, stdout=subprocess.PIPE
    )
    with started:
        assert started.stdout is not None
        url = urlsplit(started.stdout.readline().decode())
        assert _answers(url.port)
        assert _directories(own_tmp)
        started.kill()
    deadline = time.monotonic() + 30
    while _answers(url.port) or _directories(own_tmp):
        assert time.monotonic() < deadline, "the server of a process that was killed is still there"
        time.sleep(0.02)


async def test_a_server_that_crashed_is_started_again(own_tmp: Path) -> None:
    async with LocalServer() as server:
        assert server._process is not None
        server._process.kill()
        server._process.wait()
        await server.start()
        runner = server.runner()
        assert await runner.command("PING") == b"PONG"
        await runner.close()


async def test_data_survive_kill_and_start(own_tmp: Path) -> None:
    async with LocalServer({"appendonly": "yes", "appendfsync": "always"}) as server:
        url = server.url
        runner = server.runner()
        await runner.command("SET", "k", 1)
        await server.kill()
        await server.start()
        await server.start()
        assert server.url == url, "clients find it again"
        assert await runner.command("GET", "k") == b"1"
        await server.stop()
        await server.start()
        assert await runner.command("GET", "k") == b"1"
        await runner.close()


async def test_without_options_nothing_is_kept(own_tmp: Path) -> None:
    async with LocalServer() as server:
        runner = server.runner()
        await runner.command("SET", "k", 1)
        await server.stop()
        await server.start()
        assert await runner.command("EXISTS", "k") == 0
        await runner.close()


async def test_start_waits_until_the_data_are_loaded(own_tmp: Path) -> None:
    slow = {"key-load-delay": "2000", "loading-process-events-interval-bytes": "1024"}  # INFO is answered meanwhile
    async with LocalServer({"save": "3600 1", **slow}) as server:
        runner = server.runner()
        await runner.pipeline([["SET", f"k{number}", os.urandom(100)] for number in range(300)])
        await runner.close()
        await server.stop()
        await server.start()
        runner = server.runner()
        assert await runner.command("DBSIZE") == 300
        await runner.close()


async def test_options_reach_the_server(own_tmp: Path) -> None:
    options = {
        "requirepass": "a b/c@",
        "maxmemory": "64mb",
        "maxmemory-policy": "allkeys-lru",
        "cluster-enabled": "yes",
    }
    async with LocalServer(options) as server:
        runner = server.runner(2)
        for name, value in {**options, "maxmemory": str(64 << 20)}.items():
            assert await runner.command("CONFIG", "GET", name) == [name.encode(), value.encode()]
        await runner.close()


async def test_a_server_that_does_not_start_shows_its_log(own_tmp: Path) -> None:
    with pytest.raises(ServerError, match=r"(?s)did not start; its log ends with:.*no-such-option"):
        await LocalServer({"no-such-option": "1"}).start()
    assert not _directories(own_tmp)


async def test_a_server_that_never_answers_is_given_up(own_tmp: Path) -> None:
    silent = own_tmp / "silent"
    silent.write_text("#!/bin/sh\nexec sleep 60\n")
    silent.chmod(0o755)
    with pytest.raises(ServerError, match="did not start"):
        await LocalServer(binary=str(silent), start_timeout_s=0.3).start()
    assert not _directories(own_tmp)


async def test_a_port_that_is_taken_meanwhile(own_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with LocalServer() as first:
        taken = int((first.url or "").rpartition(":")[2].removesuffix("/0"))
        ports = iter([taken, taken])
        free_port = local._free_port
        monkeypatch.setattr(local, "_free_port", lambda: next(ports, None) or free_port())
        async with LocalServer() as second:
            assert second.url != first.url


async def test_a_server_without_a_free_port_is_given_up(own_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        monkeypatch.setattr(local, "_free_port", lambda: listening.getsockname()[1])
        with pytest.raises(ServerError, match=r"(?s)did not start.*in use"):
            await LocalServer().start()


async def test_closing_a_paused_server(own_tmp: Path) -> None:
    async with LocalServer() as server:
        server.pause()
    assert not _directories(own_tmp)


def test_no_binary(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VALKEY_SERVER", "/no/such/valkey-server")
    with pytest.raises(ServerError, match="VALKEY_SERVER"):
        LocalServer()


async def test_a_container_comes_and_goes(container_server: Server) -> None:
    async with ContainerServer() as server:
        assert server.url != container_server.url
        await server.start()
        url = server.url
        runner = server.runner()
        assert await runner.command("PING") == b"PONG"
        await runner.close()
    runner = runner_from_url(url or "")
    with pytest.raises(NoConnectionError):
        await runner.command("PING")
    await runner.close()


@pytest.fixture
async def named(local_server: Server, monkeypatch: pytest.MonkeyPatch):
    """VALKEY_URL names a server with data of other people."""
    monkeypatch.setenv("VALKEY_URL", local_server.url or "")
    runner = local_server.runner()
    prefix = local_server.new_prefix()
    await runner.command("SET", f"{prefix}:theirs", 1)
    yield runner, f"{prefix}:theirs"
    await local_server.remove(prefix)
    await runner.close()


async def test_a_named_server_comes_first_and_keeps_other_peoples_data(named) -> None:
    theirs, key = named
    server = await find_server()
    assert isinstance(server, UrlServer)
    assert server.name == "VALKEY_URL server"
    assert server.version != "unknown"
    prefixes = [server.new_prefix(), server.new_prefix()]
    runner = server.runner()
    for prefix in prefixes:
        await runner.pipeline([["SET", f"{prefix}:{number}", 1] for number in range(50)])
    await runner.close()
    await server.close()
    assert [await theirs.command("KEYS", f"{prefix}*") for prefix in prefixes] == [[], []]
    assert await theirs.command("GET", key) == b"1"


async def test_a_named_server_that_is_not_there(monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int) -> None:
    monkeypatch.setenv("VALKEY_URL", f"redis://:secret@127.0.0.1:{unused_tcp_port}/0")
    with pytest.raises(ServerError, match=r"redis://:\*\*\*@127.0.0.1:.* cannot be used: .*connecting") as caught:
        await find_server()
    assert not isinstance(caught.value, NoServerError)
    monkeypatch.setenv("VALKEY_URL", "localhost")
    with pytest.raises(ServerError, match="no server URL"):
        await find_server()


async def test_a_named_server_without_permission_for_info(own_tmp: Path) -> None:
    async with LocalServer() as local_one:
        admin = local_one.runner()
        await admin.command("ACL", "SETUSER", "app", "on", ">pw", "~*", "+@all", "-info")
        server = UrlServer((local_one.url or "").replace("//", "//app:pw@"))
        await server.start()
        assert server.version == "unknown"
        await admin.close()


async def test_a_local_server_comes_second(local_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VALKEY_URL", raising=False)
    async with await find_server() as server:
        assert isinstance(server, LocalServer)
        assert server.url != local_server.url


async def test_a_container_comes_last(container_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VALKEY_URL", raising=False)
    monkeypatch.setenv("VALKEY_SERVER", "/no/such/valkey-server")
    async with await find_server() as server:
        assert isinstance(server, ContainerServer)


async def test_no_server_at_all(monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int) -> None:
    monkeypatch.delenv("VALKEY_URL", raising=False)
    monkeypatch.setenv("VALKEY_SERVER", "/no/such/valkey-server")
    monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{unused_tcp_port}")
    with pytest.raises(NoServerError) as caught:
        await find_server()
    named, binary, container = caught.value.reasons
    assert "VALKEY_URL" in named
    assert "valkey-server" in binary
    assert "DOCKER_HOST" in container
    assert all(reason in str(caught.value) for reason in caught.value.reasons)


@pytest.mark.parametrize(("required", "outcome"), [("", "1 skipped"), ("1", "1 error")])
def test_a_missing_server_is_skipped_or_fails(required: str, outcome: str) -> None:
    test = f"{__file__}::test_a_local_server_comes_second"
    environment = {**os.environ, "VALKEY_SERVER": "/no/such/valkey-server", "FLUE_REQUIRE_SERVERS": required}
    command = [sys.executable, "-m", "pytest", "-p", "no:xdist", "-p", "no:cacheprovider", test]
    ran = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert outcome in ran.stdout.splitlines()[-1], ran.stdout
    assert "no valkey-server in PATH" in ran.stdout
