"""What the stores of one adapter share: the database while the adapter is open, and the process's own state."""

from collections.abc import Generator
from types import coroutine
from typing import Final

from flue_memdb.contract.errors import AdapterClosedError
from flue_memdb.contract.subscriptions import Subscriptions
from flue_memdb.contract.tails import Tails
from flue_memdb.database import MemoryDatabase

OPERATIONS_A_TURN: Final = 256
"""So many operations of an adapter happen, at most, before other tasks of the event loop have their turn."""


class Connection:
    """One adapter's way to the database."""

    def __init__(self, database: MemoryDatabase, operations_a_turn: int = OPERATIONS_A_TURN) -> None:
        self._database = database
        self._operations_a_turn = self._left_of_turn = operations_a_turn
        self.closed = False
        self.subscriptions = Subscriptions()

    @property
    def tails(self) -> Tails:
        """Who waits for events, in all processes."""
        return self._database.tails

    def require_open(self, operation: str) -> None:
        """`AdapterClosedError` after the adapter was closed."""
        if self.closed:
            raise AdapterClosedError(operation)

    def new_id(self) -> str:
        """A new id of the database's making."""
        return self._database.new_id()

    async def database(self, operation: str) -> MemoryDatabase:
        """The database, for an operation that has read its input and happens now; `AdapterClosedError` after the
        adapter was closed.

        On a server other tasks have their turn at each operation; here, where a turn takes longer than the operation,
        now and then, so that nobody who asks again and again whether another task is ready keeps it from getting ready.
        """
        self._left_of_turn -= 1
        if not self._left_of_turn:
            self._left_of_turn = self._operations_a_turn
            await _give_way()
        if self.closed:  # as `require_open` says, without a call: all operations come by here
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


@coroutine
def _give_way() -> Generator[None]:
    """What `asyncio.sleep(0)` does, without asyncio, which takes longer to import than all of this package."""
    yield
