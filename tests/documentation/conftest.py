"""The server that the pages speak of."""

import asyncio
from collections.abc import Iterator

import pytest

from flue_valkey.servers.local import LocalServer
from tests.documentation.pages import ROOT, blocks


@pytest.fixture
def recommended_server(local_server: object) -> Iterator[LocalServer]:
    """A new server with the settings of docs/production.md. Without a binary the test is skipped."""
    page = ROOT / "docs" / "production.md"
    settings = next(block.text for block in blocks(page) if block.title == "valkey.conf")
    server = LocalServer(dict(line.split(" ", 1) for line in settings.splitlines()))
    asyncio.run(server.start())
    yield server
    asyncio.run(server.close())
