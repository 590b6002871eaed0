"""A new connection takes the place of one that was lost, and is like it."""

from collections.abc import Callable

import pytest
from redis import Redis as BlockingRedis

from flue_valkey.runner import NotSentError, Runner, runner_from_url
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
