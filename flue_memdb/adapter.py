"""`memory()`: the adapter over a `MemoryDatabase`."""

from os import PathLike

from flue_memdb.clock import Clock
from flue_memdb.contract.adapter import Adapter, Stores
from flue_memdb.contract.errors import SchemaVersionError
from flue_memdb.contract.limits import SCHEMA_VERSION
from flue_memdb.database import MemoryDatabase
from flue_memdb.store.connection import OPERATIONS_A_TURN, Connection
from flue_memdb.store.events import Events
from flue_memdb.store.runs import Runs
from flue_memdb.store.sessions import Sessions
from flue_memdb.store.submissions import Submissions


class MemoryAdapter:
    """One process's way to a database in memory. Other tasks have their turn at every `operations_a_turn`th call."""

    def __init__(self, database: MemoryDatabase, *, operations_a_turn: int = OPERATIONS_A_TURN) -> None:
        self._connection = Connection(database, operations_a_turn)
        self._stores = Stores(
            sessions=Sessions(self._connection),
            submissions=Submissions(self._connection),
            runs=Runs(self._connection),
            events=Events(self._connection),
        )

    async def migrate(self) -> None:
        """Brings the database to schema version 3; it has no other than none."""
        database = await self._connection.database("migrate")
        database.schema_version = SCHEMA_VERSION

    async def connect(self) -> Stores:
        """The four stores; a database that nobody has migrated is refused, as a server's namespace is."""
        database = await self._connection.database("connect")
        if database.schema_version is None:
            found = f"has no schema version, this adapter reads {SCHEMA_VERSION}"
            raise SchemaVersionError("connect", "the database in memory", found, "call migrate() first")
        return self._stores

    async def close(self) -> None:
        self._connection.close()


def memory(
    db: MemoryDatabase | None = None, *, path: str | PathLike[str] | None = None, clock: Clock | None = None
) -> Adapter:
    """An adapter over `db`, or over a new database with `clock`; a database that is given keeps its own clock.

    With a `path` the database is kept in that file between restarts: for trying things out in development, never for
    production. One adapter has the file open at a time, from `migrate` or `connect` to `close`; the whole file is
    written anew before each operation that changed something returns. Anything wrong with the file is a
    `DatabaseFileError`.
    """
    if db is not None and clock is not None:
        raise ValueError(
            "memory: a database that is given has a clock already; give MemoryDatabase(clock=...) the clock"
        )
    if db is not None and path is not None:
        raise ValueError("memory: give a database or the path of a file, not both; a file has a database of its own")
    if path is not None:
        from flue_memdb.kept import KeptAdapter  # noqa: PLC0415 -- only who wants a file needs it

        return KeptAdapter(path, clock)
    given: object = db
    if given is not None and not isinstance(given, MemoryDatabase):
        raise TypeError(
            f"memory: got a {type(given).__name__}; give a MemoryDatabase, or path='dev.json' for one in a file"
        )
    return MemoryAdapter(db or MemoryDatabase(clock=clock))
