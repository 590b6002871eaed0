"""Session deletion: what it refuses, what goes, what stays, and what is kept of a dispatch."""

from collections.abc import Awaitable, Callable

import pytest

from flue_memdb.clock import ManualClock
from flue_memdb.conformance.concurrency import HeldCallback, beside, within
from flue_memdb.conformance.examples import (
    NOW_MS,
    SESSION,
    STREAM,
    admit,
    attempt,
    direct,
    dispatch,
    new_journal,
    nothing_to_delete,
    running,
    session,
    settled,
    submission_of,
    terminalizing,
)
from flue_memdb.conformance.picture import nothing_changes
from flue_memdb.conformance.suite import Contract
from flue_memdb.contract import (
    AttemptMarker,
    DirectInput,
    InvalidPayloadError,
    RetainedReceipt,
    SessionBeingDeletedError,
    SessionBusyError,
    Stores,
    StreamSegment,
    SubmissionConflictError,
    session_storage_key,
)


class _CallbackError(Exception):
    """What a test's callback raises."""


class TestDeletion(Contract):
    """`delete_session`, alone."""

    @pytest.mark.parametrize("make_unsettled", [admit, running, terminalizing])
    async def test_a_session_with_unsettled_work_is_busy(
        self, stores: Stores, make_unsettled: Callable[[Stores, DirectInput], Awaitable[object]]
    ) -> None:
        """If anything of the session is unsettled it is a `SessionBusyError`: no marker, no callback, no change."""
        callback = HeldCallback()
        await settled(stores, dispatch("d1"))
        await make_unsettled(stores, direct("p1"))
        async with nothing_changes(stores):
            with pytest.raises(SessionBusyError):
                await stores.submissions.delete_session(SESSION, callback)
        assert callback.calls == 0

    async def test_settled_submissions_go(self, stores: Stores, other: Stores) -> None:
        """Every settled submission of the session goes, of either kind and however it was settled."""
        await settled(stores, dispatch("d1", accepted_at="2099-01-01"))
        await running(stores, dispatch("d2"))
        await stores.submissions.fail_submission(attempt("d2"), "broke")
        await settled(stores, direct("p1"))
        await stores.submissions.delete_session(SESSION, nothing_to_delete)
        for submission_id in ("d1", "d2", "p1"):
            assert await other.submissions.get_submission(submission_id) is None

    async def test_other_sessions_stay(self, stores: Stores) -> None:
        """Nothing of another session goes, whether it is settled or not."""
        await settled(stores, dispatch("d1", "else"))
        await admit(stores, dispatch("d2", "else"))
        await stores.submissions.begin_turn_journal(new_journal("d1", session_key=session_storage_key("else")))
        await settled(stores, direct("p1"))
        before = [await submission_of(stores, "d1"), await submission_of(stores, "d2")]
        await stores.submissions.delete_session(SESSION, nothing_to_delete)
        assert [await submission_of(stores, "d1"), await submission_of(stores, "d2")] == before
        assert await stores.submissions.get_turn_journal("d1") is not None
        assert await stores.submissions.get_submission("p1") is None

    async def test_the_journal_and_its_segments_go(self, stores: Stores) -> None:
        """With a submission go its journal and that journal's stream segments, and no others."""
        for submission_id in ("d1", "d2"):
            await stores.submissions.begin_turn_journal(new_journal(submission_id))
            await settled(stores, dispatch(submission_id))
        await stores.submissions.update_turn_journal_phase(attempt("d1"), "provider_started", stream_key=STREAM)
        for stream_key in (STREAM, "else"):
            await stores.submissions.append_stream_chunk_segment(stream_key, 0, "partly")
        await stores.submissions.begin_turn_journal(new_journal("p2", session_key=session_storage_key("else")))
        await stores.submissions.delete_session(SESSION, nothing_to_delete)
        assert await stores.submissions.get_turn_journal("d1") is None
        assert await stores.submissions.get_turn_journal("d2") is None
        assert await stores.submissions.get_turn_journal("p2") is not None
        assert await stores.submissions.get_stream_chunk_segments(STREAM) == []
        assert await stores.submissions.get_stream_chunk_segments("else") == [StreamSegment(0, "partly")]

    async def test_attempt_markers_stay(self, stores: Stores) -> None:
        """Attempt markers stay."""
        await stores.submissions.insert_attempt_marker(attempt("d1"))
        await settled(stores, dispatch("d1"))
        await stores.submissions.delete_session(SESSION, nothing_to_delete)
        assert await stores.submissions.list_attempt_markers() == [AttemptMarker("d1", "a1", NOW_MS)]

    async def test_the_document_is_the_callbacks_business(self, stores: Stores) -> None:
        """The store never deletes the session document itself: the callback does."""
        await stores.sessions.save(SESSION, session())
        await stores.submissions.delete_session(SESSION, nothing_to_delete)
        assert await stores.sessions.load(SESSION) == session()
        await stores.submissions.delete_session(SESSION, lambda: stores.sessions.delete(SESSION))
        assert await stores.sessions.load(SESSION) is None

    async def test_a_session_without_submissions_is_deleted_too(self, stores: Stores) -> None:
        """An unknown session is no error: the callback is called, and no marker is left."""
        callback = HeldCallback()
        callback.release()
        async with nothing_changes(stores):
            await stores.submissions.delete_session(SESSION, callback)
        assert callback.calls == 1

    async def test_the_marker_lasts_as_long_as_the_callback(self, stores: Stores, other: Stores) -> None:
        """A marker is written before the callback, nothing goes before it returns, and then the marker goes."""
        callback = HeldCallback()
        await settled(stores, dispatch("d1"))
        async with beside(stores.submissions.delete_session(SESSION, callback)) as deletion:
            await callback.entered()
            assert await other.submissions.list_pending_session_deletions() == [SESSION]
            assert await other.submissions.get_submission("d1") is not None
            callback.release()
            await within(deletion, "the callback has returned")
        assert await other.submissions.list_pending_session_deletions() == []
        assert await other.submissions.get_submission("d1") is None

    async def test_a_callback_that_raises_deletes_nothing(self, stores: Stores) -> None:
        """If the callback raises, the marker goes and the error is re-raised; everything else stays as it was."""
        callback = HeldCallback()
        callback.fail(_CallbackError("no"))
        await settled(stores, dispatch("d1"))
        await stores.submissions.begin_turn_journal(new_journal("d1"))
        async with nothing_changes(stores):
            with pytest.raises(_CallbackError, match=r"^no$"):
                await stores.submissions.delete_session(SESSION, callback)
        assert (await admit(stores, dispatch("d1"))).status == "settled"
        await stores.submissions.delete_session(SESSION, nothing_to_delete)
        assert await stores.submissions.get_submission("d1") is None

    async def test_a_callback_that_cannot_be_awaited_deletes_nothing(self, stores: Stores) -> None:
        """A plain function shows itself when it is called: bad input, and the marker is taken away."""
        await settled(stores, dispatch("d1"))
        async with nothing_changes(stores):
            with pytest.raises(InvalidPayloadError, match=r"delete_session_tree: gave 5, which cannot be awaited"):
                await stores.submissions.delete_session(SESSION, lambda: 5)  # type: ignore[arg-type, return-value]
        await stores.submissions.delete_session(SESSION, nothing_to_delete)

    async def test_pending_deletions_are_listed_in_order(self, stores: Stores, clock: ManualClock) -> None:
        """`list_pending_session_deletions` gives the keys that have a marker, by started_at, then by key."""
        b, a, c, d = (session_storage_key(instance) for instance in ("b", "a", "😀", "\uffff"))
        callback = HeldCallback()
        async with beside(stores.submissions.delete_session(b, callback)):
            await callback.entered()
            clock.advance(1)
            callbacks = [HeldCallback() for _ in range(3)]
            async with (
                beside(stores.submissions.delete_session(c, callbacks[0])),
                beside(stores.submissions.delete_session(d, callbacks[1])),
                beside(stores.submissions.delete_session(a, callbacks[2])),
            ):
                for each in callbacks:
                    await each.entered()
                assert await stores.submissions.list_pending_session_deletions() == [b, a, d, c]


