"""A server behind a proxy."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from flue_valkey.blueprint.database import database_text
from flue_valkey.runner import RedisRunner, Runner, runner_from_url
from flue_valkey.servers.proxy import Proxy
from flue_valkey.servers.server import Server


@pytest.fixture
async def proxy(local_server: Server) -> AsyncIterator[Proxy]:
    async with Proxy(local_server.url or "") as proxy:
        yield proxy


@pytest.fixture
async def direct(local_server: Server) -> AsyncIterator[Runner]:
    """A way to the server beside the proxy."""
    runner = local_server.runner()
    yield runner
    await runner.close()


@pytest.fixture
async def key(local_server: Server) -> AsyncIterator[str]:
    prefix = local_server.new_prefix()
    yield f"{prefix}:k"
    await local_server.remove(prefix)


@pytest.fixture(params=["multiplexed", "pooled", "blueprint"])
def make(request: pytest.FixtureRequest) -> Callable[[str], Runner]:
    """Each kind of runner for a URL, with the one of `flue add database valkey --runner`. The client of the pooled one
    would by itself repeat commands."""
    if request.param == "multiplexed":
        return runner_from_url
    if request.param == "blueprint":
        written: dict[str, Any] = {}
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("VALKEY_URL", "redis://127.0.0.1")
            exec(database_text(runner=True, dotenv=False), written)
        return lambda url: RedisRunner(written["new_client"](url))
    return lambda url: RedisRunner(Redis.from_url(url, retry=Retry(NoBackoff(), 3)))
