"""With a manual clock nothing expires but by it: the stores look at no other."""

import time

import pytest

from flue_memdb import (
    AttemptRef,
    ClaimRef,
    Durability,
    ManualClock,
    MemoryDatabase,
    SessionBeingDeletedError,
    SystemClock,
    memory,
    open_stores,
    session_storage_key,
)
from tests.memdb.calls import dispatch

CREW = session_storage_key("crew")
BEGAN = 1_780_000_000_000


@pytest.fixture
def clock(monkeypatch):
    """A manual clock; the machine's is far ahead of it, so that nobody can have looked there unnoticed."""
    monkeypatch.setattr(time, "time", lambda: 4e9)
    monkeypatch.setattr(time, "time_ns", lambda: 4 * 10**18)
    return ManualClock(BEGAN)


async def expired(stores):
    return [submission.submission_id for submission in await stores.submissions.list_expired_submissions()]


def test_the_clock_of_the_machine_is_far_ahead(clock):
    assert SystemClock()() > clock() + 10**12


async def test_a_clock_that_nobody_moves_stands_still(clock):
    async with open_stores(memory(clock=clock)) as stores:
        await stores.submissions.admit_dispatch(dispatch())
        claimed = await stores.submissions.claim_submission(ClaimRef("d1", "a1", "w1", BEGAN + 1))
        await stores.submissions.insert_attempt_marker(AttemptRef("d1", "a1"))
        for number in range(1_000):
            await stores.submissions.append_stream_chunk_segment("k", number, "text")
        assert claimed.started_at == (await stores.submissions.list_attempt_markers())[0].created_at == BEGAN
        assert clock() == BEGAN
        assert await expired(stores) == []


@pytest.mark.parametrize("move", [lambda clock, ms: clock.advance(ms), lambda clock, ms: clock.set(clock() + ms)])
async def test_a_lease_ends_when_the_clock_has_passed_it(clock, move):
    async with open_stores(memory(clock=clock)) as stores:
        await stores.submissions.admit_dispatch(dispatch())
        await stores.submissions.claim_submission(ClaimRef("d1", "a1", "w1", BEGAN + 30_000))
        move(clock, 30_000)
        assert await expired(stores) == []
        move(clock, 1)
        assert await expired(stores) == ["d1"]
        await stores.submissions.renew_leases("w1", ["d1"])
        assert await expired(stores) == []
        assert (await stores.submissions.get_submission("d1")).lease_expires_at == clock() + 30_000


async def test_time_outs_are_told_by_the_clock(clock):
    async with open_stores(memory(clock=clock)) as stores:
        for submission_id, durability in (("d1", None), ("d2", Durability(3, BEGAN + 5))):
            await stores.submissions.admit_dispatch(dispatch(submission_id))
            await stores.submissions.claim_submission(ClaimRef(submission_id, "a1", "w1", BEGAN + 1))
            clock.advance(10)
            attempt = AttemptRef(submission_id, "a1")
            await stores.submissions.mark_submission_input_applied(attempt, durability)
            await stores.submissions.complete_submission(attempt)
        assert (await stores.submissions.get_submission("d1")).timeout_at == BEGAN + 10 + 3_600_000
        assert (await stores.submissions.get_submission("d2")).timeout_at == BEGAN + 5


async def test_the_marker_of_a_dead_process_lapses_by_the_clock(clock):
    database = MemoryDatabase(clock=clock)
    dying = memory(database)
    async with open_stores(memory(database)) as stores:

        async def die():
            await dying.close()
            raise KeyError("gone")

        with pytest.raises(KeyError):
            await (await dying.connect()).submissions.delete_session(CREW, die)
        clock.advance(29_999)
        with pytest.raises(SessionBeingDeletedError):
            await stores.submissions.admit_dispatch(dispatch())
        assert database.deletions[CREW].lease_expires_at == clock() + 1
        clock.advance(1)

        async def tree():
            return None

        await stores.submissions.delete_session(CREW, tree)
        assert (await stores.submissions.admit_dispatch(dispatch())).submission.submission_id == "d1"
