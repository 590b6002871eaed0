"""The pytest plugin: fixtures for apps, whose tests run unchanged in memory, on fakeredis and on a real server.

Nothing but pytest is imported before a fixture is used: an app that never uses one does not pay for it.
"""

from flue_valkey.pytest_plugin.fixtures import (
    flue_adapter,
    flue_background,
    flue_clock,
    flue_db,
    flue_faults,
    flue_namespace,
    flue_new_adapter,
    flue_server,
    flue_stores,
)
from flue_valkey.pytest_plugin.hooks import (
    pytest_addoption,
    pytest_configure,
    pytest_report_header,
    pytest_runtest_makereport,
)
from flue_valkey.pytest_plugin.leftovers import FlueLeftoverWarning

__all__ = [
    "FlueLeftoverWarning",
    "flue_adapter",
    "flue_background",
    "flue_clock",
    "flue_db",
    "flue_faults",
    "flue_namespace",
    "flue_new_adapter",
    "flue_server",
    "flue_stores",
    "pytest_addoption",
    "pytest_configure",
    "pytest_report_header",
    "pytest_runtest_makereport",
]
