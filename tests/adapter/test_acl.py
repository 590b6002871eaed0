"""The users of docs/production.md: what their rules allow is enough, all of it is needed, and the rest is refused."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import aclosing
from functools import partial
from pathlib import Path

import pytest
from redis.exceptions import NoPermissionError, ResponseError

from flue_memdb import (
    ManualClock,
    MemoryDatabase,
    ServerReplyError,
    Stores,
    format_offset,
    memory,
    open_stores,
)
from flue_memdb.verification import generate
from flue_memdb.verification.comparison import identical
from flue_memdb.verification.shapes import METHODS
from flue_valkey import Runner, runner_from_url, valkey
from flue_valkey.invariants import findings
from flue_valkey.invariants.server_view import ServerView
from flue_valkey.layout import key
from flue_valkey.scripts import SCRIPTS
from flue_valkey.servers.local import LocalServer
from flue_valkey.servers.server import Server
from tests.adapter.clients import Clients
from tests.adapter.listeners import listened_to

PAGE = (Path(__file__).parents[2] / "docs" / "production.md").read_text(encoding="utf-8")
RULES = {user: rule.split() for user, rule in re.findall(r"^ACL SETUSER (\w+) (.*)$", PAGE, re.MULTILINE)}
SEQUENCES = 32
ENTRY = "x" * 700_000


@pytest.fixture
async def own_server(local_server: Server) -> AsyncIterator[LocalServer]:
    """A server of the test's own, which has the users of the page."""
    async with LocalServer({"save": "3600 1"}) as server:
        admin = server.runner()
        for user, rule in RULES.items():
            await admin.command("ACL", "SETUSER", user, *rule)
        await admin.close()
        yield server


def url_of(server: Server, user: str) -> str:
    return str(server.url).replace("//", f"//{user}:PASSWORD@")


@pytest.fixture
async def app(own_server: LocalServer) -> AsyncIterator[Runner]:
    runner = runner_from_url(url_of(own_server, "app"))
    yield runner
    await runner.close()


@pytest.fixture
async def admin(own_server: LocalServer) -> AsyncIterator[Runner]:
    runner = own_server.runner()
    yield runner
    await runner.close()


def allowed(user: str) -> set[str]:
    return {word[1:] for word in RULES[user] if word.startswith("+")}


def test_the_rule_is_what_the_scripts_use() -> None:
    call = re.compile(r'redis\.p?call\("(\w+)"|wrong_type\(\w+, "\w+", "(\w+)"\)')
    used = {"".join(names).lower() for script in SCRIPTS.values() for names in call.findall(script.text)}
    assert allowed("app") == used | {
        "eval",
        "evalsha",
        "hget",
        "config|get",
        "info",
        "ping",
        "subscribe",
        "unsubscribe",
    }


async def test_every_operation_works_under_it_and_uses_all_of_it(own_server: LocalServer, admin: Runner) -> None:
    await admin.command("CONFIG", "RESETSTAT")
    done: set[str] = set()
    for number in range(SEQUENCES):
        clock = ManualClock()
        prefix = f"flue:{number}"
        reference = Clients(partial(memory, MemoryDatabase(clock=clock)))
        guarded = Clients(partial(valkey, url_of(own_server, "app"), key_prefix=prefix, clock=clock))
        for operation in await generate(f"acl {number}", 60):
            if operation["op"] not in METHODS:
                continue
            clock.set(operation["at"])
            expected, answer = await reference.observe(operation), await guarded.observe(operation)
            assert identical(expected, answer), f"sequence {number}, {operation}: {answer}, not {expected}"
            if "error" not in answer:
                done.add(operation["op"])
        await guarded.close()
    assert done == set(METHODS)
    async with open_stores(valkey(url_of(own_server, "app"))) as stores:
        await stores.sessions.save("large", {"entries": [{"id": str(at), "text": ENTRY} for at in range(3)]})
    async with open_stores(valkey(url_of(own_server, "app"), look_every_s=3_600)) as stores:
        document = await stores.sessions.load("large")
        assert document is not None
        of_a_peer = ("ZADD", key("flue", "session_generations", session_key="large"), 2**52, "staged by a peer")
        await admin.command(*of_a_peer)
        await stores.sessions.save("large", {**document, "entries": document["entries"][:1]})
        await tail_two_streams(stores, admin)
    said = (await admin.command("INFO", "commandstats")).decode()
    called = set(re.findall(r"^cmdstat_([\w|]+):", said, re.MULTILINE))
    assert allowed("app") - called == {"info", "ping"}, "CONFIG GET has told all, and half a minute of silence is long"
    rejected = re.findall(r"^cmdstat_([\w|]+):.*rejected_calls=[1-9]", said, re.MULTILINE)
    assert set(rejected) <= {"client|setinfo"}, "the driver introduces itself, and does not mind a refusal"


