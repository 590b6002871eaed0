"""The contract holds for the Valkey adapter over fakeredis."""

import pytest

from flue_memdb.conformance import *  # noqa: F403 -- this collects the whole suite
from flue_memdb.conformance import OpenAdapter
from flue_valkey import valkey
from flue_valkey.servers.fake import FakeServer


@pytest.fixture
def conformance_namespace() -> OpenAdapter:
    server = FakeServer()
    return lambda clock: valkey(server.runner(), clock=clock, inspect_server=False)
