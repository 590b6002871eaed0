"""The contract of Flue's persistence, and its reference: an adapter in memory that defines the exact semantics.

`memory()` is the fake for unit tests and offline work; `flue_memdb.verification` compares any adapter with it.
"""

from flue_memdb import contract
from flue_memdb.adapter import memory
from flue_memdb.clock import Clock, ManualClock, SystemClock
from flue_memdb.contract import *  # noqa: F403 -- the contract's public names are this package's
from flue_memdb.database import MemoryDatabase

__all__ = ["Clock", "ManualClock", "MemoryDatabase", "SystemClock", "memory"]
__all__ += contract.__all__
