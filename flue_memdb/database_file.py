"""The file of a development database: one snapshot, replaced as a whole, open in one process at a time."""

import errno
import json
import os
import shutil
from pathlib import Path
from typing import Final, TextIO

from flue_memdb.contract.errors import FlueStoreError, InvalidInputError, StoreUnavailableError
from flue_memdb.contract.json_text import parse_json
from flue_memdb.database import MemoryDatabase

_BROKEN: Final = "put a copy in its place, or move it away to begin with an empty database"
_NO_FILE: Final = "give the path of a file, or of one that is to be made"
_UNUSABLE: Final = "check that its directory is there, and that both may be read and written"
_WRITABLE: Final = "there is room, and that the file and its directory may be written"


class DatabaseFileError(FlueStoreError):
    """A file of `memory(path=...)` that cannot be used, is broken, or is open already. It stays as it is."""


class DatabaseFile:
    """A snapshot in a file. Beside it stand, of the same name, a `.lock` and, while it is written, a `.new`."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)
        self._lock: TextIO | None = None
        self._opened_by = 0
        self._written = ""

    @property
    def is_open(self) -> bool:
        """Whether this file is locked and read."""
        return self._lock is not None

    def open(self, operation: str, db: MemoryDatabase) -> None:
        """Locks the file and restores the database from it; begins it where there is none."""
        try:
            self._path = _behind_links(self._path)
            if self._path.exists() and not self._path.is_file():  # a pipe or a device might never end
                raise DatabaseFileError(operation, self._subject, "is no regular file", _NO_FILE)
            self._lock = self._locked(operation)
            self._opened_by = os.getpid()
            if self._path.exists():
                self._read(operation, db)
            else:
                self._replace(_text(db))
        except (OSError, ValueError) as error:  # the latter for a NUL in the path
            self.close()
            raise DatabaseFileError(operation, self._subject, f"cannot be used ({error})", _UNUSABLE) from error
        except DatabaseFileError:
            self.close()
            raise

    def write(self, operation: str, db: MemoryDatabase) -> None:
        """Puts the database into the file, if it changed; when this returns, the disk has it."""
        text = _text(db)
        if text == self._written:
            return
        if not self._is_ours:  # the other process would write over it
            raise DatabaseFileError(
                operation,
                self._subject,
                f"was opened by process {self._opened_by}, before this one was forked from it",
                "open it after a fork, in one process; processes share a server, not a file",
            )
        try:
            self._replace(text)
        except OSError as error:
            found = f"could not be written ({error}), so that a restart would not know of it"
            raise StoreUnavailableError(
                operation, self._subject, found, may_have_happened=True, check=_WRITABLE
            ) from error

    def close(self) -> None:
        """Lets go of the file."""
        if self._lock is not None:
            if self._is_ours:
                import fcntl  # noqa: PLC0415

                fcntl.flock(self._lock, fcntl.LOCK_UN)  # a process that was forked meanwhile would hold it still
            self._lock.close()
            self._lock = None

    @property
    def _is_ours(self) -> bool:
        return self._opened_by == os.getpid()

    @property
    def _subject(self) -> str:
        return f"file {str(self._path)!r}"

    def _locked(self, operation: str) -> TextIO:
        """The lock, which the system takes away from a process that ends, however it ends."""
        try:
            import fcntl  # noqa: PLC0415 -- not on every system, and only files need it
        except ImportError:
            found = "this system has no lock for it"
            raise DatabaseFileError(operation, self._subject, found, "use memory() without a file") from None
        # Never removed: a process that waits for a file which is gone would lock it beside one that made it anew.
        lock = self._beside("lock").open("a+", encoding="utf-8")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read() or "another process"
            lock.close()
            raise DatabaseFileError(
                operation,
                self._subject,
                f"{holder} has it open",
                "close it there, or give each process a file of its own; processes share a server, not a file",
            ) from None
        except BaseException:
            lock.close()
            raise
        lock.truncate(0)
        lock.write(f"process {os.getpid()}")
        lock.flush()
        return lock

    def _read(self, operation: str, db: MemoryDatabase) -> None:
        try:
            db.restore(parse_json(self._path.read_bytes()))
        except InvalidInputError as error:
            found = f"holds no whole database ({error.subject}: {error.found})"
            raise DatabaseFileError(operation, self._subject, found, _BROKEN) from error
        except ValueError as error:
            raise DatabaseFileError(operation, self._subject, f"is no JSON ({error})", _BROKEN) from error
        self._written = _text(db)

    def _replace(self, text: str) -> None:
        """A reader, and a process that begins after a crash, find the old file or the new one, each of them whole."""
        new = self._beside("new")
        with new.open("w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if self._path.exists():
            shutil.copymode(self._path, new)
        new.replace(self._path)
        directory = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
        self._written = text

    def _beside(self, ending: str) -> Path:
        return self._path.with_name(f"{self._path.name}.{ending}")


def _behind_links(path: Path) -> Path:
    found = Path(os.path.realpath(path))
    if found.is_symlink():  # to itself, in the end
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    return found


def _text(db: MemoryDatabase) -> str:
    snapshot = db.snapshot()
    text = json.dumps(snapshot, ensure_ascii=False, indent=1)
    try:
        text.encode()
    except UnicodeEncodeError:  # a document with half a character, which only an escape can tell
        text = json.dumps(snapshot, indent=1)
    return text + "\n"
