"""The plugin in processes of their own: what it imports, that it is found once it is installed, and pytest-xdist."""

import os
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

from tests.plugin.conftest import ROOT

HEAVY = {"redis", "hiredis", "fakeredis", "lupa", "testcontainers", "docker", "flue_memdb", "asyncio", "click", "rich"}


def test_importing_it_brings_in_nothing_heavy() -> None:
    code = "import pytest, sys; before = set(sys.modules); import flue_valkey.pytest_plugin; "
    code += "print(*(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True, cwd=ROOT)
    brought_in = set(done.stdout.split())
    assert "flue_valkey.pytest_plugin.fixtures" in brought_in
    assert not brought_in & HEAVY


@pytest.mark.parametrize(
    ("fixtures", "heavy"),
    [("", set()), ("flue_clock, flue_db", {"flue_memdb"}), ("flue_stores", {"flue_memdb", "asyncio"})],
)
def test_a_run_imports_what_its_fixtures_need(alone: pytest.Pytester, fixtures: str, heavy: set[str]) -> None:
    test = f"import sys\ndef test_it({fixtures}):\n    assert {HEAVY!r} & set(sys.modules) == {heavy!r}"
    alone.makeini("[pytest]")
    alone.makepyfile(test)
    alone.runpytest_subprocess("-p", "flue_valkey.pytest_plugin").assert_outcomes(passed=1)


TESTS = """
import os
import pytest

@pytest.mark.asyncio
@pytest.mark.parametrize("number", range(8))
async def test_it(flue_stores, number):
    assert "PYTEST_XDIST_WORKER" in os.environ
    assert await flue_stores.sessions.load("s") is None
    await flue_stores.sessions.save("s", {"entries": []})
"""


def test_xdist(alone: pytest.Pytester) -> None:
    alone.makepyfile(TESTS)
    plugins = ["-p", "xdist", "-p", "pytest_asyncio.plugin", "-p", "flue_valkey.pytest_plugin"]
    result = alone.runpytest_subprocess(*plugins, "-n", "2", "--flue-backend=valkey", "--flue-require")
    result.assert_outcomes(passed=8)


def test_it_is_found_where_it_is_installed(tmp_path: Path) -> None:
    try:
        installed = distribution("flue-valkey")
    except PackageNotFoundError:
        pytest.skip("flue-valkey is not installed here, so that there are no entry points: run `make test`")
    (entry,) = installed.entry_points.select(group="pytest11")
    assert (entry.name, entry.value) == ("flue", "flue_valkey.pytest_plugin")
    (tmp_path / "test_it.py").write_text("def test_it(flue_clock): assert flue_clock()", encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "FLUE_"))}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "test_it.py"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "flue: backend memory" in done.stdout
