"""Snapshots: a whole `MemoryDatabase` as one JSON value that people can read, and back.

What calls under way know of each other is no part of it: which deletions ended lately, and who took one over.
"""

from flue_memdb.snapshots.reading import read_snapshot
from flue_memdb.snapshots.writing import FORMAT, write_snapshot

__all__ = ["FORMAT", "read_snapshot", "write_snapshot"]
