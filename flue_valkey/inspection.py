"""Whether a server is one that durable state can be kept on: no cluster, and no eviction.

Both are asked of `CONFIG GET`, and where that is refused of `INFO`. A server where neither tells is refused as well.
"""

from dataclasses import dataclass
from typing import Any

from redis.exceptions import ResponseError

from flue_memdb.contract import ServerRequirementError
from flue_valkey.failures import raised_as_store_errors
from flue_valkey.runner import Runner

_SKIP = "or skip the inspection with inspect_server=False if you know the settings"


@dataclass(frozen=True, slots=True)
class _Requirement:
    """A setting, where `INFO` shows it (section, field, its words for the values), and what it must be."""

    setting: str
    section: str
    field: str
    words: dict[str, str]
    required: str
    otherwise: str
    remedy: str


_REQUIREMENTS = (
    _Requirement(
        setting="cluster-enabled",
        section="cluster",
        field="cluster_enabled",
        words={"0": "no", "1": "yes"},
        required="no",
        otherwise="runs in cluster mode (cluster-enabled {found}), and one operation needs keys of several slots",
        remedy="use a standalone server, with cluster-enabled no",
    ),
    _Requirement(
        setting="maxmemory-policy",
        section="memory",
        field="maxmemory_policy",
        words={},
        required="noeviction",
        otherwise="evicts keys when memory is short (maxmemory-policy {found}), which would lose durable state",
        remedy="set maxmemory-policy noeviction",
    ),
)


async def inspect_server(runner: Runner, operation: str) -> None:
    """Raises `ServerRequirementError` for a server that does not meet a requirement or cannot be asked."""
    for requirement in _REQUIREMENTS:
        with raised_as_store_errors(operation):
            found = await _configured(runner, requirement) or await _informed(runner, requirement)
        if found is None:
            raise ServerRequirementError(
                operation,
                "the server",
                f"{requirement.setting} cannot be verified: neither CONFIG GET nor INFO tells it",
                f"allow this user one of the two commands, {_SKIP}",
            )
        if found != requirement.required:
            raise ServerRequirementError(
                operation, "the server", requirement.otherwise.format(found=found), requirement.remedy
            )


async def _configured(runner: Runner, requirement: _Requirement) -> str | None:
    try:
        reply = await runner.command("CONFIG", "GET", requirement.setting)
    except ResponseError:
        return None
    pairs = reply if isinstance(reply, dict) else dict(zip(reply[::2], reply[1::2], strict=True))
    return _text(pairs.get(requirement.setting.encode())) or None


async def _informed(runner: Runner, requirement: _Requirement) -> str | None:
    try:
        reply = await runner.command("INFO", requirement.section)
    except ResponseError:
        return None
    for line in (_text(reply) or "").splitlines():
        name, _, value = line.partition(":")
        if name == requirement.field:
            return requirement.words.get(value, value)
    return None


def _text(value: Any) -> str | None:
    return value.decode(errors="replace") if isinstance(value, bytes) else value
