"""The contract on the reference as the pytest plugin has it: other tasks have their turn at each call."""

import pytest

from flue_memdb import ManualClock, MemoryDatabase
from flue_memdb.adapter import MemoryAdapter
from flue_memdb.conformance import *  # noqa: F403 -- the suite is collected here
from flue_memdb.conformance import OpenAdapter


@pytest.fixture
def conformance_namespace(clock: ManualClock) -> OpenAdapter:
    database = MemoryDatabase(clock=clock)
    return lambda _: MemoryAdapter(database, operations_a_turn=1)
