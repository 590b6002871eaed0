"""Attempt markers: evidence that an attempt was started."""

from flue_memdb.clock import ManualClock
from flue_memdb.conformance.examples import NOW_MS, attempt
from flue_memdb.conformance.picture import nothing_changes
from flue_memdb.conformance.suite import Contract
from flue_memdb.contract import AttemptMarker, Stores


class TestMarkers(Contract):
    """`insert_attempt_marker`, `delete_attempt_marker` and `list_attempt_markers`."""

    async def test_a_marker_says_when_the_attempt_was_started(
        self, stores: Stores, other: Stores, clock: ManualClock
    ) -> None:
        """created_at is the time of the insertion; the submission need not exist."""
        assert await stores.submissions.list_attempt_markers() == []
        clock.advance(3)
        await stores.submissions.insert_attempt_marker(attempt("d1", "a1"))
        assert await other.submissions.list_attempt_markers() == [AttemptMarker("d1", "a1", NOW_MS + 3)]

    async def test_a_marker_inserted_again_keeps_its_time(self, stores: Stores, clock: ManualClock) -> None:
        """Again: the first created_at is kept."""
        await stores.submissions.insert_attempt_marker(attempt("d1", "a1"))
        clock.advance(3)
        async with nothing_changes(stores):
            await stores.submissions.insert_attempt_marker(attempt("d1", "a1"))

    async def test_markers_are_listed_in_order(self, stores: Stores, clock: ManualClock) -> None:
        """By created_at, then submission id, then attempt id, texts by code point."""
        first = [("d2", "a1"), ("\uffff", "a1"), ("d1", "a10"), ("😀", "a1"), ("d1", "a2"), ("D1", "a1"), ("d10", "a1")]
        for submission_id, attempt_id in first:
            await stores.submissions.insert_attempt_marker(attempt(submission_id, attempt_id))
        clock.advance(1)
        await stores.submissions.insert_attempt_marker(attempt("A", "a1"))
        listed = await stores.submissions.list_attempt_markers()
        assert listed == [*(AttemptMarker(*ids, NOW_MS) for ids in sorted(first)), AttemptMarker("A", "a1", NOW_MS + 1)]

    async def test_deleting_forgets_exactly_this_attempts_marker(self, stores: Stores, clock: ManualClock) -> None:
        """Only that submission's and that attempt's marker goes; an unknown one is nothing; it can be inserted anew."""
        for submission_id, attempt_id in (("d1", "a1"), ("d1", "a2"), ("d2", "a1")):
            await stores.submissions.insert_attempt_marker(attempt(submission_id, attempt_id))
        await stores.submissions.delete_attempt_marker(attempt("d1", "a1"))
        kept = [AttemptMarker("d1", "a2", NOW_MS), AttemptMarker("d2", "a1", NOW_MS)]
        assert await stores.submissions.list_attempt_markers() == kept
        await stores.submissions.delete_attempt_marker(attempt("d1", "a1"))
        await stores.submissions.delete_attempt_marker(attempt("d3", "a1"))
        assert await stores.submissions.list_attempt_markers() == kept
        clock.advance(1)
        await stores.submissions.insert_attempt_marker(attempt("d1", "a1"))
        assert await stores.submissions.list_attempt_markers() == [*kept, AttemptMarker("d1", "a1", NOW_MS + 1)]
