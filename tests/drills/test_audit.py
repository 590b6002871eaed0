"""The audit: it is content with what is there, and notices each write that is lost."""

from collections import Counter

from flue_memdb.verification.histories import Call
from flue_valkey.drills.audit import audit
from flue_valkey.drills.book import took_effect
from flue_valkey.drills.caller import Caller
from flue_valkey.drills.effects import EFFECTS
from flue_valkey.drills.order import out_of_order
from flue_valkey.servers.fake import FakeServer

SEED = 5
LOOKS = 3


async def test_what_is_there_is_found(open_drilled):
    drilled = open_drilled(FakeServer())
    calls = await drilled.run(SEED, clients=3, units=100)
    found = await audit(calls, await drilled.space())
    assert found.is_clean, (f"seed {SEED}", found)
    assert out_of_order(calls) == []
    assert found.acknowledged > 100


async def test_each_write_is_missed_where_it_alone_was_lost(open_drilled):
    """Some writes of each kind: all calls up to the write, and the database as it was just before it."""
    drilled = open_drilled(FakeServer())
    before = {}
    looks, number = Counter(), 0

    class Watched(Caller):
        async def once(self, op, *args):
            nonlocal number
            space = await drilled.space() if op in EFFECTS and looks[op] < LOOKS else None
            answer = await super().once(op, *args)
            if space is not None and took_effect(Call(0, {"op": op, "args": list(args)}, 0, 0, answer)):
                looks[op] += 1
                before[number] = space
            number += 1
            return answer

    calls = await drilled.run(SEED, clients=1, units=250, caller=Watched)
    noticed = Counter()
    for number, space in before.items():
        call = calls[number]
        if call in [lost for lost, _ in (await audit(calls[: number + 1], space)).lost]:
            noticed[call.operation["op"]] += 1
        else:
            # The first deletion is of a session without submissions, for which there is nothing to be lost.
            assert call.operation["op"] == "submissions.deleteSession", (f"seed {SEED}", call)
    assert set(noticed) | {"submissions.deleteSession"} == set(EFFECTS), f"seed {SEED}"


async def test_a_deletion_that_was_lost_is_missed(open_drilled):
    drilled = open_drilled(FakeServer())
    stores = await drilled.stores()
    caller, calls = drilled.caller(stores)
    dispatch = {"dispatchId": "d", "agent": "a", "id": "s", "input": 1, "acceptedAt": "2026-06-03"}
    await caller.once("submissions.admitDispatch", dispatch)
    attempt = {"submissionId": "d", "attemptId": "a1"}
    await caller.once("submissions.claimSubmission", {**attempt, "ownerId": "o", "leaseExpiresAt": 0})
    await caller.once("submissions.completeSubmission", attempt)
    before = await drilled.space()
    await caller.once("submissions.deleteSession", 'agent-session:["s","default","default"]', {"$tree": "ok"})
    assert (await audit(calls(), await drilled.space())).is_clean
    [(lost, text)] = (await audit(calls(), before)).lost
    assert lost.operation["op"] == "submissions.deleteSession"
    assert text == "submission d is still there"
