"""`memory(path=...)`: a database in memory that a file keeps between restarts, for development."""

import os
from dataclasses import replace
from typing import Any, Final

from flue_memdb.adapter import MemoryAdapter
from flue_memdb.clock import Clock
from flue_memdb.contract.adapter import Stores
from flue_memdb.contract.errors import AdapterClosedError
from flue_memdb.database import MemoryDatabase
from flue_memdb.database_file import DatabaseFile
from flue_memdb.wrapping import OperationCall, WrappedAdapter

_READS: Final = ("get_", "has_", "list_", "load", "lookup_", "read_")
"""How the names of operations begin that change nothing which has to be kept."""


class KeptAdapter(WrappedAdapter):
    """An adapter over a database of its own, which is in the file again before an operation that changed it returns."""

    def __init__(self, path: str | os.PathLike[str], clock: Clock | None) -> None:
        self._database = MemoryDatabase(clock=clock)
        self._file = DatabaseFile(path)
        self._closed = False
        super().__init__(MemoryAdapter(self._database), self._kept)

    async def migrate(self) -> None:
        """Opens the file, or begins it; `DatabaseFileError` if that cannot be done."""
        self._open("migrate")
        await super().migrate()
        self._save("migrate")

    async def connect(self) -> Stores:
        """The stores, of a database that was migrated before it was kept; opens the file if `migrate` did not."""
        self._open("connect")
        return await super().connect()

    async def close(self) -> None:
        """Ends it; the file can be opened again."""
        self._closed = True
        try:
            self._save("close")
        finally:
            self._file.close()
            await super().close()

    def _open(self, operation: str) -> None:
        if self._closed:
            raise AdapterClosedError(operation)
        if not self._file.is_open:
            self._file.open(operation, self._database)

    def _save(self, operation: str) -> None:
        if self._file.is_open:
            self._file.write(operation, self._database)

    async def _kept(self, call: OperationCall) -> Any:
        if call.operation.startswith(_READS):
            return await call.make()
        if call.operation == "delete_session":
            call = self._with_its_marker(call, **call.arguments())
        try:
            return await call.make()
        finally:
            self._save(call.operation)  # what is refused or cancelled may have changed something, too

    def _with_its_marker(self, call: OperationCall, session_key: str, delete_session_tree: Any) -> OperationCall:
        """The call of `delete_session`, whose marker is kept before its callback begins."""

        def marked() -> Any:
            self._save("delete_session")
            return delete_session_tree()

        callback = marked if callable(delete_session_tree) else delete_session_tree
        return replace(call, args=(session_key, callback), kwargs={})
