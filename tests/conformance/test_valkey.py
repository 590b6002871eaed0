"""The contract holds for the Valkey adapter over a real server."""

from collections.abc import AsyncIterator

import pytest

from flue_memdb.conformance import *  # noqa: F403 -- this collects the whole suite
from flue_memdb.conformance import OpenAdapter
from flue_valkey import valkey
from flue_valkey.servers.server import Server


@pytest.fixture
async def conformance_namespace(local_server: Server) -> AsyncIterator[OpenAdapter]:
    prefix = local_server.new_prefix()
    yield lambda clock: valkey(local_server.runner(), key_prefix=prefix, clock=clock)
    await local_server.remove(prefix)
