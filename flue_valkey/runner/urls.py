"""Servers named by a URL."""

import re
from typing import Any, Literal
from urllib.parse import SplitResult, parse_qs, urlsplit

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from flue_valkey.runner.multiplexed import MultiplexedRunner
from flue_valkey.runner.redis_py import WITHOUT_MAINTENANCE
from flue_valkey.runner.seam import Runner

_SCHEMES = {"redis": "redis", "rediss": "rediss", "valkey": "redis", "valkeys": "rediss", "unix": "unix"}
_QUERY_NAMES = {"db", "protocol", "client_name", "username", "password"}
_SECRETS = (
    re.compile(r"^((?:\w+://)?(?:[^:/@]*:)?).*(@)", re.DOTALL),
    re.compile(r"(://[^/?@\[]*:)(?!\d*(?:[/?]|$))[^@]*$()", re.DOTALL),  # no @ follows, and it is no port
    re.compile(r"([?&](?!(?:db|protocol|client_name|username|ssl_\w+)=)[^=&#]*=)[^&#]*()"),
    re.compile(r"(#).*()", re.DOTALL),
)


def runner_from_url(
    url: str,
    *,
    protocol: Literal[2, 3] | None = None,
    connect_timeout_s: float = 5.0,
    reply_timeout_s: float = 30.0,
    max_calls: int = 1024,
    max_bytes: int = 16 * 1024 * 1024,
) -> Runner:
    """A runner with one connection, which is made at the first command.

    `url` is `redis://`, `valkey://` (the same), `rediss://`, `valkeys://` (the same, with TLS) or `unix://`, with user,
    password and database; anything else is a `ValueError`, which does not show the password. `protocol` is the version
    of RESP; without it redis-py's default holds. The time-outs and limits are those of `MultiplexedRunner`.
    """
    given: object = url
    if not isinstance(given, str):
        raise TypeError(f"runner_from_url: got a {type(given).__name__}; give a URL such as redis://127.0.0.1:6379/0")
    options: dict[str, Any] = {} if protocol is None else {"protocol": protocol}
    try:
        client = Redis.from_url(
            _checked(url),
            socket_connect_timeout=None,  # the runner has its own time-outs
            socket_timeout=None,
            retry=Retry(NoBackoff(), 0),  # of connecting; commands are never repeated
            **WITHOUT_MAINTENANCE,
            **options,
        )
        _require_options(client)
    except ValueError as error:
        # The parsers quote what they cannot read, and that may be a piece of the password: hence `from None`.
        reason = str(error) if isinstance(error, _BadUrlError) else "it cannot be read"
        raise ValueError(
            f"no server URL: {masked(url) or 'an empty text'}: {reason}; "
            "give one like redis://user:password@127.0.0.1:6379/0, with special characters of the password as %XX"
        ) from None
    return MultiplexedRunner(
        client,
        connect_timeout_s=connect_timeout_s,
        reply_timeout_s=reply_timeout_s,
        max_calls=max_calls,
        max_bytes=max_bytes,
    )


def masked(url: str) -> str:
    """`url` with its password masked. It also masks rather too much than too little of what is no URL."""
    for secret in _SECRETS:
        url = secret.sub(r"\1***\2", url)
    return url


class _BadUrlError(ValueError):
    """A reason that can be shown."""


def _checked(url: str) -> str:
    """`url` as redis-py knows it. What redis-py would pass over in silence is refused here."""
    _, mark, rest = url.partition("://")
    parts = urlsplit(url)
    if not mark or parts.scheme not in _SCHEMES:
        raise _BadUrlError(f"its scheme is none of {', '.join(f'{scheme}://' for scheme in _SCHEMES)}")
    if parts.fragment:
        raise _BadUrlError("it has a #")
    if parts.scheme == "unix":
        if not parts.path.strip("/"):
            raise _BadUrlError("it names no socket")
        if parts.hostname:
            raise _BadUrlError("the path of a socket begins with a third /")
    elif not re.fullmatch(r"(/[0-9]*)?", parts.path):
        raise _BadUrlError("what stands after the host is no database number")
    if parts.port == 0:
        raise _BadUrlError("its port is 0")
    options = parse_qs(parts.query, keep_blank_values=True)
    for name, values in options.items():
        if name not in _QUERY_NAMES and not (_SCHEMES[parts.scheme] == "rediss" and name.startswith("ssl_")):
            raise _BadUrlError("it has an option that is not known")
        if len(values) > 1 or _stands_before_the_options(name, parts):
            raise _BadUrlError(f"it has {name} twice")
    return f"{_SCHEMES[parts.scheme]}://{rest}"


def _require_options(client: Redis) -> None:
    pool: Any = client.connection_pool
    try:
        pool.make_connection()  # does no I/O
    except (TypeError, RedisError):
        raise _BadUrlError("one of its options is not known, or has a value that it cannot have") from None


def _stands_before_the_options(name: str, parts: SplitResult) -> bool:
    before: dict[str, str | None] = {"username": parts.username, "password": parts.password}
    if parts.scheme != "unix":
        before["db"] = parts.path.strip("/")
    return bool(before.get(name))
