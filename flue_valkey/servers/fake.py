"""fakeredis: a server in this process, with Lua 5.1 through lupa."""

from importlib.metadata import version
from typing import Any, Literal

import fakeredis

from flue_valkey.runner import RedisRunner, Runner
from flue_valkey.servers.server import Server


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
        options: dict[str, Any] = {} if protocol is None else {"protocol": protocol}
        return RedisRunner(fakeredis.FakeAsyncRedis(server=self.backend, max_connections=2**31, **options))

    async def close(self) -> None:
        """Nothing to do: the data go with the object."""
