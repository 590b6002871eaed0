"""A connection that is slow, cut, refused or wrong: answers stay with their callers, and nothing is repeated."""

import asyncio
import random
import secrets
from collections.abc import Callable

import pytest
from redis.exceptions import ConnectionError as NoConnectionError
from redis.exceptions import TimeoutError as NoAnswerError

from flue_valkey.runner import NotSentError, Runner, runner_from_url
from flue_valkey.servers.proxy import Proxy
from flue_valkey.servers.server import Server

A_WHILE_S = 2
"""A time-out that comes out where nothing is answered, and on a busy machine nowhere else."""


@pytest.mark.parametrize("seed", range(30))
async def test_cancelled_calls_never_hand_their_answers_to_others(proxy: Proxy, seed: int) -> None:
    rng = random.Random(seed)
    runner = runner_from_url(proxy.url, max_calls=20)
    await runner.command("PING")

    async def ask(number: int) -> None:
        for _ in range(rng.randrange(4)):
            await asyncio.sleep(0)
        size = rng.choice([1, 10, 100_000])
        words = [f"{number}.{part}".encode() * size for part in range(rng.randrange(1, 4))]
        assert await runner.pipeline([["ECHO", word] for word in words]) == words

    tasks = [asyncio.create_task(ask(number)) for number in range(60)]
    doomed = rng.sample(tasks, rng.randrange(61))
    for task in doomed:
        if rng.random() < 0.3:
            rng.choice([proxy.replies.hold, proxy.replies.let_go])()
        for _ in range(rng.randrange(3)):
            await asyncio.sleep(0)
        task.cancel()
    proxy.replies.let_go()
    for task, result in zip(tasks, await asyncio.gather(*tasks, return_exceptions=True), strict=True):
        assert result is None or (task in doomed and isinstance(result, asyncio.CancelledError)), repr(result)
    assert await runner.command("ECHO", "last") == b"last"
    assert proxy.connections == 1, "a cancelled call costs no connection"
    await runner.close()


async def test_a_reply_that_is_cut_anywhere(
    proxy: Proxy, direct: Runner, key: str, make: Callable[[str], Runner]
) -> None:
    runner = make(proxy.url)
    for passing in range(len(b":1\r\n$3\r\nabc\r\n")):
        await direct.command("DEL", key)
        assert await runner.command("PING") == b"PONG", "after a cut there is a new connection"
        proxy.replies.cut_after(passing)
        with pytest.raises(NoConnectionError) as caught:
            await runner.pipeline([["INCR", key], ["ECHO", "abc"]])
        assert not isinstance(caught.value, NotSentError), "it may have run"
        await proxy.idle()
        assert await direct.command("GET", key) == b"1", "and has run once"
    await runner.close()


async def test_a_request_that_is_cut_on_its_way(
    proxy: Proxy, direct: Runner, key: str, make: Callable[[str], Runner]
) -> None:
    runner = make(proxy.url)
    for passing in (0, 7):
        await runner.command("PING")
        proxy.requests.cut_after(passing)
        with pytest.raises(NoConnectionError) as caught:
            await runner.command("INCR", key)
        assert not isinstance(caught.value, NotSentError), "nobody can tell how far it came"
        await proxy.idle()
    assert await direct.command("GET", key) is None
    await runner.close()


async def test_a_cut_fails_everything_that_was_sent_and_nothing_else(proxy: Proxy, direct: Runner, key: str) -> None:
    runner = runner_from_url(proxy.url, max_calls=3)
    await runner.command("PING")
    proxy.replies.hold()
    calls = [asyncio.create_task(runner.command("RPUSH", key, number)) for number in range(5)]
    await proxy.replies.holds()
    proxy.cut()
    proxy.replies.let_go()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(result) for result in results] == [NoConnectionError] * 3 + [int] * 2
    assert await direct.command("LRANGE", key, 0, -1) == [b"0", b"1", b"2", b"3", b"4"], "each has run once"
    assert proxy.connections == 2
    await runner.close()


async def test_a_server_that_refuses_connections(proxy: Proxy, key: str, make: Callable[[str], Runner]) -> None:
    runner = make(proxy.url)
    proxy.refuse()
    for _ in range(3):
        with pytest.raises(NotSentError):
            await runner.command("INCR", key)
    await proxy.accept()
    assert await runner.command("INCR", key) == 1
    await runner.close()


async def test_connecting_is_tried_once_for_all_who_wait(proxy: Proxy, key: str) -> None:
    runner = runner_from_url(proxy.url)
    for attempt in range(1, 4):
        proxy.requests.cut_after(0)  # no login gets through
        calls = [runner.command("INCR", key) for _ in range(20)]
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(result, NotSentError) for result in results), results
        await proxy.idle()
        assert proxy.connections == attempt, "nothing goes on by itself"
    assert await runner.command("INCR", key) == 1
    await runner.close()


