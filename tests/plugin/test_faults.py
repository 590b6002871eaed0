"""`flue_adapter` and `flue_stores` go through `flue_faults`, whose rules and log the report of a failed test shows."""

import pytest

from tests.plugin.conftest import Run

TESTS = """
import pytest
from flue_memdb import NewRun, StoreUnavailableError, open_stores

@pytest.mark.asyncio
async def test_a_fault_hits_the_stores_and_no_other_process(flue_stores, flue_faults, flue_new_adapter):
    flue_faults.fail("save")
    async with open_stores(flue_new_adapter()) as other:
        await other.sessions.save("s", {"entries": []})
        with pytest.raises(StoreUnavailableError):
            await flue_stores.sessions.save("s", {"entries": []})
        await flue_stores.sessions.save("s", {"entries": []})
    assert flue_faults.log.count("save", session_key="s") == 2

@pytest.mark.asyncio
async def test_an_app_that_finds_the_server_down(flue_adapter, flue_faults):
    flue_faults.down()
    with pytest.raises(StoreUnavailableError):
        async with open_stores(flue_adapter):
            pass

@pytest.mark.asyncio
async def test_a_delay_moves_the_clock(flue_stores, flue_faults, flue_clock):
    flue_faults.slow("load", ms=200)
    before = flue_clock()
    await flue_stores.sessions.load("s")
    assert flue_clock() == before + 200

@pytest.mark.asyncio
async def test_that_fails(flue_stores, flue_faults):
    flue_faults.lose_answer("end_run")
    await flue_stores.runs.create_run(NewRun(run_id="r1", workflow_name="digest", started_at="2026-06-03"))
    assert await flue_stores.runs.get_run("r1") is None

def test_that_fails_with_nothing_done(flue_faults):
    assert False
"""


@pytest.mark.parametrize("backend", ["memory", "fakeredis", "valkey"])
def test_faults_on_every_backend(run: Run, backend: str) -> None:
    result = run(TESTS, f"--flue-backend={backend}", "--flue-require")
    result.assert_outcomes(passed=3, failed=2)
    result.stdout.fnmatch_lines(
        ["*flue: faults and operations*", "*lose_answer('end_run'): never fired*", "*1  create_run(*", "*2  get_run(*"]
    )
    assert result.stdout.str().count("flue: faults and operations") == 1


def test_a_failure_is_shown_where_the_app_made_the_call(run: Run) -> None:
    result = run(
        """
import pytest

@pytest.mark.asyncio
@pytest.mark.parametrize("fault", ["fail", "lose_answer"])
async def test_one(flue_stores, flue_faults, flue_clock, fault):
    getattr(flue_faults, fault)("load")
    await flue_stores.sessions.load("s")
"""
    )
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*test_app.py:7: StoreUnavailableError"] * 2)
    result.stdout.no_fnmatch_line("*flue_memdb/*.py:*")


def test_an_app_s_own_clock_need_not_be_a_manual_one(run: Run) -> None:
    run(
        """
import pytest
from flue_memdb import SystemClock

@pytest.fixture
def flue_clock():
    return SystemClock()

@pytest.mark.asyncio
async def test_it(flue_stores, flue_faults):
    flue_faults.slow("load", ms=1)
    assert await flue_stores.sessions.load("s") is None
"""
    ).assert_outcomes(passed=1)
