"""The check of concurrent histories explains what correct stores do, and rejects what broken ones did."""

import asyncio
import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from flue_memdb import ClaimRef, ManualClock, MemoryDatabase, Stores
from flue_memdb.store.events import Events
from flue_memdb.store.runs import Runs
from flue_memdb.store.sessions import Sessions
from flue_memdb.store.submissions import Submissions
from flue_memdb.verification.concurrency import plan, run_plans
from flue_memdb.verification.histories import Call, History
from flue_memdb.verification.linearizability import check_linearizable
from tests.stores import stores_in

AT = 1_000
OFFSET = "0000000000000000_{:016}".format


def call(client: int, began: int, ended: int | None, op: str, args: list[Any], result: Any = None) -> Call:  # noqa: PLR0917
    """A call that gave a result; with neither end nor result a pending one; `...` for a result of nothing."""
    answer = None if ended is None else {} if result is ... else {"result": result}
    return Call(client, {"op": op, "args": args}, began, ended, answer)


def history(*calls: Call) -> History:
    return History(AT, list(calls))


CREATED = call(0, 0, 1, "events.createStream", ["p"], ...)


def test_calls_beside_each_other_may_have_happened_in_any_order() -> None:
    verdict = check_linearizable(
        history(
            CREATED,
            call(0, 2, 9, "events.appendEvent", ["p", "first"], OFFSET(1)),
            call(1, 3, 8, "events.appendEvent", ["p", "second"], OFFSET(0)),
        )
    )
    assert verdict.explained


def test_calls_after_one_another_may_not() -> None:
    late = call(0, 2, 3, "events.appendEvent", ["p", "first"], OFFSET(1))
    early = call(1, 4, 5, "events.appendEvent", ["p", "second"], OFFSET(0))
    verdict = check_linearizable(history(CREATED, late, early))
    assert not verdict.explained
    assert verdict.unexplained is not None
    assert late in verdict.unexplained.calls


def test_a_pending_call_may_have_happened() -> None:
    pending = call(1, 2, None, "events.appendEvent", ["p", "lost"])
    seen = call(0, 5, 6, "events.getStreamMeta", ["p"], {"nextOffset": OFFSET(0), "closed": False})
    assert check_linearizable(history(CREATED, pending, seen)).explained
    not_seen = call(0, 7, 8, "events.getStreamMeta", ["p"], {"nextOffset": "-1", "closed": False})
    assert check_linearizable(history(CREATED, pending, not_seen)).explained
    assert not check_linearizable(history(CREATED, pending, seen, not_seen)).explained


def test_a_pending_call_cannot_have_happened_before_it_began() -> None:
    seen = call(0, 5, 6, "events.getStreamMeta", ["p"], {"nextOffset": OFFSET(0), "closed": False})
    pending = call(1, 7, None, "events.appendEvent", ["p", "lost"])
    assert not check_linearizable(history(CREATED, pending, seen)).explained


def test_the_smallest_part_leaves_out_what_does_not_matter() -> None:
    beside = [call(2, 10 + n, 11 + n, "sessions.load", ["s"], None) for n in range(20)]
    twice = [call(n, 2, 9, "events.appendEvent", ["p", n], OFFSET(0)) for n in (1, 2)]
    verdict = check_linearizable(history(CREATED, *beside, *twice))
    assert verdict.unexplained is not None
    assert [each.operation["op"] for each in verdict.unexplained.calls] == [
        "events.createStream",
        *["events.appendEvent"] * 2,
    ]
    assert "no order explains these 3 calls" in str(verdict)


def test_a_deletion_is_seen_between_its_two_moments() -> None:
    session_key = 'agent-session:["i","default","default"]'
    deletion = call(0, 1, 9, "submissions.deleteSession", [session_key, {"$tree": "ok"}], ...)
    pending = call(1, 3, 4, "submissions.listPendingSessionDeletions", [], [session_key])
    over = call(1, 5, 6, "submissions.listPendingSessionDeletions", [], [])
    assert check_linearizable(history(deletion, pending, over)).explained
    again = call(1, 7, 8, "submissions.listPendingSessionDeletions", [], [session_key])
    assert not check_linearizable(history(deletion, pending, over, again)).explained


