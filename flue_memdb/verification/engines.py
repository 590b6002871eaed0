"""Engines: what a differential run compares. Each gives namespaces, one a sequence, and adapters within them."""

from collections.abc import Callable
from typing import Protocol

from flue_memdb.adapter import memory
from flue_memdb.clock import Clock
from flue_memdb.contract import Adapter, Json
from flue_memdb.database import MemoryDatabase
from flue_memdb.invariants import findings
from flue_memdb.verification import disturbances


class Namespace(Protocol):
    """An empty namespace of an engine. Its adapters are processes over one database.

    One that can be disturbed is a `Disturbable` besides, and may be `Accountable` (`disturbances.py`).
    """

    def adapter(self, client: int) -> Adapter:
        """A new adapter for a client."""

    async def keyspace(self) -> Json | None:
        """Everything that is stored, in the database's own terms: an object; None where there is nothing to compare."""

    async def findings(self) -> list[str]:
        """What contradicts the invariants of the layout, a sentence each; empty if all is well."""

    async def close(self) -> None:
        """Removes what the namespace holds."""


class Engine(Protocol):
    """One way to store things. Engines of one `layout` have comparable keyspaces."""

    name: str
    layout: str

    async def open(self, clock: Clock, new_id: Callable[[], str]) -> Namespace:
        """An empty namespace whose adapters use this clock and these new ids."""

    async def close(self) -> None:
        """Ends the engine."""


class ReferenceNamespace:
    """A database in memory."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database
        self._damage: set[str] = set()

    def adapter(self, client: int) -> Adapter:  # noqa: ARG002 -- every client gets an adapter of its own
        return memory(self._database)

    async def keyspace(self) -> Json | None:
        return None

    async def disturb(self, name: str, *args: Json) -> None:
        disturbances.disturb(self._database, name, *args)
        self._damage |= disturbances.words_of_damage(name, *args)

    def names_damage(self, message: str) -> bool:
        return any(words in message for words in self._damage)

    async def findings(self) -> list[str]:
        return findings(self._database)

    async def close(self) -> None:
        return None


class ReferenceEngine:
    """The reference: what the other engines are compared with."""

    name = "reference"
    layout = "memory"

    async def open(self, clock: Clock, new_id: Callable[[], str]) -> Namespace:
        return ReferenceNamespace(MemoryDatabase(clock=clock, new_id=new_id))

    async def close(self) -> None:
        return None
