"""A server whose namespace `flue` is the test's own: what was generated knows no other."""

import asyncio
from collections.abc import Iterator

import pytest

from flue_valkey.servers.local import LocalServer
from flue_valkey.servers.server import Server


@pytest.fixture
def own_server(local_server: Server) -> Iterator[Server]:
    server = LocalServer()
    asyncio.run(server.start())
    yield server
    asyncio.run(server.close())
