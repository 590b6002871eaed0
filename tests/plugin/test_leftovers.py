"""What a test left behind is said, as a warning, and is gone for the next test."""

import pytest

from flue_valkey.servers.server import Server
from tests.plugin.conftest import Run

TESTS = """
import pytest

@pytest.mark.asyncio
async def test_tidy(flue_stores):
    await flue_stores.sessions.save("s", {"entries": []})

@pytest.mark.asyncio
async def test_untidy(flue_stores, flue_new_adapter):
    await flue_stores.sessions.save("s", {"entries": []})
    connection = flue_new_adapter()._connection
    runner, prefix = connection.runner, connection.prefix
    for number in range(7):
        await runner.command("SET", f"other{number}", 1)
    await runner.command("SET", f"{prefix}:py:helper", 1)

@pytest.mark.asyncio
async def test_tidy_again(flue_stores):
    await flue_stores.sessions.save("s", {"entries": []})
"""
AS_WARNINGS = ["-W", "default::pytest.PytestWarning"]


@pytest.mark.parametrize("backend", ["fakeredis", "valkey"])
def test_what_is_left_on_a_throwaway_server(run: Run, backend: str) -> None:
    result = run(TESTS, f"--flue-backend={backend}", *AS_WARNINGS)
    result.assert_outcomes(passed=3, warnings=1)
    said = next(line for line in result.outlines if "FlueLeftoverWarning" in line)
    assert "test_app.py::test_untidy left " in said
    assert "helper key flue-test-" in said
    assert "keys outside its namespace: other0, other1, other2, other3, other4 and 2 more" in said


def test_it_can_be_made_an_error(run: Run) -> None:
    result = run(TESTS, "--flue-backend=fakeredis")
    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines("*ERROR at teardown of test_untidy*")


def test_of_a_server_of_ones_own_only_the_namespace_is_looked_at(run: Run, local_server: Server) -> None:
    tests = TESTS.replace("range(7)", "range(0)")
    result = run(tests, f"--flue-backend={local_server.url}", *AS_WARNINGS)
    result.assert_outcomes(passed=3, warnings=1)
    assert "outside its namespace" not in result.stdout.str()


def test_a_server_that_went_away(run: Run) -> None:
    result = run(
        """
import pytest
from redis.exceptions import RedisError

@pytest.mark.asyncio
async def test_it(flue_new_adapter):
    with pytest.raises(RedisError):
        await flue_new_adapter()._connection.runner.command("SHUTDOWN", "NOSAVE")
""",
        "--flue-backend=valkey",
        *AS_WARNINGS,
    )
    result.assert_outcomes(passed=1, warnings=1)
    result.stdout.fnmatch_lines("*FlueLeftoverWarning: *could not be looked through and removed: *")
