"""A runner gives replies as they come, repeats nothing, and keeps callers apart."""

import asyncio
import gc
import hashlib
from collections.abc import AsyncIterator
from typing import Any

import fakeredis
import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as NoConnectionError
from redis.exceptions import DataError, NoScriptError, ResponseError
from redis.exceptions import TimeoutError as NoAnswerError

from flue_valkey.runner import ListeningRunner, RedisRunner, Runner, runner_from_url
from flue_valkey.servers.fake import FakeServer
from flue_valkey.servers.local import LocalServer
from flue_valkey.servers.server import Server


@pytest.fixture
async def local_prefix(local_server: Server) -> AsyncIterator[str]:
    prefix = local_server.new_prefix()
    yield prefix
    await local_server.remove(prefix)


@pytest.mark.parametrize(
    ("protocol", "fields", "score"),
    [(2, [b"f", b"1"], b"1.5"), (3, {b"f": b"1"}, 1.5)],
)
async def test_replies_are_raw(server: Server, prefix: str, protocol, fields, score) -> None:
    runner = server.runner(protocol)
    key = f"{prefix}:k"
    assert await runner.command("SET", key, "é") == b"OK"
    assert await runner.command("GET", key) == "é".encode()
    assert await runner.command(b"STRLEN", key.encode()) == 2
    assert await runner.command("GET", f"{prefix}:none") is None
    assert await runner.command("HSET", f"{prefix}:h", "f", 1) == 1
    assert await runner.command("HGETALL", f"{prefix}:h") == fields
    await runner.command("ZADD", f"{prefix}:z", "1.5", b"\xff")
    assert await runner.command("ZSCORE", f"{prefix}:z", b"\xff") == score
    assert await runner.command("ZRANGE", f"{prefix}:z", 0, -1) == [b"\xff"]
    assert await runner.command("PING") == b"PONG"
    await runner.close()


@pytest.mark.parametrize(("protocol", "shape"), [(2, list), (3, dict)])
async def test_config_and_info_are_raw(local_server: Server, protocol, shape) -> None:
    runner = local_server.runner(protocol)
    found = await runner.command("CONFIG", "GET", "maxmemory-policy")
    assert found == shape(
        [b"maxmemory-policy", b"noeviction"] if shape is list else {b"maxmemory-policy": b"noeviction"}
    )
    assert (await runner.command("INFO", "server")).startswith(b"# Server\r\n")
    await runner.close()


async def test_eval(runner: Runner, prefix: str) -> None:
    script = f"redis.call('INCR', KEYS[1]) return {{KEYS[1], ARGV[1], 3, false}} -- {prefix}"
    key = f"{prefix}:n".encode()
    with pytest.raises(NoScriptError):
        await runner.command("EVALSHA", hashlib.sha1(script.encode()).hexdigest(), 1, key, "")
    assert await runner.eval(script, [key], [b"\xff\x00"]) == [key, b"\xff\x00", 3, None]
    assert await runner.eval(script, [key], ["é"]) == [key, "é".encode(), 3, None]
    assert await runner.command("GET", key) == b"2", "each eval has run once"


async def test_a_script_that_the_server_lost_is_sent_again(runner: Runner) -> None:
    assert await runner.eval("return 1", [], []) == 1
    await runner.command("SCRIPT", "FLUSH")
    assert await runner.eval("return 1", [], []) == 1


async def test_a_script_travels_only_when_it_is_not_known(local_server: Server, local_prefix: str) -> None:
    runner = local_server.runner()
    script = f"return 7 -- {local_prefix}"

    async def calls(name: str) -> int:
        stats = (await runner.command("INFO", "commandstats")).decode()
        lines = [line for line in stats.splitlines() if line.startswith(f"cmdstat_{name}:")]
        return int(lines[0].partition("calls=")[2].partition(",")[0]) if lines else 0

    before = await calls("eval")
    for _ in range(5):
        await runner.eval(script, [], [])
    assert await calls("eval") == before + 1
    await runner.close()


async def test_pipeline(runner: Runner, prefix: str) -> None:
    key = f"{prefix}:k"
    assert await runner.pipeline([["SET", key, 1], ["INCR", key], ["GET", key]]) == [b"OK", 2, b"2"]
    assert await runner.pipeline([]) == []


