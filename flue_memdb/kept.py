"""`memory(path=...)`: a database in memory that a file keeps between restarts, for development."""

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from flue_memdb.adapter import MemoryAdapter
from flue_memdb.clock import Clock
from flue_memdb.contract.adapter import Stores
from flue_memdb.database import MemoryDatabase
from flue_memdb.database_file import DatabaseFile
from flue_memdb.wrapping import WrappedAdapter, arguments_by_name

_READS: Final = ("get_", "has_", "list_", "load", "lookup_", "read_")
"""How the names of operations begin that change nothing which has to be kept."""


class KeptAdapter(WrappedAdapter):
    """An adapter over a database of its own, which is in the file again before an operation that changed it returns."""

    def __init__(self, path: str | os.PathLike[str], clock: Clock | None) -> None:
        self._database = MemoryDatabase(clock=clock)
        self._file = DatabaseFile(path)
        super().__init__(MemoryAdapter(self._database), self._kept)

    async def migrate(self) -> None:
        """Opens the file, or begins it; `DatabaseFileError` if that cannot be done."""
        await super().migrate()
        self._open("migrate")

    async def connect(self) -> Stores:
        """The stores; opens the file first if `migrate` did not."""
        stores = await super().connect()
        self._open("connect")
        return stores

    async def close(self) -> None:
        """Ends it; the file can be opened again."""
        try:
            self._save("close")
        finally:
            self._file.close()
            await super().close()

    def _open(self, operation: str) -> None:
        if not self._file.is_open:
            self._file.open(operation, self._database)

    def _save(self, operation: str) -> None:
        if self._file.is_open:
            self._file.write(operation, self._database)

    async def _kept(
        self,
        operation: str,
        call: Callable[..., Awaitable[Any]],
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
    ) -> Any:
        if operation.startswith(_READS):
            return await call(*args, **kwargs)
        if operation == "delete_session":
            call, args, kwargs = self._with_its_marker(call, **arguments_by_name(operation, args, kwargs)), (), {}
        try:
            return await call(*args, **kwargs)
        finally:
            self._save(operation)  # what is refused or cancelled may have changed something, too

    def _with_its_marker(
        self, call: Callable[..., Awaitable[Any]], session_key: str, delete_session_tree: Any
    ) -> Callable[[], Awaitable[Any]]:
        """The call of `delete_session`, whose marker is kept before its callback begins."""

        async def marked() -> None:
            self._save("delete_session")
            await delete_session_tree()

        callback = marked if callable(delete_session_tree) else delete_session_tree
        return lambda: call(session_key, callback)
