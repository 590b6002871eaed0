"""What goes in parts gives the same as in one go."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from flue_memdb import (
    ClaimRef,
    DispatchInput,
    ManualClock,
    NewRun,
    RetainedReceipt,
    RunEnd,
    Stores,
    session_storage_key,
)
from flue_memdb.conformance.examples import nothing_to_delete, settled
from flue_memdb.contract import RunStatus
from flue_memdb.verification import ReferenceEngine, differential
from flue_valkey import valkey
from flue_valkey.servers.counting import CountingRunner
from flue_valkey.servers.engine import ValkeyEngine
from flue_valkey.servers.fake import FakeServer
from flue_valkey.servers.server import Server
from flue_valkey.servers.small_parts import smallest_parts
from flue_valkey.store import parts

MANY = 350


@pytest.fixture
def parts_of_one() -> Iterator[None]:
    with smallest_parts():
        yield


@pytest.mark.usefixtures("parts_of_one")
@pytest.mark.parametrize("seed", ["parts/1", "parts/2", "parts/3"])
async def test_parts_of_one_give_the_same_as_the_reference(seed: str) -> None:
    async with FakeServer() as server:
        report = await differential([ReferenceEngine(), ValkeyEngine(server)], seed=seed, sequences=8)
    assert not report.divergences, str(report)


@pytest.fixture
async def counted(server: Server, prefix: str, clock: ManualClock) -> AsyncIterator[tuple[Stores, CountingRunner]]:
    runner = CountingRunner(server.runner())
    adapter = valkey(runner, key_prefix=prefix, clock=clock, inspect_server=False)
    await adapter.migrate()
    yield await adapter.connect(), runner
    await adapter.close()


def dispatch(number: int) -> DispatchInput:
    return DispatchInput(
        dispatch_id=f"d{number:04}", agent="a", id=f"s{number}", input=None, accepted_at="2026-06-03T00:00:00Z"
    )


async def test_a_long_listing_is_in_order_and_complete(counted: tuple[Stores, CountingRunner]) -> None:
    stores, runner = counted
    submissions = stores.submissions
    await asyncio.gather(*(submissions.admit_dispatch(dispatch(number)) for number in range(MANY)))
    runner.reset()
    runnable = await submissions.list_runnable_submissions()
    assert [found.sequence for found in runnable] == list(range(1, MANY + 1))
    assert 1 < runner.traffic.round_trips < 10
    await asyncio.gather(*(submissions.claim_submission(ClaimRef(f.submission_id, "a", "o", 1)) for f in runnable))
    assert len(await submissions.list_running_submissions()) == MANY
    assert len(await submissions.list_expired_submissions()) == MANY
    assert len(await submissions.list_attempt_markers()) == 0


async def test_many_leases_are_renewed(counted: tuple[Stores, CountingRunner], clock: ManualClock) -> None:
    submissions = counted[0].submissions
    await asyncio.gather(*(submissions.admit_dispatch(dispatch(number)) for number in range(MANY)))
    ids = [f"d{number:04}" for number in range(MANY)]
    await asyncio.gather(*(submissions.claim_submission(ClaimRef(id_, "a", "o", 1)) for id_ in ids))
    await submissions.renew_leases("o", ids)
    assert await submissions.list_expired_submissions() == []


async def test_a_page_of_many_runs_is_one_page(counted: tuple[Stores, CountingRunner]) -> None:
    runs = counted[0].runs
    new = [
        NewRun(run_id=f"r{at:04}", workflow_name=f"w{at % 2}", started_at="2026-06-03T00:00:00Z") for at in range(600)
    ]
    await asyncio.gather(*(runs.create_run(run) for run in new))
    page = await runs.list_runs(limit=599)
    assert [run.run_id for run in page.runs] == [f"r{at:04}" for at in range(599, 0, -1)]
    assert (await runs.list_runs(limit=599, cursor=page.next_cursor)).runs[0].run_id == "r0000"
    rare = await runs.list_runs(status="active", workflow_name="w1", limit=1000)
    assert len(rare.runs) == 300
    ended = [f"r{at:04}" for at in range(1, 600, 6)]
    ends = [RunEnd(run_id=id_, ended_at="2026-06-04", is_error=False, duration_ms=1) for id_ in ended]
    await asyncio.gather(*map(runs.end_run, ends))
    rarer = await runs.list_runs(status="active", workflow_name="w1", limit=40)
    assert [run.run_id for run in rarer.runs] == [f"r{at:04}" for at in range(599, 0, -2) if at % 6 != 1][:40]


async def test_a_listing_of_runs_looks_at_so_many_of_the_rarer_ones(
    counted: tuple[Stores, CountingRunner], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With two filters, it goes through the index that holds fewer, and ends a part when it has looked at enough."""
    stores, runner = counted
    monkeypatch.setattr(parts, "LOOKS", 10)
    for number in range(40):
        workflow = "rare" if number < 4 else "common"
        await stores.runs.create_run(NewRun(run_id=f"r{number:02}", workflow_name=workflow, started_at="2026-06-03"))
    for number in range(20, 40):
        end = RunEnd(run_id=f"r{number:02}", ended_at="2026-06-04", is_error=False, duration_ms=1)
        await stores.runs.end_run(end)

    async def listed(workflow: str, status: RunStatus) -> tuple[list[str], int]:
        runner.reset()
        page = await stores.runs.list_runs(status=status, workflow_name=workflow)
        return [run.run_id for run in page.runs], runner.traffic.round_trips

    assert await listed("rare", "active") == (["r03", "r02", "r01", "r00"], 1)
    assert await listed("rare", "completed") == ([], 1)
    assert (await listed("common", "active"))[1] == 3