class TestAdmissionAndDeletion(Contract):
    """What is admitted while a session is being deleted, and after."""

    async def test_a_session_being_deleted_admits_nothing(self, stores: Stores, other: Stores) -> None:
        """While their session has a marker admissions raise `SessionBeingDeletedError`; it comes before every other
        answer to good input: the same again, a conflict, a receipt. Other sessions admit."""
        await settled(stores, dispatch("d1"))
        await stores.submissions.delete_session(SESSION, nothing_to_delete)
        await settled(stores, dispatch("d2"))
        await settled(stores, direct("p1"))
        callback = HeldCallback()
        async with beside(stores.submissions.delete_session(SESSION, callback)):
            await callback.entered()
            async with nothing_changes(stores):
                for record in (dispatch("new"), dispatch("d1"), dispatch("d2"), dispatch("d2", input="else")):
                    with pytest.raises(SessionBeingDeletedError):
                        await other.submissions.admit_dispatch(record)
                for prompt in (direct("new"), direct("p1"), direct("p1", agent="else"), direct("d1")):
                    with pytest.raises(SessionBeingDeletedError):
                        await stores.submissions.admit_direct(prompt)
            assert (await admit(stores, dispatch("new", "another session"))).status == "queued"

    async def test_a_deleted_session_admits_again(self, stores: Stores) -> None:
        """When the marker is gone the session admits, and its numbers go on."""
        await settled(stores, dispatch("d1"))
        await settled(stores, dispatch("d2"))
        await stores.submissions.delete_session(SESSION, nothing_to_delete)
        assert (await admit(stores, dispatch("d3"))).sequence == 3

    async def test_a_deleted_dispatch_leaves_a_receipt(self, stores: Stores, other: Stores) -> None:
        """Each dispatch among the deleted leaves a receipt: the answer to its id from then on, with the instant at
        which it was accepted. It is no submission, and takes no number."""
        await settled(stores, dispatch("d1", accepted_at="2026-06-03T11:30:00.250+02:00"))
        await stores.submissions.delete_session(SESSION, nothing_to_delete)
        receipt = RetainedReceipt("d1", NOW_MS + 250)
        async with nothing_changes(stores):
            assert await other.submissions.admit_dispatch(dispatch("d1")) == receipt
        assert (await admit(stores, dispatch("d2"))).sequence == 2

    async def test_receipts_are_per_id(self, stores: Stores) -> None:
        """The receipt answers every admission of its id: with another document, or to another session; a direct prompt
        under it is a `SubmissionConflictError`."""
        await settled(stores, dispatch("d1"))
        await stores.submissions.delete_session(SESSION, nothing_to_delete)
        receipt = RetainedReceipt("d1", NOW_MS)
        for record in (dispatch("d1", input="else"), dispatch("d1", "another session", accepted_at="2020-01-01")):
            assert await stores.submissions.admit_dispatch(record) == receipt
        async with nothing_changes(stores):
            with pytest.raises(SubmissionConflictError):
                await stores.submissions.admit_direct(direct("d1"))

    async def test_a_receipt_outlives_further_deletions(self, stores: Stores) -> None:
        """Deleting the session again forgets no receipt."""
        await settled(stores, dispatch("d1"))
        for _ in range(2):
            await stores.submissions.delete_session(SESSION, nothing_to_delete)
        assert await stores.submissions.admit_dispatch(dispatch("d1")) == RetainedReceipt("d1", NOW_MS)

    async def test_a_deleted_direct_prompt_leaves_no_receipt(self, stores: Stores) -> None:
        """Only dispatches leave receipts: the id of a deleted prompt is free, for either kind."""
        for submission_id in ("p1", "p2"):
            await settled(stores, direct(submission_id))
        await stores.submissions.delete_session(SESSION, nothing_to_delete)
        assert (await admit(stores, direct("p1", payload={"message": "anew"}))).sequence == 3
        assert (await admit(stores, dispatch("p2"))).sequence == 4
