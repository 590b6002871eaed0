"""How long a call holds the server: what is measured, and what the page says of it."""

import re
from pathlib import Path

import pytest

from benchmarks.held import Held, TimedRunner, held, one_operation
from benchmarks.held_cases import SETTINGS
from benchmarks.measure import Effort
from flue_memdb import memory, open_stores
from flue_valkey.servers.local import LocalServer

PAGE = Path(__file__).parents[2] / "docs" / "growth.md"


@pytest.fixture
async def own_server(local_server):
    """A server of the test's own: what is measured is stored on an empty one."""
    async with LocalServer() as server:
        yield server


async def test_every_operation_is_measured(own_server):
    effort = Effort(rounds=1, seconds=0, largest=0, smaller=1_000)
    rows = [row async for row in held(own_server, effort)]
    assert len(rows) == len(await named())
    assert all(row.calls >= 1 and 0 < row.longest_ms <= row.total_ms for row in rows)


async def test_a_call_that_holds_the_server_is_noticed(own_server):
    runner = TimedRunner(own_server.runner())

    async def quick_and_slow(_):
        for turns in (1, 200_000):
            await runner.eval("for i = 1, ARGV[1] do redis.sha1hex('') end return {}", [], [turns])

    row = await one_operation(runner, "slow", quick_and_slow)
    assert row.calls == 2
    assert row.longest_ms > 25
    assert row.is_missed
    assert row.is_finding
    await runner.close()


def test_a_call_is_too_long_beyond_the_goal_and_a_finding_far_beyond_it():
    judged = {ms: (Held("", 1, ms, ms).is_missed, Held("", 1, ms, ms).is_finding) for ms in (10, 10.01, 25, 25.01)}
    assert judged == {10: (False, False), 10.01: (True, False), 25: (True, False), 25.01: (True, True)}


async def test_the_page_has_what_is_measured():
    rows = re.findall(r"^\| `(\w+)`(.*?) \| [\d,]+ \| ([\d.]+) \| [\d.,]+ \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert [operation + what for operation, what, _ in rows] == await named()
    assert max(float(longest) for *_, longest in rows) <= 10


async def named():
    """What the measured operations are called."""
    async with open_stores(memory()) as stores:
        return [
            what.format(size=f"{setting.size:,}")
            for setting in SETTINGS
            for what in setting.asked(stores, setting.size)
        ]
