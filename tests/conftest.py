"""The servers that tests run on.

A real server is started once a session (under xdist: once a worker). Where it cannot be had its tests are skipped with
the reason, but with FLUE_REQUIRE_SERVERS=1, as in CI, they fail.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping

import pytest
import uvloop
from hypothesis import HealthCheck, settings

from flue_valkey.runner import Runner
from flue_valkey.servers.container import ContainerServer
from flue_valkey.servers.fake import FakeServer
from flue_valkey.servers.local import LocalServer
from flue_valkey.servers.server import Server, ServerError

pytest_plugins = ["pytester"]

# On a busy machine everything is slow, which is no finding.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

_ALSO_ON_UVLOOP = {
    "test_connection_trouble",
    "test_limits",
    "test_reconnection",
    "test_runner",
    "test_tail_outages",
    "test_tails",
    "test_tls",
}


def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """What the driver does runs on uvloop, too, whose transports are others than asyncio's."""
    factories: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
    if item.path.stem in _ALSO_ON_UVLOOP:
        factories["uvloop"] = uvloop.new_event_loop
    return factories


def _running(make: Callable[[], Server]) -> Iterator[Server]:
    server, missing = None, ""
    try:
        server = make()
        asyncio.run(server.start())
    except ServerError as error:
        server, missing = None, str(error)
    if server is None:
        if os.environ.get("FLUE_REQUIRE_SERVERS") == "1":
            pytest.fail(f"FLUE_REQUIRE_SERVERS=1, but {missing}", pytrace=False)
        pytest.skip(missing)
    yield server
    asyncio.run(server.close())


@pytest.fixture(scope="session")
def local_server() -> Iterator[Server]:
    """A `valkey-server` of this machine, without persistence. Tests share it: each has keys of its own."""
    yield from _running(LocalServer)


@pytest.fixture(scope="session")
def container_server() -> Iterator[Server]:
    """A Valkey server in a container. Tests share it: each has keys of its own."""
    yield from _running(ContainerServer)


@pytest.fixture(params=["fakeredis", "valkey", "container"])
def server(request: pytest.FixtureRequest) -> Server:
    """Each kind of server in turn. fakeredis is a new one for each test: a script can spoil it for later ones."""
    if request.param == "fakeredis":
        return FakeServer()
    shared: Server = request.getfixturevalue("local_server" if request.param == "valkey" else "container_server")
    return shared


@pytest.fixture
async def runner(server: Server) -> AsyncIterator[Runner]:
    """A connection to `server`."""
    runner = server.runner()
    yield runner
    await runner.close()


@pytest.fixture
async def prefix(server: Server) -> AsyncIterator[str]:
    """A key prefix on `server`. What stands under it is removed afterwards."""
    prefix = server.new_prefix()
    yield prefix
    await server.remove(prefix)
