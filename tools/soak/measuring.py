"""What is measured: memory of this process and of a server, and what is left on a server after a sequence."""

import ctypes
import gc
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from flue_memdb.contract import Json
from flue_memdb.verification import Divergence, Engine, differential
from flue_valkey.runner import Runner
from flue_valkey.settings import parsed_info
from tools.soak.plan import SoakPlan

RESIDENT, BLOCKS, SERVER = "resident memory", "Python's memory blocks", "memory of the server"
_ASKED_AT_MOST = 50
_TRIM = getattr(ctypes.CDLL(None), "malloc_trim", None)


@dataclass(frozen=True, slots=True)
class Watched:
    """A database that only this process uses. `runner` is the only connection to it that may stay open.

    `tells_memory` is false for fakeredis, whose data are in the memory of this process.
    """

    name: str
    runner: Runner
    tells_memory: bool

    async def keys(self) -> int:
        """How many keys there are, whatever their prefix."""
        return int(await self.runner.command("DBSIZE"))

    async def connections(self) -> int:
        """How many other connections are open; a server, which learns of an end a little later, is asked again."""
        others = 0
        for _ in range(_ASKED_AT_MOST):
            others = len((await self.runner.command("CLIENT", "LIST")).splitlines()) - 1
            if others == 0:
                break
        return others

    async def memory(self) -> int:
        """What its allocator has given out, in bytes."""
        return int(parsed_info(await self.runner.command("INFO", "memory"))["used_memory"])


@dataclass(frozen=True, slots=True)
class Step:
    """What one sequence left behind. `keys` and `connections` have the name of each database that has any left;
    `memory` is empty where it was not measured, in bytes except for the blocks, which are counted."""

    process: int
    sequence: int
    operations: int
    divergences: tuple[Divergence, ...]
    keys: dict[str, int]
    connections: dict[str, int]
    memory: dict[str, int]

    @property
    def reading(self) -> dict[str, Json]:
        """What was measured, for machines."""
        return {
            "process": self.process,
            "sequence": self.sequence,
            "keys": self.keys,
            "connections": self.connections,
            **self.memory,
        }


async def step(
    engines: Sequence[Engine], watched: Sequence[Watched], plan: SoakPlan, process: int, sequence: int
) -> Step:
    """Runs one sequence on the engines and looks at what is left of it."""
    report = await differential(
        engines, seed=plan.seed, sequences=1, operations=plan.operations_each, first_sequence=sequence
    )
    keys = {each.name: await each.keys() for each in watched}
    connections = {each.name: await each.connections() for each in watched}
    is_measured = (plan.numbers(process).index(sequence) + 1) % plan.measured_every == 0
    return Step(
        process,
        sequence,
        report.operations,
        report.divergences,
        {name: count for name, count in keys.items() if count},
        {name: count for name, count in connections.items() if count},
        await _memory(watched) if is_measured else {},
    )


async def _memory(watched: Sequence[Watched]) -> dict[str, int]:
    gc.collect()
    of_servers = [await each.memory() for each in watched if each.tells_memory]
    return {RESIDENT: resident(), BLOCKS: sys.getallocatedblocks(), SERVER: sum(of_servers)}


def resident() -> int:
    """The memory of this process in bytes, without what the C library keeps of a peak for later."""
    if _TRIM is not None:
        _TRIM(0)
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
