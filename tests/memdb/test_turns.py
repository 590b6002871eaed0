"""The operations at which other tasks have their turn, in the middle of which the reference is nevertheless whole."""

import asyncio

import pytest

from flue_memdb import ClaimRef, DispatchInput, MemoryDatabase, Stores, memory
from flue_memdb.store.connection import OPERATIONS_A_TURN


async def connected(database: MemoryDatabase) -> Stores:
    adapter = memory(database)
    await adapter.migrate()
    return await adapter.connect()


@pytest.mark.asyncio
async def test_two_workers_who_poll_share_the_work() -> None:
    database = MemoryDatabase()
    stores = await connected(database)
    for number in range(3):
        dispatch = DispatchInput(
            dispatch_id=f"d{number}", agent="a", id=f"i{number}", input="", accepted_at="2026-06-03"
        )
        await stores.submissions.admit_dispatch(dispatch)

    async def worker(name: str) -> None:
        submissions = (await connected(database)).submissions
        while await submissions.has_unsettled_submissions():
            for queued in await submissions.list_runnable_submissions():
                claim = ClaimRef(queued.submission_id, name, name, lease_expires_at=2**50)
                if await submissions.claim_submission(claim):
                    await asyncio.sleep(0)  # the work, meanwhile the other one has nothing to do
                    await submissions.complete_submission(claim)

    await asyncio.gather(worker("w1"), worker("w2"))
    settled = [await stores.submissions.get_submission(f"d{number}") for number in range(3)]
    assert [one and one.status for one in settled] == ["settled"] * 3


@pytest.mark.asyncio
async def test_what_is_given_is_read_before_others_have_their_turn() -> None:
    """Each time at another operation of the turn, so that one of them is where the others have theirs."""
    stores = await connected(MemoryDatabase())
    for number in range(OPERATIONS_A_TURN):
        document = {"entries": [{"id": "e1"}]}
        asyncio.get_running_loop().call_soon(document["entries"].clear)
        await stores.sessions.save(f"s{number}", document)
    loaded = [await stores.sessions.load(f"s{number}") for number in range(OPERATIONS_A_TURN)]
    assert loaded == [{"entries": [{"id": "e1"}]}] * OPERATIONS_A_TURN


@pytest.mark.asyncio
async def test_ids_to_renew_are_read_before_others_have_their_turn() -> None:
    database = MemoryDatabase()
    stores, other = await connected(database), await connected(database)
    for number in range(OPERATIONS_A_TURN):
        dispatch = DispatchInput(
            dispatch_id=f"d{number}", agent="a", id=f"i{number}", input="", accepted_at="2026-06-03"
        )
        await other.submissions.admit_dispatch(dispatch)
        await other.submissions.claim_submission(ClaimRef(f"d{number}", "a1", "w1", lease_expires_at=1))
    for number in range(OPERATIONS_A_TURN):
        ids = [f"d{number}"]
        asyncio.get_running_loop().call_soon(ids.clear)
        await stores.submissions.renew_leases("w1", ids)
    assert await other.submissions.list_expired_submissions() == []
