"""Fields and index entries that are lost, or that only a peer could have left, hold nobody up and hide nothing."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from flue_memdb import CorruptRecordError, Stores
from flue_memdb.conformance.examples import (
    NOW_MS,
    SESSION,
    admit,
    claim,
    dispatch,
    new_run,
    nothing_to_delete,
    run_end,
    settled,
)
from flue_valkey import Runner
from flue_valkey.layout import key
from flue_valkey.servers.small_parts import smallest_parts

Change = Callable[..., Awaitable[object]]


@pytest.fixture
def change(runner: Runner, prefix: str) -> Change:
    """Runs a command on a key of the layout."""

    def run(command: str, name: str, *args: str | int, **ids: str) -> Awaitable[object]:
        return runner.command(command, key(prefix, name, **ids), *args)

    return run


async def delete(stores: Stores) -> None:
    async with asyncio.timeout(20):
        await stores.submissions.delete_session(SESSION, nothing_to_delete)


async def there(stores: Stores, *submission_ids: str) -> list[str]:
    return [each for each in submission_ids if await stores.submissions.get_submission(each)]


async def test_what_is_lost_from_its_queue_cannot_be_claimed_and_outlives_its_session(
    stores: Stores, change: Change
) -> None:
    await admit(stores, dispatch("lost"))
    await change("ZREM", "session_unsettled", "lost", session_key=SESSION)
    await settled(stores, dispatch("d1"))
    await settled(stores, dispatch("d2"))
    assert await stores.submissions.claim_submission(claim("lost")) is None
    with smallest_parts():
        await delete(stores)
    assert await there(stores, "lost", "d1", "d2") == ["lost"]


async def test_a_settled_entry_of_the_wrong_index_hides_no_unsettled_one(stores: Stores, change: Change) -> None:
    await settled(stores, dispatch("d1"))
    await admit(stores, dispatch("d2"))
    await change("ZADD", "queued", 0, "d1")
    assert await stores.submissions.has_unsettled_submissions()


async def test_what_goes_with_its_session_goes_from_every_index(stores: Stores, change: Change) -> None:
    await settled(stores, dispatch("d1"))
    indexes = {"queued": {}, "running": {}, "terminalizing": {}, "session_unsettled": {"session_key": SESSION}}

    async def list_wherever_it_is_not() -> None:
        for index, ids in indexes.items():
            await change("ZADD", index, 1, "d1", **ids)

    await stores.submissions.delete_session(SESSION, list_wherever_it_is_not)
    assert [index for index, ids in indexes.items() if await change("ZSCORE", index, "d1", **ids) is not None] == []


async def test_a_deletion_that_a_peer_began_takes_what_its_marker_covers(stores: Stores, change: Change) -> None:
    await settled(stores, dispatch("d1"))
    await settled(stores, dispatch("d2"))
    marker = ("cutoff", 1, "startedAt", NOW_MS, "ownerId", "peer", "leaseExpiresAt", 0, "phase", "snapshot")
    await change("HSET", "deletion", *marker, session_key=SESSION)
    await delete(stores)
    assert await there(stores, "d1", "d2") == ["d2"]


async def test_a_marker_without_an_owner_is_waited_for_by_nobody(stores: Stores, change: Change) -> None:
    await settled(stores, dispatch("d1"))
    await change("HSET", "deletion", "leaseExpiresAt", NOW_MS * 2, session_key=SESSION)
    await delete(stores)
    assert await there(stores, "d1") == []


async def test_a_marker_whose_cutoff_is_lost_deletes_nothing(stores: Stores, change: Change, prefix: str) -> None:
    await settled(stores, dispatch("d1"))

    async def lose() -> None:
        await change("HSET", "deletion", "cutoff", "?", session_key=SESSION)

    marker = key(prefix, "deletion", session_key=SESSION)
    with pytest.raises(CorruptRecordError) as refused:
        await stores.submissions.delete_session(SESSION, lose)
    assert (refused.value.subject, refused.value.found) == (f"key {marker}", "its cutoff cannot be read")
    assert await there(stores, "d1") == ["d1"]


async def test_a_receipt_takes_the_place_of_whatever_stands_there(stores: Stores, change: Change) -> None:
    await settled(stores, dispatch("d1"))
    await change("SET", "receipt", "?", submission_id="d1")
    await delete(stores)
    assert await change("HGETALL", "receipt", submission_id="d1") != []


async def test_a_receipt_without_its_instant_is_corrupt(stores: Stores, change: Change) -> None:
    await change("HSET", "receipt", "submissionId", "d1", submission_id="d1")
    with pytest.raises(CorruptRecordError, match="acceptedAt is '', which"):
        await admit(stores, dispatch("d1"))


@pytest.mark.parametrize("counter", ["?", "-1", "1" * 17])
async def test_an_admission_counter_that_cannot_be_counted_on_is_corrupt(
    counter: str, stores: Stores, change: Change
) -> None:
    await change("SET", "sequence", counter)
    with pytest.raises(CorruptRecordError, match="the admission counter cannot be read"):
        await admit(stores, dispatch("d1"))
    assert await change("GET", "sequence") == counter.encode()


async def test_a_run_that_no_listing_names_can_end(stores: Stores, change: Change) -> None:
    await stores.runs.create_run(new_run("r"))
    await change("ZREM", "runs", "r")
    await stores.runs.end_run(run_end("r"))
    run = await stores.runs.get_run("r")
    assert run is not None
    assert run.ended_at is not None


async def test_readers_that_cannot_be_counted_hold_no_document(stores: Stores, change: Change) -> None:
    await stores.sessions.save("s", {"entries": []})
    first = bytes(await change("HGET", "session", "generation", session_key="s")).decode()  # type: ignore[arg-type]
    await change("HSET", "session_readers", first, "?", session_key="s")
    await stores.sessions.save("s", {"entries": [{"id": "e"}]})
    assert await change("EXISTS", "session_generation", session_key="s", generation=first) == 0


@pytest.mark.parametrize("shared", [63, 64, 65, 128, 129])
async def test_pages_of_runs_whose_ids_differ_behind_a_long_beginning(shared: int, stores: Stores) -> None:
    names = ["x" * shared + end for end in "abc"]
    for name in names:
        await stores.runs.create_run(new_run(name))
    page = await stores.runs.list_runs(limit=1)
    listed = [run.run_id for run in page.runs]
    while page.next_cursor:
        page = await stores.runs.list_runs(limit=1, cursor=page.next_cursor)
        listed += [run.run_id for run in page.runs]
    assert listed == names[::-1]