async def test_connecting_takes_no_longer_than_its_time_out(proxy: Proxy, key: str) -> None:
    runner = runner_from_url(proxy.url, connect_timeout_s=A_WHILE_S)
    proxy.replies.hold()
    with pytest.raises(NotSentError, match=f"no connection within {A_WHILE_S} s"):
        await asyncio.wait_for(runner.command("INCR", key), 10 * A_WHILE_S)
    proxy.replies.let_go()
    await proxy.idle()
    assert await runner.command("INCR", key) == 1
    await runner.close()


async def test_an_answer_that_comes_too_late_is_nobodys(proxy: Proxy, direct: Runner, key: str) -> None:
    runner = runner_from_url(proxy.url, reply_timeout_s=A_WHILE_S)
    await runner.command("PING")
    proxy.replies.hold()
    call = asyncio.create_task(runner.command("INCR", key))
    await proxy.replies.holds()
    with pytest.raises(NoAnswerError, match=f"none within {A_WHILE_S} s"):
        await asyncio.wait_for(call, 10 * A_WHILE_S)
    proxy.replies.let_go()
    assert await runner.command("ECHO", "mine") == b"mine"
    assert await direct.command("GET", key) == b"1", "it was not sent again"
    assert proxy.connections == 2
    await runner.close()


async def test_messages_that_nobody_asked_for_shift_no_replies(proxy: Proxy, direct: Runner, key: str) -> None:
    runner = runner_from_url(proxy.url, protocol=3)
    await runner.command("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", key)
    for number in range(50):
        asked = [runner.command("ECHO", f"{number}.{part}") for part in range(3)]
        changed = [direct.command("SET", f"{key}{part}", number) for part in range(3)]
        replies = await asyncio.gather(*asked, *changed)
        assert replies[:3] == [f"{number}.{part}".encode() for part in range(3)]
    assert proxy.connections == 1
    await runner.close()


@pytest.mark.parametrize("state", ["connecting", "waiting for a turn", "waiting for the answer"])
async def test_closing_ends_what_is_under_way(proxy: Proxy, direct: Runner, key: str, state: str) -> None:
    runner = runner_from_url(proxy.url, max_calls=1)
    if state != "connecting":
        await runner.command("PING")
    proxy.replies.hold()
    calls = [asyncio.create_task(runner.command("RPUSH", key, number)) for number in range(2)]
    await proxy.replies.holds()
    await asyncio.wait_for(runner.close(), 5)
    results = await asyncio.gather(*calls, return_exceptions=True)
    kinds = [NotSentError] * 2 if state == "connecting" else [NoConnectionError, NotSentError]
    assert [type(result) for result in results] == kinds
    assert all("the runner is closed" in str(result) for result in results)
    proxy.replies.let_go()
    await proxy.idle()
    assert await direct.command("LLEN", key) == (0 if state == "connecting" else 1)


@pytest.mark.parametrize("turns", range(6))
async def test_connecting_that_is_cancelled_before_it_begins_is_tried_again(local_server: Server, turns: int) -> None:
    runner = runner_from_url(local_server.url or "")
    before = asyncio.all_tasks()
    first, other = asyncio.create_task(runner.command("PING")), asyncio.create_task(runner.command("PING"))
    for _ in range(turns):
        await asyncio.sleep(0)
    for task in asyncio.all_tasks() - before - {other}:
        task.cancel()
    async with asyncio.timeout(5):
        await asyncio.wait([first, other])
        assert await runner.command("PING") == b"PONG"
    assert first.cancelled()
    assert other.exception() is None or isinstance(other.exception(), NotSentError)
    await runner.close()


@pytest.mark.parametrize("turns", range(1, 12))
async def test_a_close_while_connections_are_made_leaves_none(
    local_server: Server, make: Callable[[str], Runner], turns: int
) -> None:
    name = f"close-{secrets.token_hex(4)}"
    runner = make(f"{local_server.url}?client_name={name}")
    calls = [asyncio.create_task(runner.command("PING")) for _ in range(3)]
    for _ in range(turns):
        await asyncio.sleep(0)
    await runner.close()
    for answer in await asyncio.gather(*calls, return_exceptions=True):
        assert answer == b"PONG" or isinstance(answer, NoConnectionError)
    other = local_server.runner()
    async with asyncio.timeout(5):
        while f"name={name} ".encode() in await other.command("CLIENT", "LIST"):  # noqa: ASYNC110 -- the server closes it
            await asyncio.sleep(0.01)
    await other.close()


async def test_closing_does_not_wait_until_what_was_asked_is_sent(
    make: Callable[[str], Runner], proxy: Proxy, key: str
) -> None:
    runner = make(proxy.url)
    await runner.command("PING")
    proxy.requests.hold()
    large = asyncio.create_task(runner.command("SET", key, "x" * 30_000_000))
    await proxy.requests.holds()
    async with asyncio.timeout(4):  # redis-py waits for 5 s, or for ever
        await runner.close()
        with pytest.raises(NoConnectionError):
            await large
