"""What a server tells about itself: its settings, of `CONFIG GET` or else of `INFO`, and the fields of `INFO`."""

from typing import Any, Final

from redis.exceptions import ResponseError

from flue_valkey.failures import is_busy
from flue_valkey.runner import Runner

_IN_INFO: Final[dict[str, tuple[str, dict[str, str]]]] = {
    "appendonly": ("aof_enabled", {"0": "no", "1": "yes"}),
    "cluster-enabled": ("cluster_enabled", {"0": "no", "1": "yes"}),
    "maxmemory": ("maxmemory", {}),
    "maxmemory-policy": ("maxmemory_policy", {}),
}
"""Where `INFO` shows a setting, and its words for the values."""


async def read_settings(runner: Runner, *names: str) -> dict[str, str | None]:
    """The settings of these names; None for one that this user may not see, neither in `CONFIG` nor in `INFO`."""
    found = await _configured(runner, names)
    if found.keys() < set(names):
        info = await read_info(runner)
        for name in set(names) - found.keys():
            field, words = _IN_INFO.get(name, ("", {}))
            if field in info:
                found[name] = words.get(info[field], info[field])
    return {name: found.get(name) for name in names}


async def read_info(runner: Runner) -> dict[str, str]:
    """The fields of `INFO`; none where this user may not ask."""
    reply = await _reply(runner, "INFO")
    return {} if reply is None else parsed_info(reply)


def parsed_info(text: bytes) -> dict[str, str]:
    """The fields of a reply to `INFO`."""
    lines = [line.partition(":") for line in _text(text).splitlines()]
    return {name: value for name, colon, value in lines if colon}


async def _configured(runner: Runner, names: tuple[str, ...]) -> dict[str, str]:
    reply = await _reply(runner, "CONFIG", "GET", *names)
    if isinstance(reply, list):
        reply = dict(zip(reply[::2], reply[1::2], strict=False))
    # Anything else, as of a proxy, tells nothing.
    return {_text(name): _text(value) for name, value in reply.items()} if isinstance(reply, dict) else {}


async def _reply(runner: Runner, *command: str) -> Any:
    """The reply to the command; None where this user may not ask."""
    try:
        return await runner.command(*command)
    except ResponseError as error:
        if is_busy(error):
            raise
        return None


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
