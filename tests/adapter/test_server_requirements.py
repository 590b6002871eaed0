"""What a server must be, and what a namespace must hold: one clear line each where it is not so."""

import logging
from typing import Any
from urllib.parse import urlsplit

import pytest
from redis import Redis as BlockingRedis
from redis.asyncio import Redis

from flue_memdb import (
    AdapterClosedError,
    CorruptRecordError,
    ManualClock,
    SchemaVersionError,
    ServerReplyError,
    ServerRequirementError,
    StoreFullError,
    StoreUnavailableError,
)
from flue_valkey import RedisRunner, Runner, runner_from_url, valkey
from flue_valkey.layout import key
from flue_valkey.runner import Arg, Reply
from flue_valkey.servers.fake import FakeServer
from flue_valkey.servers.local import LocalServer
from flue_valkey.servers.passing import PassingRunner
from flue_valkey.servers.server import Server

BAD_SERVERS = [
    ({"maxmemory-policy": "allkeys-lru"}, "maxmemory-policy allkeys-lru", "set maxmemory-policy noeviction"),
    ({"cluster-enabled": "yes"}, "cluster-enabled yes", "use a standalone server"),
]


@pytest.fixture
def needs_binary(local_server: Server) -> None:
    """Skips, or fails in CI, where no server can be started here."""


@pytest.mark.parametrize("protocol", [2, 3])
async def test_a_server_that_is_fine_is_taken(local_server: Server, protocol: int) -> None:
    prefix = local_server.new_prefix()
    adapter = valkey(local_server.runner(2 if protocol == 2 else 3), key_prefix=prefix)
    await adapter.migrate()
    await adapter.connect()
    await adapter.close()
    await local_server.remove(prefix)


@pytest.mark.usefixtures("needs_binary")
@pytest.mark.parametrize("asked", ["CONFIG", "INFO"])
@pytest.mark.parametrize("protocol", [2, 3])
@pytest.mark.parametrize(("options", "found", "remedy"), BAD_SERVERS)
async def test_a_server_that_is_not_is_refused(
    options: dict[str, str], found: str, remedy: str, protocol: int, asked: str
) -> None:
    async with LocalServer(options) as server:
        if asked == "INFO":
            admin = server.runner()
            await admin.command("ACL", "SETUSER", "default", "-config")
            await admin.close()
        adapter = valkey(server.runner(2 if protocol == 2 else 3))
        for step in (adapter.migrate, adapter.connect):
            with pytest.raises(ServerRequirementError) as refused:
                await step()
            assert found in refused.value.found
            assert remedy in refused.value.remedy
        await adapter.close()


@pytest.mark.parametrize("reply", [b"OK", 1, None, [], [b"x"], {}])
async def test_what_is_no_server_cannot_be_verified_and_holds_no_namespace(reply: Any) -> None:
    class Answering(PassingRunner):
        async def command(self, *_: Arg) -> Reply:
            return reply

    server = FakeServer()
    with pytest.raises(ServerRequirementError, match="cannot be verified"):
        await valkey(Answering(server.runner())).migrate()
    with pytest.raises(SchemaVersionError, match=r"has no schema version|has schema version (OK|1|\[.*|{}),"):
        await valkey(Answering(server.runner()), inspect_server=False).connect()


@pytest.mark.usefixtures("needs_binary")
async def test_a_server_that_tells_nothing_cannot_be_verified_but_can_be_trusted() -> None:
    async with LocalServer() as server:
        admin = server.runner()
        await admin.command("ACL", "SETUSER", "default", "-config", "-info")
        adapter = valkey(server.runner())
        with pytest.raises(ServerRequirementError, match="cannot be verified: neither CONFIG GET nor INFO"):
            await adapter.migrate()
        assert await admin.command("DBSIZE") == 0
        trusting = valkey(server.runner(), inspect_server=False)
        await trusting.migrate()
        await trusting.connect()
        for open_one in (adapter, trusting, admin):
            await open_one.close()


