"""Where cuts happen: a namespace, processes that come and go, and what is left there."""

import re
from itertools import count
from typing import Any

from flue_memdb import ManualClock, open_stores
from flue_memdb.verification import Answer, Engine, Namespace, apply, observe, read_state
from flue_memdb.verification.retries import AT, operation
from flue_valkey.layout import LAYOUT
from flue_valkey.servers.cutting import CuttableServer, Moment
from tests.adapter.cut_cases import Call, Case

HELPERS = {name for name, key in LAYOUT.items() if key.text.startswith("py:")}


class Site:
    """An empty namespace of an engine; its clock stands still until it is moved."""

    def __init__(self, namespace: Namespace, clock: ManualClock) -> None:
        self.namespace = namespace
        self.clock = clock

    async def prepare(self, case: Case, *, done: bool = False) -> None:
        """Does what leads to the case's call; and the call itself, if it is to be `done`."""
        async with open_stores(self.namespace.adapter(0)) as stores:
            for op, args in (*case.led_by, *[case.call] * done):
                if op.startswith("disturb."):
                    await self.namespace.disturb(op.removeprefix("disturb."), *args)
                else:
                    assert "error" not in await apply(stores, operation((op, args)))

    async def call(self, call: Call) -> Answer:
        """Calls in a process of its own."""
        async with open_stores(self.namespace.adapter(0)) as stores:
            return await apply(stores, operation(call))

    async def cut(self, server: CuttableServer, call: Call, number: int, moment: Moment) -> Answer | None:
        """The answer to the call in a process that is cut off at that command, and gone then; None if the call gets
        through with fewer commands."""
        process = self.namespace.adapter(1)
        runner = server.runners[-1]
        stores = await process.connect()
        runner.cut_at(number, moment)
        answer = await apply(stores, operation(call))
        await process.close()
        assert runner.is_cut or runner.sent == number
        return answer if runner.is_cut else None

    async def begin(self, call: Call) -> None:
        """Begins a deletion, in a process that dies after the callback."""
        process = self.namespace.adapter(1)
        op, (session_key, tree) = call
        await observe(await process.connect(), operation((op, [session_key, {**tree, "$tree": "die"}])), process.close)

    async def state(self, case: Case) -> dict[str, Answer]:
        """What a process can read of what the case is about."""
        async with open_stores(self.namespace.adapter(0)) as stores:
            return await read_state(stores, case.operations)

    async def stored(self) -> list[str]:
        """Every key that stays, with its value; what new ids are called does not matter.

        Helper keys are left out: they have a time to live, and it is a finding if one has none.
        """
        keyspace: dict[str, Any] = await self.namespace.keyspace() or {}
        keys = [f"{name}: {value}" for name, value in keyspace.items() if name.partition(" ")[0] not in HELPERS]
        return sorted(re.sub(r"id-\d{6}", "id", key) for key in keys)


async def open_site(engine: Engine) -> Site:
    """An empty site on the engine, at the schema version of today."""
    clock, numbers = ManualClock(AT), count(1)
    site = Site(await engine.open(clock, lambda: f"id-{next(numbers):06}"), clock)
    async with open_stores(site.namespace.adapter(0)):
        return site
