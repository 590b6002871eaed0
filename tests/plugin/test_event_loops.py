"""The fixtures need no plugin, and what they give works in whatever loop a test is run, and in several."""

import pytest

from tests.plugin.conftest import INI, Run

BACKENDS = pytest.mark.parametrize("backend", ["memory", "fakeredis", "valkey"])

TESTS = """
import asyncio
import pytest
from flue_memdb import open_stores
{imports}

{mark}
async def test_one(flue_stores):
    await flue_stores.sessions.save("s", {{"entries": []}})
    assert await flue_stores.sessions.load("s") == {{"entries": []}}

{mark}
async def test_many_at_once(flue_stores, flue_new_adapter):
    async with open_stores(flue_new_adapter()) as other:
        keys = [f"s{{number}}" for number in range(20)]
        await asyncio.gather(*(flue_stores.sessions.save(key, {{"entries": []}}) for key in keys))
        assert None not in await asyncio.gather(*(other.sessions.load(key) for key in keys))

{fixture}
async def session(flue_stores):
    await flue_stores.sessions.save("s", {{"entries": []}})
    yield "s"
    await flue_stores.sessions.delete("s")

{mark}
async def test_an_async_fixture(session, flue_stores):
    assert await flue_stores.sessions.load(session)
"""
ASYNCIO_STRICT = {
    "mark": "@pytest.mark.asyncio",
    "fixture": "@pytest_asyncio.fixture",
    "imports": "import pytest_asyncio",
}
ASYNCIO_AUTO = {"mark": "", "fixture": "@pytest.fixture", "imports": ""}
ANYIO = {
    "mark": "@pytest.mark.anyio",
    "fixture": "@pytest.fixture",
    "imports": "anyio_backend = pytest.fixture(lambda: 'asyncio')",
}


@BACKENDS
def test_pytest_asyncio_in_strict_mode(run: Run, backend: str) -> None:
    run(TESTS.format(**ASYNCIO_STRICT), f"--flue-backend={backend}").assert_outcomes(passed=3)


@BACKENDS
def test_pytest_asyncio_in_auto_mode(run: Run, alone: pytest.Pytester, backend: str) -> None:
    alone.makeini(f"{INI}\nasyncio_mode = auto")
    run(TESTS.format(**ASYNCIO_AUTO), f"--flue-backend={backend}").assert_outcomes(passed=3)


@BACKENDS
def test_anyio(run: Run, backend: str) -> None:
    run(TESTS.format(**ANYIO), f"--flue-backend={backend}").assert_outcomes(passed=3)


@BACKENDS
@pytest.mark.parametrize("scope", ["module", "session"])
def test_a_loop_that_outlives_the_test(run: Run, backend: str, scope: str) -> None:
    mark = f"@pytest.mark.asyncio(loop_scope='{scope}')"
    fixture = f"@pytest_asyncio.fixture(loop_scope='{scope}')"
    tests = TESTS.format(mark=mark, fixture=fixture, imports="import pytest_asyncio")
    run(tests, f"--flue-backend={backend}").assert_outcomes(passed=3)


SEVERAL = """
import asyncio
import threading
import pytest
import pytest_asyncio

def in_a_thread(coroutine):
    done = []
    thread = threading.Thread(target=lambda: done.append(asyncio.run(coroutine)))
    thread.start()
    thread.join()
    return done[0]

def test_one_after_the_other(flue_stores):
    asyncio.run(flue_stores.sessions.save("s", {"entries": []}))
    assert asyncio.run(flue_stores.sessions.load("s"))

@pytest.mark.asyncio
async def test_beside_each_other(flue_stores):
    await flue_stores.sessions.save("s", {"entries": []})
    assert in_a_thread(flue_stores.sessions.load("s"))
    assert await flue_stores.sessions.load("s")

@pytest_asyncio.fixture(loop_scope="session")
async def session(flue_stores):
    await flue_stores.sessions.save("s", {"entries": []})

@pytest.mark.asyncio
async def test_a_fixture_in_another_loop(session, flue_stores):
    assert await flue_stores.sessions.load("s")

@pytest.mark.asyncio
async def test_asked_for_within_the_test(request):
    stores = request.getfixturevalue("flue_stores")
    assert await stores.sessions.load("s") is None
"""


@BACKENDS
def test_several_loops(run: Run, backend: str) -> None:
    run(SEVERAL, f"--flue-backend={backend}").assert_outcomes(passed=4)


CANCELLED = """
import asyncio
import pytest

@pytest.mark.asyncio
async def test_the_others_go_on(flue_stores):
    calls = [asyncio.create_task(flue_stores.sessions.load(f"s{number}")) for number in range(50)]
    await asyncio.sleep(0)
    for call in calls[::2]:
        call.cancel()
    done = await asyncio.gather(*calls, return_exceptions=True)
    assert done[1::2] == [None] * 25
    await flue_stores.sessions.save("s", {"entries": []})
    assert await flue_stores.sessions.load("s") == {"entries": []}

@pytest.mark.asyncio
async def test_the_test_is_over_first(flue_stores):
    asyncio.create_task(flue_stores.sessions.save("s", {"entries": []}))
    await asyncio.sleep(0)
"""


@BACKENDS
def test_calls_that_are_cancelled(run: Run, backend: str) -> None:
    run(CANCELLED, f"--flue-backend={backend}").assert_outcomes(passed=2)


TAILS = """
import asyncio
from contextlib import aclosing
import pytest
from flue_memdb import open_stores

@pytest.mark.asyncio
async def test_a_tail_hears_of_another_process(flue_stores, flue_new_adapter):
    await flue_stores.events.create_stream("s")
    async with open_stores(flue_new_adapter()) as other, aclosing(flue_stores.events.tail("s")) as tail:
        for number in range(3):
            coming = asyncio.create_task(anext(tail))
            await flue_stores.sessions.load("the other one waits now")
            await other.events.append_event("s", number)
            async with asyncio.timeout(4):  # by itself it looks every 5 s
                assert (await coming).data == number

@pytest.mark.asyncio
async def test_a_tail_is_left_where_it_is(flue_stores):
    await flue_stores.events.create_stream("s")
    await flue_stores.events.append_event("s", 1)
    tail = flue_stores.events.tail("s")
    await anext(tail)
    waiting = asyncio.create_task(anext(tail))
    await flue_stores.sessions.load("it waits now")

def test_a_tail_in_a_loop_that_is_gone(flue_stores):
    async def first():
        await flue_stores.events.create_stream("s")
        await flue_stores.events.append_event("s", 1)
        return (await anext(flue_stores.events.tail("s"))).data

    assert asyncio.run(first()) == 1
    assert asyncio.run(first()) == 1
"""


@BACKENDS
def test_tails(run: Run, backend: str) -> None:
    run(TAILS, f"--flue-backend={backend}").assert_outcomes(passed=3)
