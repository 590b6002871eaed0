"""A test's own namespace on a server: a random prefix, which is looked through and removed when the test is over."""

from redis.exceptions import RedisError

from flue_memdb import Adapter, Clock
from flue_valkey.adapter import valkey
from flue_valkey.invariants import findings
from flue_valkey.keyspace import read_keyspace, text_of
from flue_valkey.pytest_plugin.background import Background
from flue_valkey.pytest_plugin.runner import BackgroundRunner
from flue_valkey.runner import Runner
from flue_valkey.servers.server import Server
from flue_valkey.servers.url import UrlServer

_SHOWN = 5


class ServerNamespace:
    """A prefix on a server. Adapters over one namespace are processes over one server."""

    def __init__(self, server: Server, clock: Clock, background: Background) -> None:
        self._server = server
        self._clock = clock
        self._background = background
        self._others = isinstance(server, UrlServer)
        self._prefix = server.new_prefix()

    def adapter(self) -> Adapter:
        """Another process."""
        return valkey(
            BackgroundRunner(self._server.runner(), self._background),
            key_prefix=self._prefix,
            inspect_server=self._others,  # of a server of our own the settings are known
            clock=self._clock,
        )

    async def end(self) -> list[str]:
        """Removes what stands under the prefix, and gives what the test should not have left, a text each."""
        try:
            runner = self._server.runner()
            try:
                left = [str(finding) for finding in await findings(await read_keyspace(runner, self._prefix))]
                await self._server.remove(self._prefix)
                return left if self._others else left + await _removed(runner)
            finally:
                await runner.close()
        except RedisError as error:
            return [f"the keys under {self._prefix}, which could not be looked through and removed: {error}"]


async def _removed(runner: Runner) -> list[str]:
    """What stands on a server of our own outside the test's prefix. It goes, so that no later test is blamed for it."""
    keys = sorted(text_of(key) for key in await runner.command("KEYS", "*"))
    if not keys:
        return []
    await runner.command("FLUSHALL")
    more = f" and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else ""
    return [f"keys outside its namespace: {', '.join(keys[:_SHOWN])}{more}"]
