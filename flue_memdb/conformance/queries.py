"""Questions about submissions: which may run, which run, and whether anything is unsettled."""

from flue_memdb.conformance.examples import (
    admit,
    attempt,
    claim,
    direct,
    dispatch,
    nothing_to_delete,
    running,
    settled,
    submission_of,
    terminalizing,
)
from flue_memdb.conformance.suite import Contract
from flue_memdb.contract import Stores, Submission, session_storage_key


def _ids(submissions: list[Submission]) -> list[str]:
    return [submission.submission_id for submission in submissions]


class TestQueries(Contract):
    """`get_submission`, `has_unsettled_submissions` and the listings."""

    async def test_an_empty_namespace_has_nothing(self, stores: Stores) -> None:
        """Where nothing was admitted the listings are empty and nothing is unsettled."""
        assert not await stores.submissions.has_unsettled_submissions()
        assert await stores.submissions.list_runnable_submissions() == []
        assert await stores.submissions.list_running_submissions() == []
        assert await stores.submissions.list_expired_submissions() == []
        assert await stores.submissions.list_pending_terminal_outboxes() == []

    async def test_an_unknown_submission_is_none(self, stores: Stores) -> None:
        """Unknown ids are no errors: `get_submission` gives None."""
        await admit(stores, dispatch("d1"))
        assert await stores.submissions.get_submission("d2") is None
        assert await stores.submissions.get_submission("D1") is None

    async def test_unsettled_is_everything_but_settled(self, stores: Stores, other: Stores) -> None:
        """Queued, running and terminalizing submissions are unsettled; settled ones are not."""
        await admit(stores, direct("p1"))
        assert await other.submissions.has_unsettled_submissions()
        await stores.submissions.claim_submission(claim("p1"))
        assert await other.submissions.has_unsettled_submissions()
        await stores.submissions.reserve_submission_terminal(attempt("p1"), "k", "end")
        assert await other.submissions.has_unsettled_submissions()
        await stores.submissions.record_submission_terminal_offset(attempt("p1"), "k", "o")
        assert await other.submissions.has_unsettled_submissions()
        await stores.submissions.finalize_submission_terminal(attempt("p1"), "k")
        assert not await other.submissions.has_unsettled_submissions()

    async def test_the_runnable_ones_are_the_queued_heads(self, stores: Stores, other: Stores) -> None:
        """The queued heads in admission order, at most one a session, whatever their ids and kinds."""
        for record in (
            dispatch("d9", "b"),
            direct("p1", "a"),
            dispatch("d8", "b"),
            dispatch("d7", "a"),
            dispatch("d1", "c"),
        ):
            await admit(stores, record)
        listed = await other.submissions.list_runnable_submissions()
        assert _ids(listed) == ["d9", "p1", "d1"]
        assert listed[0] == await submission_of(stores, "d9")

    async def test_admission_order_is_not_the_order_of_acceptance(self, stores: Stores) -> None:
        """Who was admitted first comes first, also when it is said to be accepted later, or in the future."""
        await admit(stores, dispatch("d1", "a", accepted_at="2027-01-01"))
        await admit(stores, dispatch("d2", "b", accepted_at="2020-01-01"))
        await admit(stores, dispatch("d3", "a", accepted_at="2019-01-01"))
        assert _ids(await stores.submissions.list_runnable_submissions()) == ["d1", "d2"]

    async def test_a_session_with_work_under_way_is_not_runnable(self, stores: Stores) -> None:
        """Behind a running or a terminalizing submission nothing is runnable, and the listing settles nothing."""
        await running(stores, dispatch("d1", "a"))
        await admit(stores, dispatch("d2", "a"))
        await terminalizing(stores, direct("p1", "b"))
        await admit(stores, dispatch("d3", "b"))
        assert await stores.submissions.list_runnable_submissions() == []
        assert (await submission_of(stores, "d1")).status == "running"
        assert (await submission_of(stores, "p1")).status == "terminalizing"

    async def test_the_next_is_runnable_when_the_head_is_settled(self, stores: Stores) -> None:
        """A head that is settled makes room for the next, in admission order."""
        await running(stores, dispatch("d2"))
        await admit(stores, dispatch("d1"))
        await admit(stores, dispatch("d0"))
        await stores.submissions.complete_submission(attempt("d2"))
        assert _ids(await stores.submissions.list_runnable_submissions()) == ["d1"]
        await settled(stores, dispatch("d1"))
        assert _ids(await stores.submissions.list_runnable_submissions()) == ["d0"]
        await settled(stores, dispatch("d0"))
        assert await stores.submissions.list_runnable_submissions() == []

    async def test_the_running_ones_are_in_admission_order(self, stores: Stores, other: Stores) -> None:
        """`list_running_submissions` gives those that are running, in admission order, however they were claimed."""
        for dispatch_id, instance in (("d3", "a"), ("d1", "b"), ("d2", "c"), ("d4", "d")):
            await admit(stores, dispatch(dispatch_id, instance))
        for dispatch_id in ("d2", "d1", "d3"):
            await stores.submissions.claim_submission(claim(dispatch_id))
        await terminalizing(stores, direct("p1", "e"))
        await settled(stores, dispatch("d5", "f"))
        listed = await other.submissions.list_running_submissions()
        assert _ids(listed) == ["d3", "d1", "d2"]
        assert listed[1] == await submission_of(stores, "d1")

    async def test_admission_order_is_by_number(self, stores: Stores) -> None:
        """The order is that of the numbers, not of their digits."""
        ids = [f"d{number}" for number in range(12)]
        for submission_id in ids:
            await admit(stores, dispatch(submission_id, submission_id))
        assert _ids(await stores.submissions.list_runnable_submissions()) == ids
        for submission_id in reversed(ids):
            await stores.submissions.claim_submission(claim(submission_id))
        assert _ids(await stores.submissions.list_running_submissions()) == ids

    async def test_what_a_deletion_removed_is_not_listed(self, stores: Stores) -> None:
        """A deleted session leaves nothing in the listings, and the other sessions in them."""
        await settled(stores, dispatch("d1", "a"))
        await admit(stores, dispatch("d2", "b"))
        await stores.submissions.delete_session(session_storage_key("a"), nothing_to_delete)
        assert _ids(await stores.submissions.list_runnable_submissions()) == ["d2"]
        assert await stores.submissions.has_unsettled_submissions()
