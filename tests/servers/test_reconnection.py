"""A new connection takes the place of one that was lost, and is like it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from redis import Redis as BlockingRedis
from redis.asyncio import Redis
from redis.asyncio.sentinel import SentinelConnectionPool
from redis.exceptions import ReadOnlyError

from flue_valkey.runner import NotSentError, RedisRunner, Runner, runner_from_url
from flue_valkey.servers.local import LocalServer
from flue_valkey.servers.proxy import Proxy
from flue_valkey.servers.server import Server


async def test_a_connection_that_was_closed_meanwhile_is_found_out_first(
    proxy: Proxy, key: str, make: Callable[[str], Runner]
) -> None:
    runner = make(proxy.url)
    await runner.command("PING")
    proxy.cut()
    await proxy.idle()
    assert await runner.command("INCR", key) == 1
    await runner.close()


async def test_it_is_found_out_even_before_the_loop_has_read_it(local_server: Server, key: str) -> None:
    runner = local_server.runner()
    own = await runner.command("CLIENT", "ID")
    with BlockingRedis.from_url(local_server.url or "") as blocking:  # the loop stands still
        blocking.client_kill_filter(_id=own)
        while any(client["id"] == str(own) for client in blocking.client_list()):
            pass
    assert await runner.command("INCR", key) == 1
    await runner.close()


@pytest.mark.parametrize("protocol", [2, 3])
async def test_a_new_connection_is_like_the_old_one(protocol) -> None:
    async with LocalServer({"requirepass": "p/w"}) as server:
        admin = server.runner()
        await admin.command("ACL", "SETUSER", "worker", "on", ">se:cret", "~*", "&*", "+@all")
        host = (server.url or "").rpartition("@")[2].partition("/")[0]
        for login, user in ((":p%2Fw", b"default"), ("worker:se%3Acret", b"worker")):
            async with Proxy(f"redis://{login}@{host}/3?client_name=flue") as proxy:
                runner = runner_from_url(proxy.url, protocol=protocol)
                for connection in range(1, 4):
                    assert await runner.command("ACL", "WHOAMI") == user
                    fields = dict(part.split(b"=", 1) for part in (await runner.command("CLIENT", "INFO")).split())
                    assert (fields[b"db"], fields[b"name"], fields[b"resp"]) == (b"3", b"flue", b"%d" % protocol)
                    assert await runner.eval("return redis.call('INCR', KEYS[1])", [user], []) == connection
                    assert proxy.connections == connection
                    if connection == 1:
                        await admin.command("SCRIPT", "FLUSH")
                    proxy.cut()
                    await proxy.idle()
                await runner.close()
        await admin.close()


async def test_a_server_that_was_restarted_gets_its_scripts_again() -> None:
    async with LocalServer() as server:
        runner = server.runner()
        for _ in range(2):
            assert await runner.eval("return 'here'", [], []) == b"here"
            await server.kill()
            with pytest.raises(NotSentError):
                await runner.eval("return 'here'", [], [])
            await server.start()
        await runner.close()


@asynccontextmanager
async def failing_over() -> AsyncIterator[tuple[Proxy, Callable[[], Awaitable[None]]]]:
    """A server with a replica, behind an address; and what makes the replica the primary, to which the address leads
    from then on, and the server, to which connections stay, a replica."""
    async with (
        LocalServer({"repl-diskless-sync-delay": "0"}) as server,
        LocalServer() as replica,
        Proxy(server.url or "") as proxy,
    ):
        of_server, of_replica = server.runner(), replica.runner()
        *_, port = (server.url or "").removesuffix("/0").split(":")
        await of_replica.command("REPLICAOF", "127.0.0.1", port)

        async def fail_over() -> None:
            await of_server.command("SET", "last", 1)
            assert await of_server.command("WAIT", 1, 10_000) == 1
            proxy.lead_to(replica.url or "")
            await of_replica.command("REPLICAOF", "NO", "ONE")
            await of_server.command("REPLICAOF", "127.0.0.1", 1)  # where nothing is: it goes on with what it has

        yield proxy, fail_over
        await of_server.close()
        await of_replica.close()


async def test_a_server_that_became_a_replica_is_left_at_its_first_refusal(make: Callable[[str], Runner]) -> None:
    script = "return redis.call('INCR', KEYS[1])"
    async with failing_over() as (proxy, fail_over):
        runner = make(proxy.url)
        assert await runner.eval(script, ["n"], []) == 1
        await fail_over()
        assert await runner.command("GET", "n") == b"1", "of the old one, which nobody can tell from this"
        with pytest.raises(ReadOnlyError):
            await runner.eval(script, ["n"], [])
        assert await runner.eval(script, ["n"], []) == 2
        assert proxy.connections == 2
        await runner.close()


async def test_a_refusal_of_what_sentinel_named_is_still_a_refusal() -> None:
    """redis-py makes a lost connection of it, of which nobody could know whether anything was done."""

    class Manager:
        async def discover_master(self, _: str) -> tuple[str, int]:
            host, _, port = proxy.url.removeprefix("redis://").removesuffix("/0").rpartition(":")
            return host, int(port)

    async with failing_over() as (proxy, fail_over):
        runner = RedisRunner(Redis.from_pool(SentinelConnectionPool("the primary", Manager())))
        assert await runner.command("INCR", "n") == 1
        await fail_over()
        with pytest.raises(ReadOnlyError):
            await runner.command("INCR", "n")
        assert await runner.command("INCR", "n") == 2
        await runner.close()


async def test_what_was_sent_to_a_server_that_became_a_replica_is_answered_by_it() -> None:
    async with failing_over() as (proxy, fail_over):
        runner = runner_from_url(proxy.url, max_calls=4)
        await runner.command("SET", "n", 1)
        await fail_over()
        asked = [("INCR", "n"), ("GET", "n"), ("INCR", "n"), ("GET", "n"), ("INCR", "n"), ("INCR", "n")]
        replies = await asyncio.gather(*(runner.command(*each) for each in asked), return_exceptions=True)
        assert [type(reply) for reply in replies] == [ReadOnlyError, bytes, ReadOnlyError, bytes, int, int]
        assert replies[4:] == [2, 3], "what had not been sent goes to the new primary"
        assert proxy.connections == 2
        await runner.close()