async def tail_two_streams(stores: Stores, admin: Runner) -> None:
    """Both are heard of; the one that ends first is listened to no more."""
    async with aclosing(stores.events.tail("one")) as one:
        coming = asyncio.ensure_future(anext(one))
        async with aclosing(stores.events.tail("two")) as two:
            other = asyncio.ensure_future(anext(two))
            await listened_to(admin, "flue", "one", "two")
            for path in ("one", "two"):
                await stores.events.create_stream(path)
                await stores.events.append_event(path, path)
            assert [(await coming).data, (await other).data] == ["one", "two"]
        await listened_to(admin, "flue", "one")


@pytest.mark.parametrize(
    "command",
    [
        ("HSET", "other:meta", "schemaVersion", "3"),
        ("HGET", "other:meta", "schemaVersion"),
        ("HSET", "flu", "a", "b"),
        ("HSET", "flue", "a", "b"),
        ("FLUSHALL",),
        ("FLUSHDB",),
        ("KEYS", "*"),
        ("SCAN", "0"),
        ("CONFIG", "SET", "maxmemory", "1"),
        ("ACL", "LIST"),
        ("SHUTDOWN",),
        ("SCRIPT", "FLUSH"),
        ("PUBLISH", "channel", "text"),
        ("REPLICAOF", "NO", "ONE"),
        ("MONITOR",),
    ],
    ids=" ".join,
)
async def test_what_else_there_is_is_refused(app: Runner, command: tuple[str, ...]) -> None:
    with pytest.raises(NoPermissionError):
        await app.command(*command)


async def test_scripts_are_refused_it_too(own_server: LocalServer, app: Runner, admin: Runner) -> None:
    await admin.command("SET", "other:key", "text")
    for script in ('return redis.call("DEL", "other:key")', 'return redis.call("FLUSHALL")'):
        with pytest.raises(ResponseError, match=r"ACL failure in script|NOPERM"):
            await app.eval(script, [], [])
    adapter = valkey(url_of(own_server, "app"), key_prefix="other")
    with pytest.raises(ServerReplyError, match="allow this user") as refused:
        await adapter.migrate()
    assert "PASSWORD" not in str(refused.value)
    await adapter.close()
    assert await admin.command("KEYS", "other:*") == [b"other:key"]


@pytest.mark.parametrize("command", ["config|get", "info"])
async def test_one_way_to_ask_for_settings_is_enough(own_server: LocalServer, admin: Runner, command: str) -> None:
    await admin.command("ACL", "SETUSER", "app", f"-{command}")
    async with open_stores(valkey(url_of(own_server, "app"))) as stores:
        assert await stores.submissions.list_runnable_submissions() == []


async def test_without_the_channels_a_tail_looks_for_itself(
    own_server: LocalServer, admin: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    await admin.command("ACL", "SETUSER", "app", "resetchannels", "-ping", "-publish", "-subscribe", "-unsubscribe")
    async with (
        open_stores(valkey(url_of(own_server, "app"), look_every_s=0.02)) as stores,
        open_stores(valkey(url_of(own_server, "app"))) as other,
        aclosing(stores.events.tail("p")) as tail,
    ):
        coming = asyncio.ensure_future(anext(tail))
        await other.events.create_stream("p")
        assert await other.events.append_event("p", "a") == format_offset(0)
        assert await other.events.append_event_once("p", "k", "b") == format_offset(1)
        await other.events.close_stream("p")
        assert [(await coming).data, *[event.data async for event in tail]] == ["a", "b"]
    (told,) = [record.getMessage() for record in caplog.records if record.name == "flue_valkey"]
    assert told.startswith("tails have to look for events by themselves")
    assert "PASSWORD" not in told


async def test_the_monitor_may_look_and_not_write(own_server: LocalServer, admin: Runner) -> None:
    async with open_stores(valkey(url_of(own_server, "app"))) as stores:
        await stores.sessions.save("s", {"entries": [{"id": "e"}]})
    monitor = runner_from_url(url_of(own_server, "monitor"))
    assert await findings(ServerView(monitor, "flue")) == []
    for command in (("HSET", "flue:meta", "schemaVersion", "4"), ("EVAL", "return 1", "0"), ("HGETALL", "other:meta")):
        with pytest.raises(NoPermissionError):
            await monitor.command(*command)
    await monitor.close()
