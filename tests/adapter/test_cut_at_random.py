"""Random sequences in which processes are cut off at random commands: what may have happened explains every answer.

A seed is the last part of a test's name, so that `pytest 'tests/adapter/test_cut_at_random.py::…[valkey-17]'` runs it
again. FLUE_CUT_SEQUENCES=500 runs five hundred seeds.
"""

import asyncio
import os
from itertools import count
from random import Random

import pytest

from flue_memdb import ManualClock
from flue_memdb.contract import Adapter
from flue_memdb.verification import Operation, generate, observe, read_state
from flue_memdb.verification.operations import dies
from flue_memdb.verification.shapes import METHODS
from flue_valkey.servers.cutting import CuttableServer, CuttingRunner
from flue_valkey.servers.engine import ValkeyEngine, ValkeyNamespace
from flue_valkey.servers.server import Server
from tests.adapter.cut_cases import LEASE_MS, OF_MANY_COMMANDS
from tests.adapter.cut_worlds import Worlds

SEEDS = range(int(os.environ.get("FLUE_CUT_SEQUENCES", "12")))
OPERATIONS = 60
CUTS = 0.15
ANSWER_WITHIN_S = 30


class Process:
    """A client's adapter; another process takes its place when it dies."""

    def __init__(self, server: CuttableServer, namespace: ValkeyNamespace) -> None:
        self._server = server
        self._namespace = namespace

    async def start(self) -> None:
        self.adapter: Adapter = self._namespace.adapter(0)
        self.runner: CuttingRunner = self._server.runners[-1]
        await self.adapter.migrate()
        self.stores = await self.adapter.connect()

    async def restart(self) -> None:
        await self.adapter.close()
        await self.start()


async def sequence(seed: int) -> list[Operation]:
    """Operations of one process after another: no bulk steps, and nothing behind or beside a process."""
    made = [op for op in await generate(f"cut {seed}", OPERATIONS) if op["op"] in METHODS]
    return [operation for operation in made if not has_beside(operation)]


def has_beside(operation: Operation) -> bool:
    return any(isinstance(arg, dict) and "beside" in arg for arg in operation["args"])


def can_be_cut(operation: Operation) -> bool:
    """Not where it dies anyway, or where deletions stand within deletions, which come to more than can be told here."""
    during = [inner["op"] for arg in operation["args"] if isinstance(arg, dict) for inner in arg.get("during", ())]
    return not dies(operation) and "submissions.deleteSession" not in during


@pytest.mark.parametrize("seed", SEEDS)
async def test_what_may_have_happened_explains_every_answer(server: Server, seed: int) -> None:
    rng, clock, numbers, late_ms = Random(seed), ManualClock(), count(1), 0
    cuttable = CuttableServer(server)
    namespace = await ValkeyEngine(cuttable).open(clock, lambda: f"id-{next(numbers)}")
    worlds, processes = Worlds(clock), [Process(cuttable, namespace) for _ in range(2)]
    for process in processes:
        await process.start()
    operations = await sequence(seed)
    for index, operation in enumerate(operations):
        clock.set(operation["at"] + late_ms)
        process = processes[operation["client"]]
        cut = can_be_cut(operation) and rng.random() < CUTS
        process.runner.cut_at(rng.choice((0, 0, 0, 1, 2)) if cut else -1, rng.choice(("before", "after")))
        async with asyncio.timeout(ANSWER_WITHIN_S):
            answer = (await observe(process.stores, operation, process.adapter.close)).answer
        assert process.runner.sent <= 1 or operation["op"] in OF_MANY_COMMANDS
        if process.runner.is_cut:
            await worlds.lost(operation)
        else:
            await worlds.answered(operation, answer)
        if process.runner.is_cut or dies(operation):
            await process.restart()
            if operation["op"] == "submissions.deleteSession":  # nobody waits for one whose owner is gone
                late_ms += LEASE_MS
                clock.advance(LEASE_MS)
        assert len(worlds), f"seed {seed}, operation {index}: nothing explains {operation} giving {answer}"
    processes[0].runner.restore()
    state = await read_state(processes[0].stores, operations)
    assert await worlds.explain(state, operations), f"seed {seed}: nothing explains what is there in the end"
    assert await namespace.findings() == []
    for process in processes:
        await process.adapter.close()
    await namespace.close()
