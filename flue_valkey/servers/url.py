"""A server of yours, named by its URL: other people's data may be on it."""

from redis.exceptions import RedisError, ResponseError

from flue_valkey.runner import masked, runner_from_url
from flue_valkey.servers.server import Server, ServerError, server_info, version_in


class UrlServer(Server):
    """A server that is there already. It is never emptied: only what stands under the prefixes given here goes."""

    def __init__(self, url: str, *, name: str = "VALKEY_URL server") -> None:
        self.url = url
        self.name = name
        self._prefixes: set[str] = set()

    async def start(self) -> None:
        """Asks the server for its version, and thereby whether it is there."""
        if self.version != "unknown":
            return
        try:
            runner = runner_from_url(self.url or "")
            try:
                self.version = version_in(await server_info(runner))
            except ResponseError:  # INFO may be forbidden, and is not needed
                await runner.command("PING")
            finally:
                await runner.close()
        except (ValueError, RedisError) as error:
            raise ServerError(f"{self.name} at {masked(self.url or '')} cannot be used: {error}") from error

    def new_prefix(self) -> str:
        """A random key prefix. `close` removes what stands under it."""
        prefix = super().new_prefix()
        self._prefixes.add(prefix)
        return prefix

    async def remove(self, prefix: str) -> None:
        """Removes all keys that start with `prefix` and a colon, and no other."""
        await super().remove(prefix)
        self._prefixes.discard(prefix)

    async def close(self) -> None:
        """Removes what stands under the prefixes given here, but for those that were removed already."""
        for prefix in sorted(self._prefixes):
            await self.remove(prefix)
