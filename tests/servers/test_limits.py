"""What is under way on one connection is limited: callers wait for their turn, in order."""

import asyncio
import random

import pytest
from redis.exceptions import TimeoutError as NoAnswerError

from flue_valkey.runner import NotSentError, Runner, runner_from_url
from flue_valkey.servers.proxy import Proxy


@pytest.mark.parametrize("limit", [{"max_calls": 2}, {"max_bytes": 300}], ids=["calls", "bytes"])
async def test_callers_wait_in_order_when_much_is_under_way(proxy: Proxy, direct: Runner, key: str, limit) -> None:
    runner = runner_from_url(proxy.url, **limit)
    await runner.command("PING")
    proxy.replies.hold()
    calls = [asyncio.create_task(runner.command("RPUSH", key, b"%099d" % number)) for number in range(20)]
    await proxy.replies.holds()
    assert await direct.command("LLEN", key) == 2
    calls[3].cancel()
    proxy.replies.let_go()
    await asyncio.wait(calls)
    pushed = [int(value) for value in await direct.command("LRANGE", key, 0, -1)]
    assert pushed == [number for number in range(20) if number != 3], "who is cancelled before its turn sends nothing"
    await runner.close()


async def test_one_large_call_passes_any_limit(proxy: Proxy, key: str) -> None:
    runner = runner_from_url(proxy.url, max_bytes=1)
    assert await runner.command("SET", key, b"x" * 1000) == b"OK"
    await runner.close()


async def test_large_values_among_small_ones(proxy: Proxy, key: str) -> None:
    runner = runner_from_url(proxy.url)
    value = random.Random(1).randbytes(8 * 1024 * 1024)
    sets = [runner.command("SET", f"{key}{number}", value if number % 5 == 0 else number) for number in range(12)]
    assert await asyncio.gather(*sets) == [b"OK"] * 12
    gets = [runner.command("GET", f"{key}{number}") for number in range(12)]
    for number, got in enumerate(await asyncio.gather(*gets)):
        assert got == (value if number % 5 == 0 else b"%d" % number)
    await runner.close()


async def test_a_server_that_takes_nothing_is_not_fed(proxy: Proxy, direct: Runner, key: str) -> None:
    runner = runner_from_url(proxy.url, max_bytes=2**40, max_calls=2**40)
    await runner.command("PING")
    proxy.requests.hold()
    value = b"x" * 1_000_000
    calls = [asyncio.create_task(runner.command("RPUSH", key, value)) for _ in range(50)]
    await proxy.requests.holds()
    buffered = runner._wire._transport.get_write_buffer_size()  # type: ignore[attr-defined]
    assert buffered < 2_000_000, "the rest waits with its callers"
    proxy.requests.let_go()
    assert sorted(await asyncio.gather(*calls)) == list(range(1, 51))
    await direct.command("UNLINK", key)
    await runner.close()


async def test_waiting_for_a_turn_counts_as_waiting_for_the_answer(proxy: Proxy, direct: Runner, key: str) -> None:
    runner = runner_from_url(proxy.url, reply_timeout_s=2, max_calls=1)
    await runner.command("PING")
    proxy.replies.hold()
    calls = asyncio.gather(*(runner.command("RPUSH", key, n) for n in range(3)), return_exceptions=True)
    first, *others = await asyncio.wait_for(calls, 20)
    assert isinstance(first, NoAnswerError)
    assert all(isinstance(error, NotSentError) for error in others), others
    proxy.replies.let_go()
    await proxy.idle()
    assert await direct.command("LRANGE", key, 0, -1) == [b"0"]
    await runner.close()


@pytest.mark.parametrize("name", ["connect_timeout_s", "reply_timeout_s", "max_calls", "max_bytes"])
@pytest.mark.parametrize("value", [0, -1, float("nan"), "5", None])
def test_a_limit_that_is_none(name: str, value: float | str | None) -> None:
    with pytest.raises(ValueError, match=f"{name} is {value!r}; give a number above 0"):
        runner_from_url("redis://127.0.0.1", **{name: value})  # type: ignore[arg-type]
