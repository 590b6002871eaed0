"""Other people's tests, run with the plugin."""

from collections.abc import Callable
from pathlib import Path

import anyio.pytest_plugin
import pytest
import pytest_asyncio.plugin

from flue_valkey import pytest_plugin

ROOT = Path(__file__).parents[2]
PLUGINS = [pytest_asyncio.plugin, anyio.pytest_plugin, pytest_plugin]

INI = """
[pytest]
asyncio_default_fixture_loop_scope = function
filterwarnings = error
"""

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def alone(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project of its own, for which only those plugins are there that are named, and nothing is set from outside."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    for name in ("FLUE_BACKEND", "FLUE_REQUIRE_SERVERS", "VALKEY_URL", "PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER"):
        monkeypatch.delenv(name, raising=False)
    pytester.makeini(INI)
    return pytester


@pytest.fixture
def run(alone: pytest.Pytester) -> Run:
    """Runs tests, given as source, with pytest-asyncio and anyio at hand, and gives the result."""

    def run_tests(tests: str, *args: str) -> pytest.RunResult:
        alone.makepyfile(test_app=tests)
        return alone.runpytest_inprocess("-p", "no:cacheprovider", "-rs", *args, plugins=PLUGINS)

    return run_tests
