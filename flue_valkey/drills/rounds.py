"""One round of a drill: a namespace, an app that is restarted on it, and a server that is killed under both."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from flue_memdb.verification.histories import Call
from flue_valkey.adapter import valkey
from flue_valkey.drills.audit import Audit, audit
from flue_valkey.drills.findings import DrillFindings
from flue_valkey.drills.ledger import read_ledgers
from flue_valkey.drills.order import out_of_order
from flue_valkey.drills.plan import DrillPlan
from flue_valkey.drills.workers import Clock, Crew, Namespace, crew
from flue_valkey.keyspace import Keyspace, read_keyspace
from flue_valkey.servers.local import LocalServer
from flue_valkey.servers.server import Server

_LIVES: Final = 2


@dataclass(slots=True)
class Round:
    """One round. `folder` takes the ledgers; `choose` the times between kills; `killed` is told after each kill."""

    server: Server
    folder: Path
    seed: str
    plan: DrillPlan
    choose: random.Random
    found: DrillFindings
    killed: Callable[[DrillFindings], None]
    namespace: Namespace
    ledgers: list[Path] = field(default_factory=list)

    async def run(self, kills: int) -> bool:
        """Half of the kills hit the app's first life, which leaves its work as it stands, half its second, which ends
        it. False when a kill has cost anything: what follows a loss proves nothing, so the round is over."""
        self.found.rounds += 1
        for life in range(_LIVES):
            hands = crew(
                self.namespace, self.folder, self.seed, self.plan.workers, life=life, settles=life == _LIVES - 1
            )
            with hands as at_work:
                self.ledgers += at_work.ledgers
                if not await self._live(at_work, kills // _LIVES if life == 0 else kills - kills // _LIVES):
                    return False
        calls, found = await self.audit()
        self.found.add_calls(len(calls), found)
        self.found.add(found, "in the end")
        self.found.add_broken(out_of_order(calls))
        self.found.add_broken(await self._unsettled())
        return True

    async def audit(self) -> tuple[list[Call], Audit]:
        """All calls until now, and whether they are there."""
        calls = read_ledgers(self.ledgers)
        return calls, await audit(calls, await self._keyspace())

    async def _live(self, at_work: Crew, kills: int) -> bool:
        await at_work.begun()
        for _ in range(kills):
            await asyncio.sleep(self.choose.uniform(0, self.plan.longest_load_s))
            if not await self._kill(at_work):
                return False
            await at_work.open_gate()
        await asyncio.sleep(self.plan.longest_load_s)
        await at_work.end()
        return True

    async def _kill(self, at_work: Crew) -> bool:
        """Kills and restarts the server; False if that has cost anything."""
        assert isinstance(self.server, LocalServer), "only a server of our own is killed"
        killed_ns = time.monotonic_ns()
        await self.server.kill()
        await at_work.at_the_gate()
        await self.server.start()
        self.found.kills += 1
        calls, found = await self.audit()
        if found.lost:
            self.found.add_calls(len(calls), found)
            self.found.add_loss(found, killed_ns)
        else:
            self.found.add(found, f"after kill {self.found.kills}")
        self.killed(self.found)
        return not found.lost

    async def _unsettled(self) -> list[str]:
        rows = (await self._keyspace()).all("submission").values()
        left = [row for row in rows if row.get("status") != "settled"]
        return [f"submission {row.get('submissionId')} is {row.get('status')} when all work is done" for row in left]

    async def _keyspace(self) -> Keyspace:
        runner = self.server.runner()
        try:
            return await read_keyspace(runner, self.namespace.prefix)
        finally:
            await runner.close()


async def new_namespace(server: Server, *, inspect: bool) -> Namespace:
    """An empty namespace; `inspect` says whether the server is one whose settings are not known."""
    namespace = Namespace(server.url or "", server.new_prefix(), Clock(time.time_ns()), inspect)
    adapter = valkey(
        namespace.url, key_prefix=namespace.prefix, clock=namespace.clock, inspect_server=namespace.inspect
    )
    try:
        await adapter.migrate()
    finally:
        await adapter.close()
    return namespace