async def test_pipeline_raises_the_first_refusal_and_runs_the_rest(runner: Runner, prefix: str) -> None:
    key = f"{prefix}:k"
    with pytest.raises(ResponseError, match=r"WRONGTYPE|wrong kind"):
        await runner.pipeline([["SET", key, 1], ["LPUSH", key, 1], ["NOSUCH"], ["SET", key, 2]])
    assert await runner.command("GET", key) == b"2", "not a transaction, and the connection is in order"


@pytest.mark.parametrize(("bad", "error"), [(1.5, DataError), (None, DataError), ("\ud800", UnicodeEncodeError)])
async def test_an_argument_that_cannot_be_sent(runner: Runner, prefix: str, bad, error) -> None:
    with pytest.raises(error):
        await runner.pipeline([["SET", f"{prefix}:k", 1], ["SET", f"{prefix}:k", bad]])
    assert await runner.command("EXISTS", f"{prefix}:k") == 0, "nothing was sent"


async def test_a_command_without_words_is_refused(runner: Runner, prefix: str) -> None:
    with pytest.raises(DataError, match="no words"):  # the server would not answer it
        await runner.pipeline([["SET", f"{prefix}:k", 1], []])
    assert await runner.command("EXISTS", f"{prefix}:k") == 0, "nothing was sent"


async def test_many_callers(runner: Runner, prefix: str) -> None:
    key = f"{prefix}:n"
    numbers = await asyncio.gather(*(runner.command("INCR", key) for _ in range(500)))
    assert sorted(numbers) == list(range(1, 501))


async def test_a_refusal_is_its_callers_own(runner: Runner, prefix: str) -> None:
    await runner.command("SET", f"{prefix}:k", "text")
    asked = [["GET", f"{prefix}:k"], ["INCR", f"{prefix}:k"]] * 10
    replies = await asyncio.gather(*(runner.command(*command) for command in asked), return_exceptions=True)
    assert replies[::2] == [b"text"] * 10
    assert all(isinstance(reply, ResponseError) for reply in replies[1::2])


async def test_a_cancelled_caller_leaves_the_others_replies_in_order(local_server: Server, local_prefix: str) -> None:
    runner = local_server.runner()
    await runner.pipeline([["SET", f"{local_prefix}:{number}", number] for number in range(40)])
    for cancelled in range(0, 40, 4):
        tasks = [asyncio.create_task(runner.command("GET", f"{local_prefix}:{number}")) for number in range(40)]
        for _ in range(cancelled % 7):
            await asyncio.sleep(0)
        tasks[cancelled].cancel()
        replies = await asyncio.gather(*tasks, return_exceptions=True)
        for number, reply in enumerate(replies):
            assert reply == b"%d" % number or (number == cancelled and isinstance(reply, asyncio.CancelledError))
    await runner.close()


async def test_a_cancelled_caller_is_cancelled_at_whatever_moment(runner: Runner) -> None:
    await runner.command("PING")
    for turns in range(40):
        asked = asyncio.create_task(runner.command("PING"))
        for _ in range(turns):
            await asyncio.sleep(0)
        if asked.done():
            break
        asked.cancel()
        await asyncio.wait([asked])
        assert asked.cancelled(), f"after {turns} turns of the loop"
    assert await runner.command("ECHO", "in order") == b"in order"


async def test_a_cancelled_listener_is_cancelled_at_whatever_moment(runner: Runner) -> None:
    assert isinstance(runner, ListeningRunner)
    subscribed = asyncio.Event()

    async def listen() -> None:
        async with runner.listening() as channels:
            await channels.subscribe("news")
            subscribed.set()
            await asyncio.Event().wait()

    for turns in range(40):
        listening = asyncio.create_task(listen())
        for _ in range(turns):
            await asyncio.sleep(0)
        listening.cancel()
        await asyncio.wait([listening], timeout=5)
        assert listening.cancelled(), f"after {turns} turns of the loop"
    listening = asyncio.create_task(listen())
    await subscribed.wait()
    listening.cancel()
    await asyncio.wait([listening])


async def test_concurrent_callers_share_one_connection(local_server: Server) -> None:
    runner = local_server.runner()
    ids = await asyncio.gather(*(runner.command("CLIENT", "ID") for _ in range(50)))
    assert len(set(ids)) == 1
    await runner.close()


