"""A snapshot holds everything: a database that is restored from one goes on as if nothing had happened."""

import json
from itertools import count
from random import Random

from flue_memdb import (
    ManualClock,
    MemoryDatabase,
    memory,
    session_storage_key,
)
from flue_memdb.verification import ReferenceEngine, differential, generate
from flue_memdb.verification.engines import ReferenceNamespace
from flue_memdb.verification.operations import observe
from flue_memdb.wrapping import WrappedAdapter
from tests.stores import stores_in

CREW = session_storage_key("crew")


class RestoringNamespace(ReferenceNamespace):
    """A database that is now and then written down and read back, whenever no call is under way."""

    def __init__(self, database, random):
        super().__init__(database)
        self.database = database
        self.random = random
        self.under_way = 0
        self.restored = 0

    def adapter(self, client):
        return WrappedAdapter(super().adapter(client), self.carry)

    async def carry(self, call):
        if self.under_way == 0 and self.random.random() < 0.1:
            text = json.dumps(self.database.snapshot())
            self.database.restore(json.loads(text))
            assert json.dumps(self.database.snapshot()) == text
            self.restored += 1
        self.under_way += 1
        try:
            return await call.make()
        finally:
            self.under_way -= 1


class RestoringEngine(ReferenceEngine):
    name = "restored"

    def __init__(self):
        self.namespaces = []

    async def open(self, clock, new_id):
        database = MemoryDatabase(clock=clock, new_id=new_id)
        self.namespaces.append(RestoringNamespace(database, Random(len(self.namespaces))))
        return self.namespaces[-1]


async def test_whatever_happened_a_restored_database_goes_on_as_the_other_one():
    engine = RestoringEngine()
    report = await differential([ReferenceEngine(), engine], seed="snapshots", sequences=60)
    assert report.divergences == ()
    assert sum(namespace.restored for namespace in engine.namespaces) > 300


async def written_after(seed):
    """The snapshot after a generated sequence, with everything deterministic."""
    numbers = count(1)
    clock = ManualClock()
    database = MemoryDatabase(clock=clock, new_id=lambda: f"id-{next(numbers)}")
    namespace = ReferenceNamespace(database)

    async def connect(client):
        return await stores_in(database)

    for operation in await generate(seed):
        clock.set(max(clock(), operation["at"]))
        if operation["op"].startswith("disturb."):
            await namespace.disturb(operation["op"].removeprefix("disturb."), *operation["args"])
        else:
            adapter = memory(database)
            await adapter.migrate()
            await observe(await adapter.connect(), operation, adapter.close, connect, advance=clock.advance)
    return json.dumps(database.snapshot())


async def test_the_same_sequence_gives_the_same_text():
    texts = [await written_after(f"text/{number}") for number in range(20)]
    assert texts == [await written_after(f"text/{number}") for number in range(20)]
    assert len(set(texts)) == 20
