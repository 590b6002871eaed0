"""Stores in memory, for tests that have no adapter to close."""

from flue_memdb import MemoryDatabase, Stores, memory


async def stores_in(database: MemoryDatabase | None = None) -> Stores:
    """The stores of the database, or of a new one, by an adapter of their own."""
    adapter = memory(database)
    await adapter.migrate()
    return await adapter.connect()
