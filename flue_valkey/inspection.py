"""Whether a server is one that durable state can be kept on: no cluster, and no eviction.

A server that tells neither is refused as well. One that keeps nothing on disk is taken, with a warning.
"""

import logging
from dataclasses import dataclass

from flue_memdb.contract import ServerRequirementError
from flue_valkey.failures import raised_as_store_errors
from flue_valkey.runner import Runner
from flue_valkey.settings import read_settings

_SKIP = "or skip the inspection with inspect_server=False if you know the settings"

log = logging.getLogger("flue_valkey")


@dataclass(frozen=True, slots=True)
class Requirement:
    """A setting, what it must be, and what to say where it is not."""

    setting: str
    required: str
    otherwise: str
    remedy: str


REQUIREMENTS = (
    Requirement(
        setting="cluster-enabled",
        required="no",
        otherwise="runs in cluster mode (cluster-enabled {found}), and one operation needs keys of several slots",
        remedy="use a standalone server, with cluster-enabled no",
    ),
    Requirement(
        setting="maxmemory-policy",
        required="noeviction",
        otherwise="evicts keys when memory is short (maxmemory-policy {found}), which would lose durable state",
        remedy="set maxmemory-policy noeviction",
    ),
)
NOT_PERSISTENT = "keeps nothing on disk (appendonly no, save empty), so that a restart loses everything"
MAKE_PERSISTENT = "set appendonly yes and appendfsync everysec or always"


async def inspect_server(runner: Runner, operation: str) -> None:
    """Raises `ServerRequirementError` for a server that does not meet a requirement or cannot be asked."""
    with raised_as_store_errors(operation):
        settings = await read_settings(runner, *(requirement.setting for requirement in REQUIREMENTS))
    for requirement in REQUIREMENTS:
        found = settings[requirement.setting]
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


async def warn_of_volatile_server(runner: Runner, operation: str) -> None:
    """Logs a warning if the server has neither an AOF nor snapshots; says nothing where it does not tell."""
    with raised_as_store_errors(operation):
        settings = await read_settings(runner, "appendonly", "save")
    if is_volatile(settings["appendonly"], settings["save"]):
        log.warning("%s: the server %s; %s", operation, NOT_PERSISTENT, MAKE_PERSISTENT)


def is_volatile(appendonly: str | None, save: str | None) -> bool:
    """Whether these settings say that nothing is kept on disk; False where one of them is unknown."""
    return appendonly == "no" and save == ""
