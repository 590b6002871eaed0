"""The contract of Flue's persistence, and its reference: an adapter in memory that defines the exact semantics.

`memory()` is the fake for unit tests and offline work; `flue_memdb.verification` compares any adapter with it.
"""

from typing import TYPE_CHECKING

from flue_memdb import contract
from flue_memdb.adapter import memory
from flue_memdb.clock import Clock, ManualClock, SystemClock
from flue_memdb.contract import *  # noqa: F403 -- the contract's public names are this package's
from flue_memdb.database import MemoryDatabase

if TYPE_CHECKING:
    from flue_memdb.faults import Faults
else:

    def __getattr__(name: str) -> object:
        # Only tests inject faults: an app does not wait for their import.
        if name != "Faults":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from flue_memdb.faults import Faults  # noqa: PLC0415

        return globals().setdefault(name, Faults)


__all__ = ["Clock", "Faults", "ManualClock", "MemoryDatabase", "SystemClock", "memory"]
__all__ += contract.__all__
