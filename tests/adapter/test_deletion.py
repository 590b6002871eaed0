"""Session deletions that are cut off: nobody is locked out, and nobody's deletion is cancelled by another's."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from flue_memdb import AttemptRef, ClaimRef, DispatchInput, ManualClock, Stores, StoreUnavailableError
from flue_valkey import Runner, valkey
from flue_valkey.adapter import ValkeyAdapter
from flue_valkey.layout import key
from flue_valkey.rows import SUBMISSION_STATUSES
from flue_valkey.runner import Arg, Reply
from flue_valkey.servers.passing import PassingRunner

SESSION = 'agent-session:["s","default","default"]'


async def nothing() -> None:
    """A callback that has nothing to delete."""


async def admit(stores: Stores) -> None:
    dispatch = DispatchInput(dispatch_id="d", agent="a", id="s", input=None, accepted_at="2026-06-03")
    await stores.submissions.admit_dispatch(dispatch)


class LostAnswer(PassingRunner):
    """A runner that loses the answer of one script after it ran."""

    def __init__(self, runner: Runner, part_of_script: str) -> None:
        super().__init__(runner)
        self._part = part_of_script
        self.lost = False

    async def eval(self, script: str, keys: Sequence[Arg], args: Sequence[Arg]) -> Reply:
        reply = await super().eval(script, keys, args)
        if self._part in script and not self.lost:
            self.lost = True
            raise ConnectionError("the answer is lost")
        return reply


async def test_a_lost_answer_to_the_beginning_locks_nobody_out(
    stores: Stores, runner: Runner, prefix: str, clock: ManualClock
) -> None:
    lossy = LostAnswer(runner, '"phase", "snapshot"')
    own = await valkey(lossy, key_prefix=prefix, clock=clock, inspect_server=False).connect()
    with pytest.raises(StoreUnavailableError):
        await own.submissions.delete_session(SESSION, nothing)
    assert lossy.lost
    assert await stores.submissions.list_pending_session_deletions() == []
    await admit(stores)


async def test_a_caller_who_comes_while_another_is_cancelled_has_its_own_deletion(stores: Stores) -> None:
    begun, calls = asyncio.Event(), []

    async def slow() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            for _ in range(5):
                await asyncio.sleep(0)

    async def quick() -> None:
        calls.append("quick")

    first = asyncio.create_task(stores.submissions.delete_session(SESSION, slow))
    await begun.wait()
    first.cancel()
    await asyncio.sleep(0)
    await asyncio.wait_for(stores.submissions.delete_session(SESSION, quick), 10)
    assert calls == ["quick"]
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_a_deletion_that_is_cancelled_behind_its_callback_goes_on_with_the_next_call(stores: Stores) -> None:
    async def cancelled_at_its_end() -> None:
        caller.cancel()

    caller = asyncio.create_task(stores.submissions.delete_session(SESSION, cancelled_at_its_end))
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert await stores.submissions.list_pending_session_deletions() == [SESSION]
    async with asyncio.timeout(5):
        await stores.submissions.delete_session(SESSION, nothing)
    assert await stores.submissions.list_pending_session_deletions() == []
    await admit(stores)


async def test_an_owner_that_was_taken_over_waits_for_its_heir(
    open_adapter: Callable[[], ValkeyAdapter], stores: Stores, clock: ManualClock
) -> None:
    heir = await open_adapter().connect()
    calls: list[str] = []
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        calls.append("owner")
        begun.set()
        await go_on.wait()

    async def quick() -> None:
        calls.append("heir")

    owner = asyncio.create_task(stores.submissions.delete_session(SESSION, slow))
    await begun.wait()
    clock.advance(30_000)
    await heir.submissions.delete_session(SESSION, quick)
    go_on.set()
    await asyncio.wait_for(owner, 10)
    assert calls == ["owner", "heir"]


async def test_a_task_that_a_callback_left_behind_may_delete_later(stores: Stores) -> None:
    later: list[asyncio.Task[None]] = []
    go_on = asyncio.Event()

    async def afterwards() -> None:
        await go_on.wait()
        await stores.submissions.delete_session(SESSION, nothing)

    async def leaves_a_task() -> None:
        later.append(asyncio.create_task(afterwards()))

    await stores.submissions.delete_session(SESSION, leaves_a_task)
    go_on.set()
    await asyncio.wait_for(later[0], 10)


async def test_a_lapsed_marker_is_taken_over_with_its_cutoff(
    stores: Stores, runner: Runner, prefix: str, clock: ManualClock
) -> None:
    marker = key(prefix, "deletion", session_key=SESSION)
    fields = {"cutoff": 7, "startedAt": 5, "ownerId": "dead", "leaseExpiresAt": clock(), "phase": "snapshot"}
    await runner.command("HSET", marker, *[part for field in fields.items() for part in field])
    await runner.command("ZADD", key(prefix, "deletions"), 5, SESSION)
    seen: list[object] = []

    async def look() -> None:
        seen.extend(await runner.command("HMGET", marker, "cutoff", "startedAt", "phase"))

    await stores.submissions.delete_session(SESSION, look)
    assert seen == [b"7", str(clock()).encode(), b"snapshot"]
    assert await runner.command("EXISTS", marker) == 0


async def test_what_a_peer_left_in_the_indexes_goes_with_the_submission(
    stores: Stores, runner: Runner, prefix: str
) -> None:
    await admit(stores)
    await stores.submissions.claim_submission(ClaimRef("d", "a", "o", lease_expires_at=0))
    await stores.submissions.complete_submission(AttemptRef("d", "a"))
    indexes = [key(prefix, name) for name in ("submissions", "submissions_order", *SUBMISSION_STATUSES)]
    for index in indexes:
        await runner.command("ZADD", index, 1, "d")
    await stores.submissions.delete_session(SESSION, nothing)
    assert [await runner.command("EXISTS", index) for index in indexes] == [0] * len(indexes)


async def test_only_the_owner_of_a_marker_renews_it(
    stores: Stores, runner: Runner, prefix: str, clock: ManualClock
) -> None:
    steps: Any = stores.submissions
    await steps.begin_deletion(SESSION, "owner")
    clock.advance(1)
    assert await steps.renew_deletion(SESSION, "owner")
    assert not await steps.renew_deletion(SESSION, "another")
    assert not await steps.renew_deletion("a session that nobody deletes", "owner")
    lease_ends = await runner.command("HGET", key(prefix, "deletion", session_key=SESSION), "leaseExpiresAt")
    assert int(lease_ends) == clock() + 30_000
    assert await runner.command("EXISTS", key(prefix, "deletion", session_key="a session that nobody deletes")) == 0


async def test_only_the_owner_of_a_marker_takes_it_away(stores: Stores) -> None:
    steps: Any = stores.submissions
    await steps.begin_deletion(SESSION, "owner")
    await steps.abandon_deletion(SESSION, "another")
    assert await steps.look_at_deletion(SESSION, "owner") == "pending"
    await steps.abandon_deletion(SESSION, "owner")
    assert await steps.look_at_deletion(SESSION, "owner") == "gone"