async def test_a_page_of_large_events_comes_in_parts(counted: tuple[Stores, CountingRunner]) -> None:
    stores, runner = counted
    await stores.events.create_stream("p")
    for number in range(5):
        await stores.events.append_event("p", {"number": number, "text": "x" * 600_000})
    runner.reset()
    page = await stores.events.read_events("p")
    assert [found.data["number"] for found in page.events] == [0, 1, 2, 3, 4]
    assert page.up_to_date
    assert runner.traffic.largest_bytes < 1_300_000


LONG = "x" * 3_990


async def test_large_payloads_are_listed_in_parts(counted: tuple[Stores, CountingRunner]) -> None:
    stores, runner = counted
    large = [replace(dispatch(number), input="x" * 1_000_000) for number in range(12)]
    await asyncio.gather(*map(stores.submissions.admit_dispatch, large))
    runner.reset()
    assert len(await stores.submissions.list_runnable_submissions()) == 12
    assert runner.traffic.round_trips > 1
    assert runner.traffic.largest_bytes < 8_000_000


async def test_large_segments_come_in_parts(counted: tuple[Stores, CountingRunner]) -> None:
    stores, runner = counted
    for index in range(4):
        await stores.submissions.append_stream_chunk_segment("s", index, "x" * 800_000)
    runner.reset()
    assert len(await stores.submissions.get_stream_chunk_segments("s")) == 4
    assert runner.traffic.round_trips == 2
    assert runner.traffic.largest_bytes < 2_000_000


