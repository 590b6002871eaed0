"""Faults on purpose round the adapter: what took effect did so on the server, and nothing else did."""

import pytest

from flue_memdb import (
    AttemptRef,
    ClaimRef,
    DispatchInput,
    Faults,
    StoreFullError,
    StoreUnavailableError,
    open_stores,
)

DISPATCH = DispatchInput(dispatch_id="d1", agent="a", id="crew", input="plan", accepted_at="2026-06-03")


async def test_a_worker_finds_out_what_became_of_its_claims(open_adapter, clock, invariants):
    faults = Faults(clock=clock)
    claim = ClaimRef("d1", "a1", "w1", clock() + 30_000)
    async with open_stores(faults.around(open_adapter())) as worker, open_stores(open_adapter()) as other:
        await worker.submissions.admit_dispatch(DISPATCH)
        faults.fail("claim_submission", submission_id="d1")
        faults.lose_answer("claim_submission", submission_id="d1")
        with pytest.raises(StoreUnavailableError) as before:
            await worker.submissions.claim_submission(claim)
        assert (await other.submissions.get_submission("d1")).status == "queued"
        with pytest.raises(StoreUnavailableError) as after:
            await worker.submissions.claim_submission(claim)
        assert (before.value.may_have_happened, after.value.may_have_happened) == (False, True)
        found = await other.submissions.get_submission("d1")
        assert (found.status, found.attempt_id) == ("running", "a1")
        assert await worker.submissions.claim_submission(claim) is None
        assert faults.unused() == []
        assert await invariants() == []


async def test_every_third_append_loses_its_answer_and_stands_once(open_adapter):
    faults = Faults()
    async with open_stores(faults.around(open_adapter())) as stores:
        await stores.events.create_stream("p")
        faults.lose_answer("append_event_once", path="p", every=3)
        offsets, lost = [], 0
        for number in range(6):
            while len(offsets) == number:
                try:
                    offsets.append(await stores.events.append_event_once("p", f"key-{number}", number))
                except StoreUnavailableError as error:
                    lost += error.may_have_happened
        page = await stores.events.read_events("p")
    assert [event.data for event in page.events] == [0, 1, 2, 3, 4, 5]
    assert [event.offset for event in page.events] == offsets
    assert (lost, faults.log.count("append_event_once")) == (2, 8)


async def test_delays_full_servers_and_outages(open_adapter, clock):
    faults = Faults(clock=clock)
    adapter = faults.around(open_adapter())
    async with open_stores(adapter) as stores, open_stores(open_adapter()) as other:
        await stores.submissions.admit_dispatch(DISPATCH)
        faults.slow("claim_submission", ms=40_000)
        claimed = await stores.submissions.claim_submission(ClaimRef("d1", "a1", "w1", clock() + 30_000))
        assert claimed.started_at == clock()
        assert [late.submission_id for late in await other.submissions.list_expired_submissions()] == ["d1"]
        faults.fail("complete_submission", error=StoreFullError)
        with pytest.raises(StoreFullError):
            await stores.submissions.complete_submission(AttemptRef("d1", "a1"))
        faults.down()
        for call in (stores.submissions.has_unsettled_submissions(), adapter.migrate(), adapter.connect()):
            with pytest.raises(StoreUnavailableError):
                await call
        assert (await other.submissions.get_submission("d1")).status == "running"
        faults.up()
        assert await stores.submissions.complete_submission(AttemptRef("d1", "a1")) is True
