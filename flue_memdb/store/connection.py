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

    def tell_of(self, path: str) -> None:
        """Something was appended to the stream, or it was closed: this process's listeners hear of it, and whoever
        tails it in any process."""
        self.subscriptions.notify(path)
        self._database.tails.wake(path)

    def close(self) -> None:
        """Ends it; whoever tails a stream through it is told."""
        self.closed = True
        self._database.tails.wake_all()


class Store:
    """Base of the stores."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._database = connection.database
