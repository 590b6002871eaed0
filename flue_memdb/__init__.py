"""The contract of Flue's persistence, and its reference: an adapter in memory that defines the exact semantics.

`memory()` is the fake for unit tests and offline work; `flue_memdb.verification` compares any adapter with it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from flue_memdb import contract
from flue_memdb.adapter import memory
from flue_memdb.clock import Clock, ManualClock, SystemClock
from flue_memdb.contract import *  # noqa: F403 -- the contract's public names are this package's
from flue_memdb.database import MemoryDatabase

if TYPE_CHECKING:
    from flue_memdb.database_file import DatabaseFileError
    from flue_memdb.faults import Faults
else:
    # Only tests inject faults, and only development keeps files: an app does not wait for their import.
    _LATER = {"DatabaseFileError": "flue_memdb.database_file", "Faults": "flue_memdb.faults"}

    def __getattr__(name: str) -> object:
        if name not in _LATER:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return globals().setdefault(name, getattr(import_module(_LATER[name]), name))


__all__ = ["Clock", "DatabaseFileError", "Faults", "ManualClock", "MemoryDatabase", "SystemClock", "memory"]
__all__ += contract.__all__
