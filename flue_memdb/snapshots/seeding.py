"""Seeding: the database that a trace leads to, or that a snapshot holds."""

import os
from collections.abc import Callable
from pathlib import Path

from flue_memdb.adapter import memory
from flue_memdb.clock import Clock
from flue_memdb.contract.adapter import Adapter
from flue_memdb.contract.json_text import Json, parse_json
from flue_memdb.database import MemoryDatabase
from flue_memdb.snapshots import read_snapshot, replace, write_snapshot
from flue_memdb.verification import Trace, TraceError, read_trace, replay
from flue_memdb.verification.disturbances import disturb


async def seed(db: MemoryDatabase, source: Trace | Json | str | os.PathLike[str]) -> None:
    """Fills an empty database from a trace, a snapshot, or a file that holds one of them."""
    if isinstance(source, (str, os.PathLike)):
        path = Path(source)
        source = read_trace(path) if '"flueTrace"' in _first_line(path) else _read_json(path)
    seeded = await _replayed(source, db.new_id) if isinstance(source, Trace) else read_snapshot(source)
    if write_snapshot(db) != {**write_snapshot(MemoryDatabase()), "schemaVersion": db.schema_version}:
        raise ValueError("seed: the database is not empty; seed a new one, or restore a snapshot")
    replace(db, seeded)


async def _replayed(trace: Trace, new_id: Callable[[], str]) -> MemoryDatabase:
    database = MemoryDatabase(new_id=new_id)

    def adapter(_: int, clock: Clock) -> Adapter:
        database.clock = clock
        return memory(database)

    async def disturbed(name: str, *args: Json) -> None:
        disturb(database, name, *args)

    for mismatch in await replay(trace, adapter, disturbed):
        # A trace that was written by hand need not say what its operations give, but each has to be possible.
        if mismatch.expected or "error" in mismatch.got:
            raise TraceError(f"seed: {trace.title or 'the trace'}: {mismatch}")
    return database


def _first_line(path: Path) -> str:
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.readline()


def _read_json(path: Path) -> Json:
    try:
        return parse_json(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"seed: {path} is neither a trace nor JSON: {error}") from None
