"""Transitions that must never happen, looked for where many do at once what can meet; and the looking itself is proven
on scripts that were broken on purpose.

Adapters with connections of their own are processes to the server.
"""

import asyncio
import random
from collections import Counter

import pytest

from flue_memdb import ClaimRef, DirectInput, ManualClock, SessionBusyError, Stores
from flue_memdb.contract import Json
from flue_memdb.verification.observations import Answer
from flue_valkey import Runner, valkey
from flue_valkey.drills.caller import Caller
from flue_valkey.invariants import findings
from flue_valkey.keyspace import read_keyspace
from flue_valkey.layout import key
from flue_valkey.scripts import SCRIPTS
from flue_valkey.servers.server import Server
from tests.drills.harm import BROKEN, HOLD, Harm, broken, wrong

HOUR_MS = 3_600_000
RUNS = 100
"""How often a broken script may pass before that is a failure: of those here each is found by one run in four."""
INSTANCE = "i"
SESSION = f'agent-session:["{INSTANCE}","default","default"]'


@pytest.mark.parametrize("name", BROKEN)
async def test_a_broken_script_is_found_out(
    open_drilled, local_server: Server, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setitem(SCRIPTS, BROKEN[name][0], broken(*BROKEN[name]))
    for seed in range(RUNS):
        drilled = open_drilled(local_server, patience_s=0.2)
        if await wrong(await drilled.run(seed, clients=4, units=150), await drilled.space()):
            return
    pytest.fail(f"{name}, and nobody noticed")


async def test_many_at_once_harm_nothing(open_drilled, local_server: Server) -> None:
    for seed in range(3):
        drilled = open_drilled(local_server)
        calls = await drilled.run(seed, clients=6, units=200)
        assert await wrong(calls, await drilled.space()) == [], f"seed {seed}"


async def test_repairs_beside_the_work_bring_nothing_back(open_drilled, local_server: Server) -> None:
    """Index entries that rows contradict appear all the time, and rows become unreadable: the listings mend it while
    others claim, complete, requeue and reserve."""
    for seed in range(3):
        drilled = open_drilled(local_server)
        harm = Harm(drilled.reader, drilled.prefix, drilled.clock, random.Random(seed))
        calls = await drilled.run(seed, clients=6, units=250, caller=_harmful(harm))
        spoiled = harm.spoiled
        submissions = (await drilled.stores()).submissions
        for listing in ("runnable_submissions", "running_submissions", "expired_submissions"):
            await getattr(submissions, f"list_{listing}")()
        await submissions.list_pending_terminal_outboxes()
        assert spoiled, f"seed {seed}: nothing was spoiled"
        space = await drilled.space()
        contradictions = [text for text in await wrong(calls, space) if not any(each in text for each in spoiled)]
        assert contradictions == [], f"seed {seed}"
        rows = space.all("submission")
        for submission_id in spoiled:
            assert rows.get((submission_id,), {}).get("status", "settled") == "settled"


def _harmful(harm: Harm) -> type[Caller]:
    class Harmful(Caller):
        async def once(self, op: str, *args: Json) -> Answer | None:
            await harm.do()
            return await super().once(op, *args)

    return Harmful


class Deletions:
    """Callers that delete one session at once, each with an adapter of its own; some callbacks fail."""

    def __init__(self, stores: list[Stores]) -> None:
        self._stores = stores
        self.succeeded = 0

    async def delete(self, *, fail: float, choose: random.Random) -> list[str]:
        """What each caller heard: `success`, `failure` or `busy`."""
        return await asyncio.gather(*(self._delete(stores, choose.random() < fail, choose) for stores in self._stores))

    async def _delete(self, stores: Stores, fails: bool, choose: random.Random) -> str:
        async def tree() -> None:
            await asyncio.sleep(choose.uniform(0, 0.02))
            if fails:
                raise LookupError("the tree is not there")
            self.succeeded += 1

        await asyncio.sleep(choose.uniform(0, 0.02))
        try:
            await stores.submissions.delete_session(SESSION, tree)
        except LookupError:
            return "failure"
        except SessionBusyError:
            return "busy"
        return "success"


async def test_a_waiter_never_reports_the_success_of_a_deletion_that_failed(open_drilled, local_server: Server) -> None:
    drilled, choose = open_drilled(local_server), random.Random(1)
    deletions = Deletions([await drilled.stores() for _ in range(6)])
    for _ in range(10):
        assert set(await deletions.delete(fail=1.0, choose=choose)) == {"failure"}
    for _ in range(10):
        before = deletions.succeeded
        heard = await deletions.delete(fail=0.7, choose=choose)
        assert ("success" in heard) == (deletions.succeeded > before)


async def test_a_waiter_that_takes_every_end_for_a_success_is_found_out(
    open_drilled, local_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = "look_at_session_deletion"
    monkeypatch.setitem(SCRIPTS, script, broken(script, 'return {"gone"}', 'return {"succeeded"}'))
    drilled, choose = open_drilled(local_server), random.Random(1)
    deletions = Deletions([await drilled.stores() for _ in range(6)])
    heard = [await deletions.delete(fail=1.0, choose=choose) for _ in range(10)]
    assert any("success" in each for each in heard)


async def test_500_saves_by_many_leave_only_what_dead_readers_held(local_server: Server) -> None:
    prefix, clock, runner = local_server.new_prefix(), ManualClock(1_780_000_000_000), local_server.runner()
    adapters = [valkey(local_server.runner(), key_prefix=prefix, clock=clock) for _ in range(5)]
    await adapters[0].migrate()
    everyone = [await adapter.connect() for adapter in adapters]
    saved = await asyncio.gather(
        *(_save(stores, number, clock, runner, prefix) for number, stores in enumerate(everyone))
    )
    assert len({name for each in saved for name in each}) <= 25, "the readers that died, at most"
    generations = (await read_keyspace(runner, prefix)).all("session_generation")
    held = {name for each in saved for name in each}
    assert len({name for _, name in generations} - held) <= 1
    clock.advance(HOUR_MS + 1)
    await everyone[0].sessions.save("s", {"entries": []})
    space = await read_keyspace(runner, prefix)
    assert len(space.all("session_generation")) == 1
    assert await findings(space) == []
    for adapter in adapters:
        await adapter.close()
    await runner.close()
    await local_server.remove(prefix)


async def _save(stores: Stores, client: int, clock: ManualClock, runner: Runner, prefix: str) -> set[str]:
    """A hundred saves of one session; every twentieth a reader takes hold of what is published, and dies."""
    held = set()
    for number in range(100):
        await stores.sessions.save("s", {"entries": [{"id": f"{client}-{number}"}]})
        clock.advance(1)
        if number % 20 == 0:
            keys = [key(prefix, name, session_key="s") for name in ("session", "session_readers")]
            held.add((await runner.eval(HOLD, keys, [])).decode())
    return held


async def test_a_terminalizing_head_keeps_its_session_waiting(open_drilled, local_server: Server) -> None:
    """Several claim all the time; what stands behind the head is had only when the head is settled."""
    drilled = open_drilled(local_server)
    first, *others = [(await drilled.stores()).submissions for _ in range(5)]
    for name in ("head", "next"):
        direct = DirectInput(
            submission_id=name, agent="a", id=INSTANCE, payload={"message": "m"}, accepted_at="2026-06-03"
        )
        await first.admit_direct(direct)
    attempt = ClaimRef("head", "a1", "o", lease_expires_at=0)
    await first.claim_submission(attempt)
    tries, winners = Counter(), []

    async def claim_next(number: int) -> None:
        while not winners:
            tries[number] += 1
            assert [found.submission_id for found in await first.list_runnable_submissions()] in ([], ["next"])
            if await others[number].claim_submission(ClaimRef("next", f"b{number}", "o", lease_expires_at=0)):
                winners.append(number)

    async def tried() -> None:
        before = dict(tries)
        while any(tries[number] < before.get(number, 0) + 5 for number in range(4)):  # noqa: ASYNC110
            await asyncio.sleep(0)

    claims = [asyncio.create_task(claim_next(number)) for number in range(4)]
    await first.reserve_submission_terminal(attempt, "k", {})
    await tried()
    await first.record_submission_terminal_offset(attempt, "k", "0")
    await tried()
    assert winners == []
    assert await first.finalize_submission_terminal(attempt, "k")
    await asyncio.gather(*claims)
    assert len(winners) == 1
