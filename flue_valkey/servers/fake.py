"""fakeredis: a server in this process, with Lua 5.1 through lupa."""

from importlib.metadata import version
from typing import Any, Literal

import fakeredis
from fakeredis.aioredis import FakeAsyncRedisConnection

from flue_valkey.runner import RedisRunner, Runner
from flue_valkey.servers.server import Server


class _Connection(FakeAsyncRedisConnection):
    """A connection of which fakeredis's server keeps nothing once it is closed; its own would stay there for good."""

    async def disconnect(self, *args: Any, **kwargs: Any) -> None:
        socket = self._sock
        await super().disconnect(*args, **kwargs)
        if socket is not None:
            socket.close()


class FakeServer(Server):
    """A server of its own that plays Valkey 8.0. Over it only, the adapter needs `inspect_server=False`.

    `backend` is fakeredis's own object: its `connected = False` plays an outage.
    """

    name = "fakeredis"
    inspectable = False
    version = version("fakeredis")

    def __init__(self) -> None:
        self.backend = fakeredis.FakeServer(server_type="valkey", version=(8, 0))

    async def start(self) -> None:
        """Nothing to do."""

    def runner(self, protocol: Literal[2, 3] | None = None) -> Runner:
        """A client of its own, as another process would have. Whoever asks for it closes it."""
        options: dict[str, Any] = {"connection_class": _Connection}
        if protocol is not None:
            options["protocol"] = protocol
        client = fakeredis.FakeAsyncRedis(server=self.backend, max_connections=2**31, **options)
        client.auto_close_connection_pool = True  # fakeredis makes the pool itself, and then takes it for another's
        return RedisRunner(client)

    async def close(self) -> None:
        """Nothing to do: the data go with the object."""