async def test_long_ids_count_for_several(counted: tuple[Stores, CountingRunner]) -> None:
    """A key of a long id is slow work for a script: so many go in several parts, where short ones would go in one."""
    stores, runner = counted
    submissions, ids = stores.submissions, [f"{LONG}{number:02}" for number in range(50)]

    async def in_parts(call: Awaitable[Any]) -> Any:
        runner.reset()
        result = await call
        assert 2 <= runner.traffic.round_trips <= 20
        return result

    for id_ in ids:
        await submissions.admit_dispatch(replace(dispatch(0), dispatch_id=id_, id=id_))
    runnable = await in_parts(submissions.list_runnable_submissions())
    assert [found.submission_id for found in runnable] == ids
    await asyncio.gather(*(submissions.claim_submission(ClaimRef(id_, "a", "o", 1)) for id_ in ids))
    await in_parts(submissions.renew_leases("o", ids))
    assert await submissions.list_expired_submissions() == []
    await asyncio.gather(
        *(stores.runs.create_run(NewRun(run_id=id_, workflow_name="w", started_at="2026-06-03")) for id_ in ids)
    )
    page = await in_parts(stores.runs.list_runs())
    assert [run.run_id for run in page.runs] == ids[::-1]
    for id_ in ids:
        await submissions.begin_deletion(id_, "dead")  # type: ignore[attr-defined]
    assert await in_parts(submissions.list_pending_session_deletions()) == ids


async def test_more_pending_deletions_than_a_script_reads_at_once(counted: tuple[Stores, CountingRunner]) -> None:
    stores, runner = counted
    submissions, ids = stores.submissions, [f"{number:02}" for number in range(60)]
    for id_ in ids:
        await submissions.begin_deletion(id_, "dead")  # type: ignore[attr-defined]
    runner.reset()
    assert await submissions.list_pending_session_deletions() == ids
    assert runner.traffic.round_trips == 1


async def test_a_deletion_of_long_ids_goes_in_parts(counted: tuple[Stores, CountingRunner]) -> None:
    stores, runner = counted
    submissions, ids = stores.submissions, [f"{LONG}{number:02}" for number in range(30)]
    for id_ in ids:
        await settled(stores, replace(dispatch(0), dispatch_id=id_))
    runner.reset()
    await submissions.delete_session(session_storage_key("s0"), nothing_to_delete)
    assert runner.traffic.round_trips == 4
    for id_ in ids:
        assert isinstance(await submissions.admit_dispatch(replace(dispatch(0), dispatch_id=id_)), RetainedReceipt)


async def test_index_entries_that_a_peer_left_without_rows_go_in_parts(
    counted: tuple[Stores, CountingRunner], prefix: str
) -> None:
    """Each is a look at a key that is not there: thousands of them in one call would hold the server too long."""
    stores, runner = counted
    await stores.submissions.admit_dispatch(dispatch(1))
    left = [part for number in range(3_000) for part in (0, f"gone-{number}")]
    await runner.command("ZADD", f"{prefix}:submissions:status:queued", *left)
    runner.reset()
    assert await stores.submissions.has_unsettled_submissions() is True
    assert 2 < runner.traffic.round_trips < 10
    runner.reset()
    assert await stores.submissions.has_unsettled_submissions() is True
    assert runner.traffic.round_trips == 1
    assert await runner.command("ZCARD", f"{prefix}:submissions:status:queued") == 1


async def test_long_ids_without_rows_make_more_parts(counted: tuple[Stores, CountingRunner], prefix: str) -> None:
    stores, runner = counted
    left = [part for number in range(150) for part in (0, f"gone-{number}-" + "x" * 4_000)]
    await runner.command("ZADD", f"{prefix}:submissions:status:queued", *left)
    runner.reset()
    assert await stores.submissions.has_unsettled_submissions() is False
    assert 5 < runner.traffic.round_trips < 20


@pytest.mark.usefixtures("parts_of_one")
async def test_entries_of_one_place_in_the_order_stay_together(
    counted: tuple[Stores, CountingRunner], prefix: str
) -> None:
    """A part goes on behind a place, and would pass over who shares it."""
    stores, runner = counted
    ids = [f"d{number:04}" for number in range(4)]
    for number, id_ in enumerate(ids):
        await stores.submissions.admit_dispatch(dispatch(number))
        await stores.submissions.claim_submission(ClaimRef(id_, "a1", "w1", lease_expires_at=0))
        await runner.command("ZADD", f"{prefix}:submissions:status:running", 7, id_)
    listed = await stores.submissions.list_running_submissions()
    assert [submission.submission_id for submission in listed] == ids
