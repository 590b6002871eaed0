"""Servers named by a URL: what is none is refused, and no password is shown."""

import pytest

from flue_valkey.runner import masked, runner_from_url
from flue_valkey.servers.local import LocalServer


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:6379",
        "http://:secret@host/0",
        "redis://:secret",
        "redis://user:secret@host:port/0",
        "redis://:sec#ret@host/0",
        "redis://:sec/ret@host/0",
        "redis://:secret@host/first",
        "redis://:secret@host:0",
        "redis://:secret@host:65536",
        "redis://host?password=secret&decode_responses=true",
        "redis://:secret@host?retry_on_timeout=yes",
        "redis://:secret@host?db=one",
        "redis://:secret@host?ssl_cert_reqs=none",
        "redis://:secret@[::1",
        "unix:/tmp/socket",
        "unix://",
        "unix://run/valkey.sock",
        "redis://:secret@host/1?db=2",
        "redis://:secret@host?db=1&db=2",
        "redis://:secret@host?password=secret",
        "redis://user@host?username=other",
        "redis://:secret@host?protocol=5",
        "rediss://:secret@host?ssl_cert_reqs=perhaps",
        "rediss://:secret@host?ssl_cacerts=ca.pem",
    ],
)
def test_a_url_that_is_none(url: str) -> None:
    with pytest.raises(ValueError, match=r"no server URL: .*; give one like redis://") as caught:
        runner_from_url(url)
    assert not any(piece in str(caught.value) for piece in ("sec/", "sec#", "ret@", "secret"))
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_what_is_no_text_is_no_url() -> None:
    with pytest.raises(TypeError, match="runner_from_url: got a NoneType; give a URL such as redis://"):
        runner_from_url(None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/0"),
        ("redis://[::1]:6379/0", "redis://[::1]:6379/0"),
        ("valkey://:secret@host:1/2", "valkey://:***@host:1/2"),
        ("rediss://user:secret@host?ssl_cert_reqs=none", "rediss://user:***@host?ssl_cert_reqs=none"),
        ("redis://secret@host", "redis://***@host"),
        ("redis://user:se:c@r/e?t#@host", "redis://user:***@host"),
        ("redis://:secret", "redis://:***"),
        ("unix:///run/valkey.sock?db=1&password=secret", "unix:///run/valkey.sock?db=1&password=***"),
        ("redis://host?pass%77ord=secret", "redis://host?pass%77ord=***"),
        ("redis://host:1/0#user:secret", "redis://host:1/0#***"),
        ("user:secret@host", "user:***@host"),
        ("no url", "no url"),
    ],
)
def test_masked(url: str, shown: str) -> None:
    assert masked(url) == shown
    assert masked(shown) == shown


async def test_schemes(tmp_path) -> None:
    socket = tmp_path / "socket"
    async with LocalServer({"requirepass": "a/b@:c", "unixsocket": str(socket)}) as server:
        port = (server.url or "").rpartition(":")[2]
        for url in (
            f"redis://:a%2Fb%40%3Ac@127.0.0.1:{port}",
            f"valkey://default:a%2Fb%40%3Ac@127.0.0.1:{port}?client_name=x",
            f"unix://:a%2Fb%40%3Ac@{socket}?db=0",
        ):
            runner = runner_from_url(url)
            assert await runner.command("PING") == b"PONG"
            await runner.close()