async def test_nothing_is_repeated_when_the_connection_breaks(local_server: Server, local_prefix: str) -> None:
    other = local_server.runner()
    # The second is over a client with redis-py's own retries: they do not come into play.
    for runner in (local_server.runner(), RedisRunner(Redis.from_url(local_server.url or ""))):
        await other.command("SET", f"{local_prefix}:n", 0)
        kill_itself = ["CLIENT", "KILL", "SKIPME", "no", "ID", await runner.command("CLIENT", "ID")]
        with pytest.raises(NoConnectionError):
            await runner.pipeline([["INCR", f"{local_prefix}:n"], kill_itself, ["INCR", f"{local_prefix}:never"]])
        assert await other.command("MGET", f"{local_prefix}:n", f"{local_prefix}:never") == [b"1", None]
        assert await runner.command("PING") == b"PONG", "the next command has a new connection"
        await runner.close()
    await other.close()


async def test_a_server_that_does_not_answer_in_time() -> None:
    async with LocalServer() as server:
        runner = runner_from_url(server.url or "", reply_timeout_s=2)
        other = server.runner()
        await runner.command("SET", "n", 0)
        server.pause()
        counted = asyncio.gather(runner.command("INCR", "n"), runner.command("INCR", "n"), return_exceptions=True)
        replies = await asyncio.wait_for(counted, 20)
        assert all(isinstance(reply, NoAnswerError) for reply in replies), replies
        server.resume()
        assert int(await other.command("GET", "n")) <= 2, "run at most once each"
        assert await runner.command("PING") == b"PONG"
        await runner.close()
        await other.close()


async def test_close_ends_what_is_under_way() -> None:
    async with LocalServer() as server:
        runner = server.runner()
        await runner.command("PING")
        server.pause()
        waiting = [asyncio.create_task(runner.command("PING")) for _ in range(3)]
        await asyncio.sleep(0.05)
        await runner.close()
        done, pending = await asyncio.wait(waiting, timeout=5)
        assert not pending
        assert all(isinstance(task.exception(), NoConnectionError) for task in done)
        server.resume()


async def test_no_server(unused_tcp_port: int) -> None:
    runner = runner_from_url(f"redis://127.0.0.1:{unused_tcp_port}")
    with pytest.raises(NoConnectionError):
        await asyncio.wait_for(runner.command("PING"), 2)  # at once: connecting is not repeated either
    await runner.close()


async def test_an_outage_of_fakeredis() -> None:
    server = FakeServer()
    runner = server.runner()
    await runner.command("SET", "k", 1)
    server.backend.connected = False
    with pytest.raises(NoConnectionError):
        await runner.command("GET", "k")
    server.backend.connected = True
    assert await runner.command("GET", "k") == b"1"
    await runner.close()


async def test_a_client_that_decodes_is_refused() -> None:
    for client in (fakeredis.FakeAsyncRedis(decode_responses=True), Redis(decode_responses=True)):
        with pytest.raises(ValueError, match="without decode_responses=True"):
            RedisRunner(client)
        await client.aclose()


def test_what_is_no_client_is_refused() -> None:
    wrong: Any = "redis://127.0.0.1:6379/0"
    with pytest.raises(TypeError, match=r"RedisRunner: got a str; give a client of redis\.asyncio"):
        RedisRunner(wrong)


async def test_nothing_is_sent_after_close(local_server: Server) -> None:
    runner, other = local_server.runner(), local_server.runner()
    prefix = local_server.new_prefix()
    calls = [asyncio.create_task(runner.command("INCR", f"{prefix}:n")) for _ in range(3)]
    await asyncio.sleep(0)
    await runner.close()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(result, NoConnectionError) for result in results), results
    with pytest.raises(NoConnectionError, match="the runner is closed"):
        await runner.command("INCR", f"{prefix}:n")
    assert await other.command("GET", f"{prefix}:n") is None
    await other.close()


# What a closed loop leaves behind is collected, with a warning, within this test.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_runner_moves_to_a_new_loop_when_the_old_one_is_closed(local_server: Server) -> None:
    runner = local_server.runner()
    assert [asyncio.run(_ping(runner)) for _ in range(3)] == [b"PONG"] * 3

    async def beside() -> None:
        await _ping(runner)
        with pytest.raises(RuntimeError, match="make an adapter for each"):
            await asyncio.to_thread(lambda: asyncio.run(_ping(runner)))
        await runner.close()

    asyncio.run(beside())
    gc.collect()


async def _ping(runner: Runner) -> object:
    return await runner.command("PING")
