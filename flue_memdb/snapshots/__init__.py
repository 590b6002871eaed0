"""Snapshots: a whole `MemoryDatabase` as one JSON value that people can read, and back.

What calls under way know of each other is no part of it: which deletions ended lately, and who took one over.
"""

from flue_memdb.contract.json_text import Json
from flue_memdb.database import MemoryDatabase
from flue_memdb.snapshots.reading import read_snapshot
from flue_memdb.snapshots.writing import write_snapshot

__all__ = ["read_snapshot", "replace", "restore", "write_snapshot"]

_OWN = frozenset({"clock", "new_id", "tails"})


def restore(db: MemoryDatabase, snapshot: Json) -> None:
    """Puts what the snapshot holds in place of what the database holds, or raises what `read_snapshot` does."""
    replace(db, read_snapshot(snapshot))


def replace(db: MemoryDatabase, other: MemoryDatabase) -> None:
    """Puts what another database holds in place of what the database holds, and tells whoever tails a stream."""
    vars(db).update({name: value for name, value in vars(other).items() if name not in _OWN})
    db.tails.wake_all()
