"""Transitions that must never happen, where several processes of the operating system work on one real server; and the
looking itself is proven on scripts that are broken in those processes.

FLUE_RACE_CALLS=20000 makes it long.
"""

import os
import random
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

import flue_valkey
from flue_memdb import ManualClock, Stores, open_stores
from flue_memdb.clock import Clock
from flue_memdb.verification.histories import Call
from flue_valkey import Runner, valkey
from flue_valkey.drills.ledger import read_ledgers
from flue_valkey.drills.load import Client
from flue_valkey.drills.order import out_of_order
from flue_valkey.drills.rounds import new_namespace
from flue_valkey.drills.workers import CLIENTS, Crew, Namespace, crew
from flue_valkey.invariants import findings
from flue_valkey.keyspace import Keyspace, read_keyspace
from flue_valkey.layout import key
from flue_valkey.servers.server import Server
from tests.drills.harm import BROKEN, HOLD, Harm, wrong
from tests.drills.loads import DOCUMENT, Deleting, Saving

CALLS = int(os.environ.get("FLUE_RACE_CALLS", "3000"))
WORKERS = 3
HARM_EVERY = 20
SAVES, DEATHS = CALLS // 6, 4
HOUR_MS = 3_600_000


@dataclass
class Race:
    """A namespace on which processes work, and what they called there."""

    namespace: Namespace
    folder: Path
    runner: Runner
    ledgers: list[Path]

    @asynccontextmanager
    async def at_work(
        self, client: type[Client] = Client, *, seed: int = 1, workers: int = WORKERS, settles: bool = False
    ) -> AsyncIterator[Crew]:
        """Processes that work until the block ends, which kills those that have not been told to `end()`."""
        life = len(self.ledgers)
        with crew(
            self.namespace, self.folder, f"{seed}", workers, life=life, settles=settles, client=client
        ) as processes:
            self.ledgers += processes.ledgers
            yield processes

    @property
    def calls(self) -> list[Call]:
        return read_ledgers(self.ledgers)

    @asynccontextmanager
    async def stores(self, clock: Clock | None = None) -> AsyncIterator[Stores]:
        """Those of an adapter in this process."""
        namespace = self.namespace
        adapter = valkey(namespace.url, key_prefix=namespace.prefix, clock=clock or namespace.clock)
        async with open_stores(adapter) as stores:
            yield stores

    async def space(self) -> Keyspace:
        return await read_keyspace(self.runner, self.namespace.prefix)

    async def wrong(self, harm: Harm) -> list[str]:
        """What is wrong in the end, but for what the harm has done: listings mend what may still be mended."""
        async with self.stores() as stores:
            await stores.submissions.list_runnable_submissions()
            await stores.submissions.list_running_submissions()
            await stores.submissions.list_expired_submissions()
            await stores.submissions.list_pending_terminal_outboxes()
        found = await wrong(self.calls, await self.space())
        return [text for text in found if not any(each in text for each in harm.spoiled)]


@pytest.fixture
async def race(local_server: Server, tmp_path: Path) -> AsyncIterator[Race]:
    namespace, runner = await new_namespace(local_server, inspect=False), local_server.runner()
    yield Race(namespace, tmp_path, runner, [])
    await runner.close()
    await local_server.remove(namespace.prefix)


@pytest.fixture
def break_in_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str, str], None]:
    """Lets the processes that are started from now on import a copy of the package whose script is changed."""

    def change(script: str, text: str, instead: str) -> None:
        copy = tmp_path / "broken" / "flue_valkey"
        shutil.copytree(Path(flue_valkey.__file__).parent, copy)
        [file] = [path for path in (copy / "scripts").rglob("*.lua") if path.stem == script]
        assert text in file.read_text("utf-8")
        file.write_text(file.read_text("utf-8").replace(text, instead, 1), "utf-8")
        monkeypatch.syspath_prepend(copy.parent)

    return change


