"""What all classes of the suite share: the clock, and two processes over one namespace."""

from collections.abc import AsyncIterator, Callable
from typing import TypeAlias

import pytest
import pytest_asyncio

from flue_memdb.clock import Clock, ManualClock
from flue_memdb.conformance.examples import NOW_MS
from flue_memdb.contract import Adapter, Stores, open_stores

OpenAdapter: TypeAlias = Callable[[Clock], Adapter]
"""What the fixture `conformance_namespace` gives: each call is a new process over the one namespace of the test."""


class Contract:
    """Base of the suite's classes. The project's own fixture `conformance_namespace` gives the namespace."""

    pytestmark = pytest.mark.asyncio

    @pytest.fixture
    def clock(self) -> ManualClock:
        """The clock of all adapters of a test; it stands at `NOW_MS`."""
        return ManualClock(NOW_MS)

    @pytest_asyncio.fixture
    async def stores(self, conformance_namespace: OpenAdapter, clock: ManualClock) -> AsyncIterator[Stores]:
        """The stores of one process."""
        async with open_stores(conformance_namespace(clock)) as stores:
            yield stores

    @pytest_asyncio.fixture
    async def other(self, conformance_namespace: OpenAdapter, clock: ManualClock) -> AsyncIterator[Stores]:
        """The stores of another process over the same namespace."""
        async with open_stores(conformance_namespace(clock)) as stores:
            yield stores
