"""Operations on one database by several clients, as a differential run makes them happen."""

from collections.abc import Callable

from flue_memdb import Adapter, Stores
from flue_memdb.verification.observations import Answer, Operation
from flue_memdb.verification.operations import dies, observe


class Clients:
    """The clients of one database, each with an adapter of its own."""

    def __init__(self, adapter: Callable[[], Adapter]) -> None:
        self._adapter = adapter
        self._adapters: dict[int, Adapter] = {}

    async def connect(self, client: int) -> Stores:
        """The stores of a client, by a new adapter if it has none."""
        if client not in self._adapters:
            self._adapters[client] = self._adapter()
            await self._adapters[client].migrate()
        return await self._adapters[client].connect()

    async def observe(self, operation: Operation) -> Answer:
        """The answer to an operation of one of the clients."""
        client = operation["client"]
        stores = await self.connect(client)
        observation = await observe(stores, operation, self._adapters[client].close, self.connect)
        if dies(operation):
            await self._adapters.pop(client).close()
        return observation.answer

    async def close(self) -> None:
        """Ends the clients."""
        for adapter in self._adapters.values():
            await adapter.close()