class TwoWinners(Submissions):
    """Reads, and later writes what the read allowed."""

    async def claim_submission(self, claim: ClaimRef) -> Any:
        found = await self.get_submission(claim.submission_id)
        if found is None or found.status != "queued":
            return None
        await asyncio.sleep(0)
        db = await self._database("claim_submission")
        row = db.submissions[claim.submission_id]
        if row.status == "settled":
            return None
        db.running.pop(claim.submission_id, None)
        row.status = "queued"
        return await super().claim_submission(claim)


class StaleReads(Submissions):
    """Answers from memory, once in two times."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._seen: dict[str, Any] = {}

    async def get_submission(self, submission_id: str) -> Any:
        await asyncio.sleep(0)
        if submission_id in self._seen:
            return self._seen.pop(submission_id)
        self._seen[submission_id] = await super().get_submission(submission_id)
        return self._seen[submission_id]


class OneOffsetTwice(Events):
    """Counts the events before it appends."""

    async def append_event(self, path: str, event: Any) -> str:
        meta = await self.get_stream_meta(path)
        await asyncio.sleep(0)
        offset = await super().append_event(path, event)
        return OFFSET(0 if meta is None or meta.next_offset == "-1" else int(meta.next_offset[-16:]) + 1) or offset


class LostUpdates(Sessions):
    """Writes late what it acknowledged."""

    async def save(self, session_key: str, data: Any) -> None:
        db = await self._database("save")
        asyncio.get_running_loop().call_soon(db.sessions.update, {session_key: '{"entries":[]}'})
        await super().save(session_key, data)
        await asyncio.sleep(0)


class ForgetfulRuns(Runs):
    """Ends a run in two writes, and shows what lies between."""

    async def end_run(self, end: Any) -> None:
        db = await self._database("end_run")
        row = db.runs.get(end.run_id)
        if row is not None:
            row.status = "completed"
            await asyncio.sleep(0)
        await super().end_run(end)


BROKEN: dict[str, Callable[[Stores], Stores]] = {
    store.__name__: lambda stores, store=store, name=name: dataclasses.replace(  # type: ignore[misc]
        stores, **{name: store(getattr(stores, name)._connection)}
    )
    for store, name in [
        (TwoWinners, "submissions"),
        (StaleReads, "submissions"),
        (OneOffsetTwice, "events"),
        (LostUpdates, "sessions"),
        (ForgetfulRuns, "runs"),
    ]
}


async def concurrent(seed: str, change: Callable[[Stores], Stores], clients: int = 8, each: int = 25) -> History:
    db = MemoryDatabase(clock=ManualClock(AT))
    stores = [change(await stores_in(db)) for _ in range(clients)]

    class Turns:
        """Gives other clients a turn before each call."""

        def __init__(self, inner: Any) -> None:
            self._inner = inner

        def __getattr__(self, name: str) -> Any:
            method = getattr(self._inner, name)

            async def call(*args: Any, **options: Any) -> Any:
                await asyncio.sleep(0)
                return await method(*args, **options)

            return call

    turning = [
        Stores(*(Turns(getattr(each_stores, name)) for name in ("sessions", "submissions", "runs", "events")))  # type: ignore[arg-type]
        for each_stores in stores
    ]
    plans = [(each_stores, client, plan(seed, client, each)) for client, each_stores in enumerate(turning)]
    return History(AT, await run_plans(plans))


@pytest.mark.parametrize("seed", range(5))
async def test_what_the_reference_does_is_explained(seed: int) -> None:
    recorded = await concurrent(str(seed), lambda stores: stores)
    verdict = check_linearizable(recorded)
    assert verdict.explained, f"seed {seed}: {verdict}"


@pytest.mark.parametrize("name", BROKEN)
async def test_what_a_broken_store_does_is_not(name: str) -> None:
    for seed in range(40):
        verdict = check_linearizable(await concurrent(str(seed), BROKEN[name]))
        if not verdict.explained:
            assert verdict.unexplained is not None
            assert len(verdict.unexplained.calls) <= 12, f"seed {seed}: {verdict}"
            return
    pytest.fail(f"{name} was not caught in 40 histories")
