"""What the plugin tells pytest: its options, the choice of the backend, and what it adds to reports."""

from collections.abc import Generator

import pytest

from flue_valkey.pytest_plugin.choice import BACKEND, chosen_backend
from flue_valkey.pytest_plugin.fixtures import FAULTS


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options, and the setting for the ini file."""
    group = parser.getgroup("flue", "flue: what the fixtures flue_* run on")
    group.addoption(
        "--flue-backend",
        metavar="memory|fakeredis|valkey|URL",
        help="memory (default), fakeredis, valkey (a throwaway server), or the URL of a server of yours; "
        "before FLUE_BACKEND, and that before flue_backend in the ini file",
    )
    group.addoption(
        "--flue-require",
        action="store_true",
        help="a test whose server cannot be had fails, and is not skipped; so does FLUE_REQUIRE_SERVERS=1",
    )
    parser.addini("flue_backend", "what the fixtures flue_* run on: memory, fakeredis, valkey, or a URL", default="")


def pytest_configure(config: pytest.Config) -> None:
    """Chooses the backend, or ends the run because there is none of that name."""
    config.stash[BACKEND] = chosen_backend(config)


def pytest_report_header(config: pytest.Config) -> str:
    """Which backend the tests run on."""
    return f"flue: backend {config.stash[BACKEND].shown}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Adds to the report of a failed test the rules of its faults, and what its stores were asked."""
    report = yield
    faults = item.stash.get(FAULTS, None)
    if report.failed and faults is not None and (faults.rules or len(faults.log)):
        report.sections.append(("flue: faults and operations", str(faults)))
    return report
