"""The adapter's protocol, and how an app uses one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from flue_memdb.contract.stores import EventStore, RunStore, SessionStore, SubmissionStore


@dataclass(frozen=True, slots=True)
class Stores:
    """The four stores of one namespace."""

    sessions: SessionStore
    submissions: SubmissionStore
    runs: RunStore
    events: EventStore


class Adapter(Protocol):
    """A way to one namespace. Making one does no I/O."""

    async def migrate(self) -> None:
        """Brings the namespace to schema version 3; a version that is not known is a `SchemaVersionError`."""

    async def connect(self) -> Stores:
        """The four stores; a namespace that is not at version 3 is a `SchemaVersionError`."""

    async def close(self) -> None:
        """Ends it; its stores raise `AdapterClosedError` from then on. May be called twice."""


def check_adapter(caller: str, given: object) -> None:
    """A `TypeError` that names the caller, if it was given something else."""
    if not hasattr(given, "migrate"):
        raise TypeError(f"{caller}: got a {type(given).__name__}; give an adapter, such as memory()")


@asynccontextmanager
async def open_stores(adapter: Adapter) -> AsyncIterator[Stores]:
    """Migrates, connects, and at the end of the block closes the adapter."""
    check_adapter("open_stores", adapter)
    try:
        await adapter.migrate()
        yield await adapter.connect()
    finally:
        await adapter.close()
