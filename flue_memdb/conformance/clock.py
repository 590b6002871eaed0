"""The adapter's clock: what "now" is while it goes on, as that of a machine does."""

import pytest

from flue_memdb.clock import ManualClock
from flue_memdb.conformance.examples import HOUR_MS, NOW_MS, attempt, direct, dispatch, new_journal, running
from flue_memdb.conformance.suite import Contract
from flue_memdb.contract import Stores


class _RestlessClock(ManualClock):
    """A clock that goes on by a millisecond whenever it is asked."""

    def __call__(self) -> int:
        self.advance(1)
        return super().__call__()


class TestClock(Contract):
    """ "Now" is one instant for all that an operation does."""

    @pytest.fixture
    def clock(self) -> ManualClock:
        """A clock that never shows the same time twice."""
        return _RestlessClock(NOW_MS)

    async def test_a_claim_begins_and_times_out_by_one_now(self, stores: Stores) -> None:
        """started_at is now, timeout_at is now + 3,600,000."""
        claimed = await running(stores, dispatch("d1"))
        assert claimed.started_at == claimed.timeout_at - HOUR_MS

    async def test_an_input_is_applied_and_times_out_by_one_now(self, stores: Stores) -> None:
        """input_applied_at is now, and the default of timeout_at is now + 3,600,000."""
        await running(stores, dispatch("d1"))
        assert await stores.submissions.mark_submission_input_applied(attempt("d1"))
        (submission,) = await stores.submissions.list_running_submissions()
        assert submission.input_applied_at == submission.timeout_at - HOUR_MS

    async def test_a_submission_and_its_journal_are_replaced_by_one_now(self, stores: Stores) -> None:
        """started_at of the one and updated_at of the other are now."""
        await running(stores, direct("p1"))
        await stores.submissions.begin_turn_journal(new_journal("p1"))
        replaced = await stores.submissions.replace_turn_journal_attempt(attempt("p1"), "a2")
        journal = await stores.submissions.get_turn_journal("p1")
        assert replaced is not None
        assert journal is not None
        assert journal.attempt_id == "a2"
        assert journal.updated_at == replaced.started_at

    async def test_a_journal_begins_by_one_now(self, stores: Stores) -> None:
        """created_at = updated_at = now; a stream that is consumed is so at the moment of the update."""
        await running(stores, direct("p1"))
        await stores.submissions.begin_turn_journal(new_journal("p1"))
        begun = await stores.submissions.get_turn_journal("p1")
        assert begun is not None
        assert begun.created_at == begun.updated_at
        await stores.submissions.update_turn_journal_phase(attempt("p1"), "provider_started", stream_key="chunks")
        assert await stores.submissions.mark_stream_consumed(attempt("p1"), "chunks")
        consumed = await stores.submissions.get_turn_journal("p1")
        assert consumed is not None
        assert consumed.stream_consumed_at == consumed.updated_at

    async def test_leases_are_renewed_by_one_now(self, stores: Stores) -> None:
        """All of a call end at once, now + 30,000."""
        for name in ("d1", "d2", "d3"):
            await running(stores, dispatch(name, name))
        await stores.submissions.renew_leases("w1", ["d1", "d2", "d3"])
        renewed = await stores.submissions.list_running_submissions()
        assert len(renewed) == 3
        assert len({submission.lease_expires_at for submission in renewed}) == 1
