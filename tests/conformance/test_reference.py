"""The contract on the reference."""

import pytest

from flue_memdb import ManualClock, MemoryDatabase, memory
from flue_memdb.conformance import *  # noqa: F403 -- the suite is collected here
from flue_memdb.conformance import OpenAdapter


@pytest.fixture
def conformance_namespace(clock: ManualClock) -> OpenAdapter:
    database = MemoryDatabase(clock=clock)
    return lambda _: memory(database)
