'''The contract as a pytest suite, for any adapter: one sentence of the specification a test.

An adapter's project has a test module with a fixture that gives an empty namespace, and the suite is collected there:

    import pytest
    from flue_memdb.conformance import *

    @pytest.fixture
    def conformance_namespace():
        """An empty namespace for each test: each call of what it gives is a new process over it."""
        server = my_adapter.empty_server()
        return lambda clock: my_adapter.adapter(server, clock=clock)

The fixture may be an async one (of pytest-asyncio) and may clean up after its `yield`. All adapters of a test get the
same clock, which is also the fixture `clock`. Nothing in the suite sleeps or depends on the time of day.

A project that wants less imports single classes; one that knows better in a point subclasses the class and overrides
the test. The suite needs pytest and pytest-asyncio, in either of its modes.

What cannot be brought about through the contract is left to the adapter's own tests: records that cannot be read,
other schema versions, a server that fails, and the renewal of a deletion's marker every 10 s of real time.
'''

# ruff: noqa: E402 -- pytest must know of the modules before they are imported, or their asserts would explain nothing

import pkgutil

import pytest

pytest.register_assert_rewrite(*(module.name for module in pkgutil.iter_modules(__path__, f"{__name__}.")))

from flue_memdb.conformance.adapter_lifecycle import TestAdapterLifecycle
from flue_memdb.conformance.admission import TestAdmission
from flue_memdb.conformance.bad_input import TestBadInput
from flue_memdb.conformance.clock import TestClock
from flue_memdb.conformance.deletion import TestAdmissionAndDeletion, TestDeletion
from flue_memdb.conformance.deletion_races import (
    TestDeletionAfterADeath,
    TestDeletionInOneProcess,
    TestDeletionInTwoProcesses,
)
from flue_memdb.conformance.events import TestEventReads, TestEvents
from flue_memdb.conformance.images import TestImages
from flue_memdb.conformance.journal import TestJournal, TestReplacement
from flue_memdb.conformance.json_documents import TestJsonDocuments
from flue_memdb.conformance.leases import TestLeases
from flue_memdb.conformance.lifecycle import TestClaims, TestTransitions
from flue_memdb.conformance.markers import TestMarkers
from flue_memdb.conformance.outbox import TestOutbox
from flue_memdb.conformance.ownership import TestOwnership
from flue_memdb.conformance.plain_values import TestPlainValues
from flue_memdb.conformance.queries import TestQueries
from flue_memdb.conformance.retries import TestRetries
from flue_memdb.conformance.run_pages import TestRunPages
from flue_memdb.conformance.runs import TestRuns
from flue_memdb.conformance.segments import TestSegments
from flue_memdb.conformance.sessions import TestSessions
from flue_memdb.conformance.subscriptions import TestSubscriptions
from flue_memdb.conformance.suite import OpenAdapter
from flue_memdb.conformance.tail import TestTail
from flue_memdb.conformance.timestamps import TestTimestamps
from flue_memdb.conformance.turns import TestTurns

__all__ = [
    "OpenAdapter",
    "TestAdapterLifecycle",
    "TestAdmission",
    "TestAdmissionAndDeletion",
    "TestBadInput",
    "TestClaims",
    "TestClock",
    "TestDeletion",
    "TestDeletionAfterADeath",
    "TestDeletionInOneProcess",
    "TestDeletionInTwoProcesses",
    "TestEventReads",
    "TestEvents",
    "TestImages",
    "TestJournal",
    "TestJsonDocuments",
    "TestLeases",
    "TestMarkers",
    "TestOutbox",
    "TestOwnership",
    "TestPlainValues",
    "TestQueries",
    "TestReplacement",
    "TestRetries",
    "TestRunPages",
    "TestRuns",
    "TestSegments",
    "TestSessions",
    "TestSubscriptions",
    "TestTail",
    "TestTimestamps",
    "TestTransitions",
    "TestTurns",
]