async def work_beside_harm(race: Race, processes: Crew, calls: int) -> Harm:
    """Lets them make so many calls while index entries that rows contradict appear all the time, and rows become
    unreadable."""
    namespace, clients = race.namespace, WORKERS * CLIENTS
    harm = Harm(race.runner, namespace.prefix, namespace.clock, random.Random(1), clients=clients, each=calls // 150)
    for made in range(0, calls, HARM_EVERY):
        await processes.made(made)
        await harm.do()
    await processes.end()
    return harm


async def test_nothing_is_settled_but_by_its_owner_or_a_corrupt_record(race: Race) -> None:
    async with race.at_work(settles=True) as processes:
        harm = await work_beside_harm(race, processes, CALLS)
    assert await race.wrong(harm) == []
    assert harm.spoiled, "nothing was spoiled"
    rows = (await race.space()).all("submission")
    assert {row.get("status") for row in rows.values()} == {"settled"}
    corrupt = {id_ for (id_,), row in rows.items() if row.get("error", "").startswith("The record is corrupt")}
    assert corrupt <= harm.spoiled


CAUGHT = {
    "what a repair moves is queued": ("reindex_submission", "sequence, status)", 'sequence, "queued")'),
    "a terminalizing head is none": ("session_head", '~= "settled"', '== "queued"'),
    **{name: BROKEN[name] for name in ("anybody completes", "what waits is claimed", "a settled one is requeued")},
}


@pytest.mark.parametrize("name", CAUGHT)
async def test_a_broken_script_is_found_out(
    race: Race, break_in_processes: Callable[[str, str, str], None], name: str
) -> None:
    break_in_processes(*CAUGHT[name])
    for seed in range(10):
        async with race.at_work(seed=seed) as processes:
            harm = await work_beside_harm(race, processes, 1500)
        if await race.wrong(harm):
            return
    pytest.fail(f"{name}, and nobody noticed")


async def deletions_that_failed_as_successes(race: Race) -> list[str]:
    async with race.at_work(Deleting) as processes:
        await processes.made(CALLS)
        await processes.end()
    heard = Counter(str(call.answer) for call in race.calls if call.operation["op"] == "submissions.deleteSession")
    assert len(heard) > 1, "all of them succeeded or failed"
    return out_of_order(race.calls)


async def test_a_waiter_never_reports_the_success_of_a_deletion_that_failed(race: Race) -> None:
    assert await deletions_that_failed_as_successes(race) == []


async def test_a_waiter_that_takes_every_end_for_a_success_is_found_out(
    race: Race, break_in_processes: Callable[[str, str, str], None]
) -> None:
    break_in_processes("look_at_session_deletion", 'return {"gone"}', 'return {"succeeded"}')
    assert await deletions_that_failed_as_successes(race) != []


async def generations_beside_dead_processes(race: Race) -> tuple[set[str], set[str]]:
    """The generations that there are after 500 saves beside processes that are killed while they load or save, and
    those that readers of a peer held when they died."""
    held = set()
    async with race.at_work(Saving) as processes:
        for death in range(DEATHS):
            async with race.at_work(Saving, workers=1) as dying:
                await dying.begun()
            await processes.made(2 * SAVES // DEATHS * (death + 1))  # of five calls about four are saves
            keys = [key(race.namespace.prefix, name, session_key=DOCUMENT) for name in ("session", "session_readers")]
            held.add((await race.runner.eval(HOLD, keys, [])).decode())
        await processes.end()
    assert sum(call.operation["op"] == "sessions.save" for call in race.calls) >= SAVES
    return {name for _, name in (await race.space()).all("session_generation")}, held


async def test_generations_never_pile_up(race: Race) -> None:
    there, held = await generations_beside_dead_processes(race)
    assert len(there - held) <= 1, "besides what dead readers held, the published one is all there is"
    async with race.stores(ManualClock(race.namespace.clock() + HOUR_MS + 1)) as stores:
        await stores.sessions.save(DOCUMENT, {"entries": []})
    space = await race.space()
    assert len(space.all("session_generation")) == 1
    assert len(space.all("session_staged")) <= DEATHS * CLIENTS, "the server lets them lapse after ten minutes"
    assert await findings(space) == []


async def test_generations_that_pile_up_are_found_out(
    race: Race, break_in_processes: Callable[[str, str, str], None]
) -> None:
    break_in_processes("sweep_generations", "not held and superseded(generation, stamp)", "false")
    there, held = await generations_beside_dead_processes(race)
    assert len(there - held) > SAVES // 2
