"""What the stores of one adapter share: the database while the adapter is open, and the process's own state."""

from flue_memdb.contract.errors import AdapterClosedError
from flue_memdb.contract.subscriptions import Subscriptions
from flue_memdb.database import MemoryDatabase


class Connection:
    """One adapter's way to the database."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database
        self.closed = False
        self.subscriptions = Subscriptions()

    def database(self, operation: str) -> MemoryDatabase:
        """The database; `AdapterClosedError` after the adapter was closed."""
        if self.closed:
            raise AdapterClosedError(operation)
        return self._database


class Store:
    """Base of the stores."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._database = connection.database
