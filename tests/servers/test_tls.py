"""The runner over TLS does what it does without."""

import asyncio
import random
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trustme
from redis.exceptions import ConnectionError as NoConnectionError

from flue_valkey.runner import NotSentError, Runner, runner_from_url
from flue_valkey.servers.proxy import Proxy
from flue_valkey.servers.server import Server


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
async def proxy(local_server: Server, authority: trustme.CA) -> AsyncIterator[Proxy]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    async with Proxy(local_server.url or "", tls=context) as proxy:
        yield proxy


@pytest.fixture(params=[2, 3])
async def runner(
    proxy: Proxy, authority: trustme.CA, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Runner]:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    runner = runner_from_url(f"{proxy.url}?ssl_ca_certs={tmp_path}/ca.pem", protocol=request.param)
    yield runner
    await runner.close()


async def test_many_calls_and_large_values(proxy: Proxy, runner: Runner, key: str) -> None:
    value = random.Random(1).randbytes(4 * 1024 * 1024)
    asked = [["SET", key, value], ["GET", key], *(["ECHO", number] for number in range(200))]
    replies = await asyncio.gather(*(runner.command(*command) for command in asked))
    assert replies == [b"OK", value, *(b"%d" % number for number in range(200))]
    assert (proxy.connections, proxy.url[:9]) == (1, "rediss://")


async def test_a_reply_that_is_cut(proxy: Proxy, runner: Runner, direct: Runner, key: str) -> None:
    await runner.command("PING")
    proxy.replies.cut_after(2)
    with pytest.raises(NoConnectionError) as caught:
        await runner.command("INCR", key)
    assert not isinstance(caught.value, NotSentError)
    assert await runner.command("GET", key) == b"1"


async def test_a_connection_that_was_closed_meanwhile_is_found_out_first(
    proxy: Proxy, runner: Runner, key: str
) -> None:
    for connection in (1, 2):
        assert await runner.command("INCR", key) == connection
        proxy.cut()
        await proxy.idle()


async def test_a_certificate_that_nobody_vouches_for(proxy: Proxy) -> None:
    runner = runner_from_url(proxy.url)
    with pytest.raises(NotSentError, match="CERTIFICATE_VERIFY_FAILED"):
        await runner.command("PING")
    await runner.close()