@pytest.mark.usefixtures("needs_binary")
@pytest.mark.parametrize(
    ("options", "config", "warned"),
    [
        ({}, "+config", True),
        ({"appendonly": "yes"}, "+config", False),
        ({"save": "3600 1"}, "+config", False),
        ({}, "-config", False),  # INFO tells nothing of snapshots: what is unknown is no warning
    ],
)
async def test_a_server_that_keeps_nothing_on_disk_is_warned_of(
    options: dict[str, str], config: str, warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async with LocalServer(options) as server:
        admin = server.runner()
        await admin.command("ACL", "SETUSER", "default", config)
        adapter = valkey(server.runner())
        await adapter.migrate()
        assert [(record.name, record.levelno) for record in caplog.records] == [
            ("flue_valkey", logging.WARNING)
        ] * warned
        assert ("migrate: the server keeps nothing on disk (appendonly no, save empty)" in caplog.text) == warned
        await adapter.connect()
        assert len(caplog.records) == warned
        await adapter.close()
        await admin.close()


@pytest.mark.usefixtures("needs_binary")
async def test_a_wrong_password_is_one_clear_line_without_it() -> None:
    async with LocalServer({"requirepass": "right"}) as server:
        address = str(server.url).rpartition("@")[2]
        for url in (f"redis://:wr0ng@{address}", f"redis://{address}"):
            adapter = valkey(url)
            with pytest.raises(ServerReplyError, match="refuses the login") as refused:
                await adapter.migrate()
            assert "wr0ng" not in str(refused.value)
            await adapter.close()


@pytest.mark.usefixtures("needs_binary")
@pytest.mark.parametrize("over_a_client", [False, True])
async def test_a_database_that_cannot_be_had_is_a_refused_login(over_a_client: bool) -> None:
    async with LocalServer({"databases": "1"}) as server:
        admin = server.runner()
        await admin.command("ACL", "SETUSER", "app", "on", ">secret", "~*", "&*", "+@all", "-select")
        address = urlsplit(server.url).netloc.rpartition("@")[2]
        for url, said in (
            (f"redis://{address}/7", "DB index is out of range"),
            (f"redis://app:secret@{address}/1", "no permissions to run the 'select' command"),
        ):
            adapter = valkey(RedisRunner(Redis.from_url(url)) if over_a_client else runner_from_url(url))
            with pytest.raises(ServerReplyError, match=f"refuses the login .*{said}.*database number in the URL"):
                await adapter.migrate()
            await adapter.close()
        await admin.close()


async def test_no_server_is_one_clear_line() -> None:
    adapter = valkey(runner_from_url("redis://127.0.0.1:1", connect_timeout_s=1))
    with pytest.raises(StoreUnavailableError, match="check that it runs"):
        await adapter.migrate()
    await adapter.close()


@pytest.mark.usefixtures("needs_binary")
async def test_a_full_server_refuses_whole_and_keeps_answering() -> None:
    async with LocalServer() as server:
        adapter = valkey(server.runner(), clock=ManualClock(1))
        await adapter.migrate()
        stores = await adapter.connect()
        await stores.sessions.save("s", {"entries": []})
        admin = server.runner()
        await admin.command("CONFIG", "SET", "maxmemory", "1")
        with pytest.raises(StoreFullError, match="nothing was written"):
            await stores.sessions.save("s", {"entries": [{"id": "e"}]})
        assert await stores.sessions.load("s") == {"entries": []}
        assert await stores.submissions.list_runnable_submissions() == []
        await admin.command("CONFIG", "SET", "maxmemory", "0")
        await stores.sessions.save("s", {"entries": [{"id": "e"}]})
        await admin.close()
        await adapter.close()


@pytest.fixture
def meta(prefix: str) -> str:
    return key(prefix, "meta")


async def test_a_new_namespace_gets_the_version(server: Server, runner: Runner, prefix: str, meta: str) -> None:
    adapter = valkey(server.runner(), key_prefix=prefix, inspect_server=False)
    with pytest.raises(SchemaVersionError, match=r"has no schema version.*call migrate\(\) first"):
        await adapter.connect()
    assert await runner.command("EXISTS", meta) == 0
    await adapter.migrate()
    assert await runner.command("HGET", meta, "schemaVersion") == b"3"
    await adapter.migrate()
    await adapter.connect()
    await adapter.close()


async def test_version_2_becomes_3(server: Server, runner: Runner, prefix: str, meta: str) -> None:
    await runner.command("HSET", meta, "schemaVersion", "2")
    adapter = valkey(server.runner(), key_prefix=prefix, inspect_server=False)
    with pytest.raises(SchemaVersionError, match="schema version 2"):
        await adapter.connect()
    await adapter.migrate()
    assert await runner.command("HGETALL", meta) in ([b"schemaVersion", b"3"], {b"schemaVersion": b"3"})
    await adapter.close()


@pytest.mark.parametrize("version", ["4", "1", "03", "", "three"])
async def test_any_other_version_is_refused(
    version: str, server: Server, runner: Runner, prefix: str, meta: str
) -> None:
    await runner.command("HSET", meta, "schemaVersion", version)
    adapter = valkey(server.runner(), key_prefix=prefix, inspect_server=False)
    for step in (adapter.migrate, adapter.connect):
        with pytest.raises(SchemaVersionError, match="use a version of flue-valkey that knows it"):
            await step()
    assert await runner.command("HGET", meta, "schemaVersion") == version.encode()
    await adapter.close()


async def test_a_version_that_cannot_be_read_is_named(server: Server, runner: Runner, prefix: str, meta: str) -> None:
    await runner.command("SET", meta, "of another app")
    adapter = valkey(server.runner(), key_prefix=prefix, inspect_server=False)
    for step in (adapter.migrate, adapter.connect):
        with pytest.raises(CorruptRecordError, match=f"key {meta}: is .*no hash"):
            await step()
    await adapter.close()


async def test_a_closed_adapter_says_so(server: Server, prefix: str) -> None:
    adapter = valkey(server.runner(), key_prefix=prefix, inspect_server=False)
    await adapter.close()
    await adapter.close()
    for step in (adapter.migrate, adapter.connect):
        with pytest.raises(AdapterClosedError, match="the adapter is closed"):
            await step()


def test_a_client_must_be_wrapped_in_a_runner() -> None:
    with pytest.raises(TypeError, match=r"got a Redis; .* RedisRunner\(client\)"):
        valkey(Redis())  # type: ignore[arg-type]


@pytest.mark.parametrize("given", [5, None, BlockingRedis(), Redis, b"redis://localhost"])
def test_what_is_neither_url_nor_runner_is_refused(given: Any) -> None:
    with pytest.raises(TypeError, match=r"valkey: got a \w+; give a URL, a runner, or RedisRunner\(client\)"):
        valkey(given)


def test_a_client_that_blocks_is_refused() -> None:
    with pytest.raises(TypeError, match=r"give one of redis.asyncio"):
        RedisRunner(BlockingRedis())  # type: ignore[arg-type]


@pytest.mark.parametrize("option", ["look_every_s", "session_cache_bytes"])
@pytest.mark.parametrize("value", [-1, "5", None, float("nan")])
def test_a_number_that_is_none_is_refused(option: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"valkey: {option} is {value!r}; give a number"):
        valkey("redis://127.0.0.1:6379", **{option: value})


@pytest.mark.parametrize("prefix", ["", ":", ":::", None, b"flue"])
def test_an_empty_prefix_is_refused(prefix: Any) -> None:
    with pytest.raises(ValueError, match="give a name such as 'flue'"):
        valkey("redis://127.0.0.1:6379", key_prefix=prefix)


async def test_trailing_colons_of_a_prefix_are_stripped(server: Server, runner: Runner, prefix: str) -> None:
    adapter = valkey(server.runner(), key_prefix=f"{prefix}::", inspect_server=False)
    await adapter.migrate()
    assert await runner.command("EXISTS", key(prefix, "meta")) == 1
    await adapter.close()
