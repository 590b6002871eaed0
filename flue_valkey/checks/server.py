"""The server: what it is, how it is set, and whether durable state can be kept on it."""

from collections.abc import Iterator
from dataclasses import dataclass

from flue_valkey.inspection import MAKE_PERSISTENT, NOT_PERSISTENT, REQUIREMENTS, is_volatile
from flue_valkey.runner import Runner
from flue_valkey.settings import read_info, read_settings

_NEARLY_FULL = 0.9
_SETTINGS = ("cluster-enabled", "maxmemory-policy", "maxmemory", "appendonly", "appendfsync", "save")
_LAST_WRITES = {"aof_last_write_status": "to the AOF", "rdb_last_bgsave_status": "of a snapshot"}


@dataclass(frozen=True, slots=True)
class ServerState:
    """The settings by name, and the fields of `INFO`; what this user may not see is None or missing."""

    settings: dict[str, str | None]
    info: dict[str, str]

    @property
    def product(self) -> str | None:
        """Its name and version."""
        if "valkey_version" in self.info:
            return f"valkey {self.info['valkey_version']}"
        return f"redis {self.info['redis_version']}" if "redis_version" in self.info else None

    @property
    def role(self) -> str | None:
        """`master` or `slave`, in the server's own words."""
        return self.info.get("role")

    @property
    def used_bytes(self) -> int | None:
        """The memory that it uses."""
        return _whole(self.info.get("used_memory"))

    @property
    def limit_bytes(self) -> int | None:
        """The memory that it may use; 0 where it has no limit."""
        return _whole(self.settings["maxmemory"])

    @property
    def is_volatile(self) -> bool:
        """Whether it keeps nothing on disk."""
        return is_volatile(self.settings["appendonly"], self.settings["save"])

    def findings(self) -> Iterator[str]:
        """Why durable state should not be kept on it as it is."""
        for requirement in REQUIREMENTS:
            found = self.settings[requirement.setting]
            if found not in (None, requirement.required):
                yield f"the server {requirement.otherwise.format(found=found)}; {requirement.remedy}"
        if self.is_volatile:
            yield f"the server {NOT_PERSISTENT}; {MAKE_PERSISTENT}"
        if self.role == "slave":
            yield "the server is a replica, which takes no writes; use its primary"
        for field, what in _LAST_WRITES.items():
            if self.info.get(field, "ok") != "ok":
                yield f"the server's last write {what} failed; look at its log and its disk"
        if self.used_bytes and self.limit_bytes and self.used_bytes >= _NEARLY_FULL * self.limit_bytes:
            share = f"{self.used_bytes / self.limit_bytes:.0%}"
            yield f"the server uses {share} of its maxmemory, and refuses writes at 100%; raise it or free memory"

    def warnings(self) -> Iterator[str]:
        """What is less than it could be, or cannot be seen."""
        unknown = [name for name, value in self.settings.items() if value is None]
        if unknown:
            yield f"unknown, because this user may use neither CONFIG GET nor what INFO tells: {', '.join(unknown)}"
        if self.settings["appendonly"] == "no" and self.settings["save"]:
            yield f"a crash loses what was written since the last snapshot; {MAKE_PERSISTENT}"
        if self.settings["appendonly"] == "yes" and self.settings["appendfsync"] == "no":
            yield "a crash of the machine loses what the system had not written yet; set appendfsync everysec or always"
        if self.limit_bytes == 0:
            yield "the server has no memory limit, so that the system may end it when memory is short; set maxmemory"


async def read_server(runner: Runner) -> ServerState:
    """The state of the server."""
    return ServerState(await read_settings(runner, *_SETTINGS), await read_info(runner))


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() else None
