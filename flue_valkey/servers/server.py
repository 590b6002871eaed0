"""What all servers have in common."""

import secrets
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Literal, Self

from flue_valkey.keyspace import scan
from flue_valkey.runner import Runner, runner_from_url
from flue_valkey.settings import parsed_info


class ServerError(Exception):
    """A server that cannot be had. It says why, and what to do."""


class Server(ABC):
    """A server to test against. `async with` starts it and closes it.

    `name` is for people, `version` the server's own (fakeredis: the package's), known once it runs; `url` is `None` for
    fakeredis, which has none; `inspectable` says whether the adapter can ask it for its settings.
    """

    name: str
    version: str = "unknown"
    inspectable: bool = True
    url: str | None = None

    @abstractmethod
    async def start(self) -> None:
        """Makes the server answer, or raises `ServerError`. Does nothing if it already runs."""

    def runner(self, protocol: Literal[2, 3] | None = None) -> Runner:
        """A connection of its own, as another process would have. Whoever asks for it closes it."""
        if self.url is None:
            raise ServerError(f"{self.name} does not run: start it, or use it with `async with`")
        return runner_from_url(self.url, protocol=protocol)

    def new_prefix(self) -> str:
        """A random key prefix, so that those who share the server do not meet."""
        return f"flue-test-{secrets.token_hex(8)}"

    async def remove(self, prefix: str) -> None:
        """Removes all keys that start with `prefix` and a colon, and no other."""
        runner = self.runner()
        try:
            keys = [key async for key in scan(runner, prefix)]
            if keys:
                await runner.command("UNLINK", *keys)
        finally:
            await runner.close()

    @abstractmethod
    async def close(self) -> None:
        """Ends what `start` began, and leaves nothing behind."""

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:  # cancelled halfway, perhaps
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


async def server_info(runner: Runner) -> dict[str, str]:
    """The fields of INFO's section `server`."""
    return parsed_info(await runner.command("INFO", "server"))


def version_in(info: dict[str, str]) -> str:
    """The version of the server whose INFO this is."""
    return info.get("valkey_version") or info.get("redis_version") or "unknown"
