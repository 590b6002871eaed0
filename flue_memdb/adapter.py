"""`memory()`: the adapter over a `MemoryDatabase`."""

from flue_memdb.clock import Clock
from flue_memdb.contract.adapter import Stores
from flue_memdb.database import MemoryDatabase
from flue_memdb.store.connection import Connection
from flue_memdb.store.events import Events
from flue_memdb.store.runs import Runs
from flue_memdb.store.sessions import Sessions
from flue_memdb.store.submissions import Submissions


class MemoryAdapter:
    """One process's way to a database in memory."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._connection = Connection(database)
        self._stores = Stores(
            sessions=Sessions(self._connection),
            submissions=Submissions(self._connection),
            runs=Runs(self._connection),
            events=Events(self._connection),
        )

    async def migrate(self) -> None:
        """Nothing to do: a database in memory has no older versions."""
        self._connection.database("migrate")

    async def connect(self) -> Stores:
        self._connection.database("connect")
        return self._stores

    async def close(self) -> None:
        self._connection.close()


def memory(db: MemoryDatabase | None = None, *, clock: Clock | None = None) -> MemoryAdapter:
    """An adapter over `db`, or over a new database with `clock`; a database that is given keeps its own clock."""
    if db is not None and clock is not None:
        raise ValueError(
            "memory: a database that is given has a clock already; give MemoryDatabase(clock=...) the clock"
        )
    return MemoryAdapter(db or MemoryDatabase(clock=clock))
