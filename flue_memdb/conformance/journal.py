"""The turn journal, the recovery record of the turn in progress: one slot a submission."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from flue_memdb.clock import ManualClock
from flue_memdb.conformance.examples import (
    LEASE_MS,
    NOW_MS,
    SESSION,
    STREAM,
    admit,
    attempt,
    direct,
    new_journal,
    running,
    submission_of,
)
from flue_memdb.conformance.picture import nothing_changes
from flue_memdb.conformance.suite import Contract
from flue_memdb.contract import UNSET, AttemptRef, Json, Lease, Stores, SubmissionStore, TurnJournal
from flue_memdb.contract.records import Phase

_BEGUN = TurnJournal(
    submission_id="p1",
    session_key=SESSION,
    kind="direct",
    attempt_id="a1",
    operation_id="o1",
    turn_id="t1",
    phase="before_provider",
    revision=1,
    created_at=NOW_MS,
    updated_at=NOW_MS,
    committed=False,
)

_PHASES: tuple[Phase, ...] = ("before_provider", "provider_started", "tool_request_recorded", "committed")

_CHANGES: dict[str, Callable[[SubmissionStore, AttemptRef], Awaitable[bool]]] = {
    "update_turn_journal_phase": lambda store, ref: store.update_turn_journal_phase(
        ref, "provider_started", checkpoint_leaf_id="l9", tool_request=9, stream_key=STREAM
    ),
    "commit_turn_journal": lambda store, ref: store.commit_turn_journal(ref, "l9"),
    "mark_stream_consumed": lambda store, ref: store.mark_stream_consumed(ref, STREAM),
}

each_change = pytest.mark.parametrize("change", _CHANGES)


async def _journal(stores: Stores, submission_id: str = "p1") -> TurnJournal:
    journal = await stores.submissions.get_turn_journal(submission_id)
    assert journal is not None
    return journal


async def _streaming(stores: Stores) -> TurnJournal:
    assert await stores.submissions.begin_turn_journal(new_journal())
    assert await stores.submissions.update_turn_journal_phase(attempt("p1"), "provider_started", stream_key=STREAM)
    return await _journal(stores)


class TestJournal(Contract):
    """From `begin_turn_journal` to `commit_turn_journal`."""

    async def test_a_journal_begins_uncommitted(self, stores: Stores, other: Stores) -> None:
        """created_at = updated_at = now, revision 1, uncommitted, no stream; whether or not the submission exists."""
        assert await stores.submissions.begin_turn_journal(new_journal()) is True
        assert await other.submissions.get_turn_journal("p1") == _BEGUN
        assert await other.submissions.get_submission("p1") is None

    @pytest.mark.parametrize("phase", _PHASES)
    async def test_a_new_journal_may_carry_a_leaf_and_a_tool_request(self, stores: Stores, phase: Phase) -> None:
        """A new journal has any phase and may carry a checkpoint leaf and a tool request; none commits it."""
        given = new_journal(phase=phase, kind="dispatch", checkpoint_leaf_id="l1", tool_request={"tool": [1.0]})
        await stores.submissions.begin_turn_journal(given)
        expected = replace(_BEGUN, phase=phase, kind="dispatch", checkpoint_leaf_id="l1", tool_request={"tool": [1]})
        assert await _journal(stores) == expected

    async def test_a_journal_begun_again_is_written_afresh(self, stores: Stores, clock: ManualClock) -> None:
        """Whatever the slot held, a committed journal of another attempt too: only the revision goes on, by 1."""
        before = await _streaming(stores)
        await stores.submissions.mark_stream_consumed(attempt("p1"), STREAM)
        await stores.submissions.update_turn_journal_phase(
            attempt("p1"), "tool_request_recorded", checkpoint_leaf_id="l1", tool_request={}
        )
        await stores.submissions.commit_turn_journal(attempt("p1"), "l2")
        clock.advance(9)
        again = new_journal(attempt_id="a2", operation_id="o2", turn_id="t2", session_key="else", kind="dispatch")
        assert await stores.submissions.begin_turn_journal(again) is True
        assert await _journal(stores) == replace(
            _BEGUN,
            attempt_id="a2",
            operation_id="o2",
            turn_id="t2",
            session_key="else",
            kind="dispatch",
            revision=before.revision + 4,
            created_at=NOW_MS + 9,
            updated_at=NOW_MS + 9,
        )

    async def test_an_unknown_journal_is_none(self, stores: Stores) -> None:
        """`get_turn_journal` gives None for a submission without a journal."""
        await admit(stores, direct("p2"))
        await stores.submissions.begin_turn_journal(new_journal("p1"))
        assert await stores.submissions.get_turn_journal("p2") is None

    @pytest.mark.parametrize("phase", _PHASES)
    async def test_an_update_stores_the_phase_and_what_is_given(
        self, stores: Stores, clock: ManualClock, phase: Phase
    ) -> None:
        """The new phase and what is given are stored, revision + 1, updated_at = now; the phase `committed` does not
        commit."""
        await stores.submissions.begin_turn_journal(new_journal())
        clock.advance(4)
        assert await stores.submissions.update_turn_journal_phase(
            attempt("p1"), phase, checkpoint_leaf_id="l1", tool_request=None, stream_key=STREAM
        )
        assert await _journal(stores) == replace(
            _BEGUN,
            phase=phase,
            checkpoint_leaf_id="l1",
            tool_request=None,
            stream_key=STREAM,
            revision=2,
            updated_at=NOW_MS + 4,
        )
        assert await stores.submissions.update_turn_journal_phase(attempt("p1"), "before_provider") is True

    async def test_what_is_not_given_stays(self, stores: Stores) -> None:
        """An update keeps what it does not name, and changes what it does."""
        await stores.submissions.begin_turn_journal(new_journal(checkpoint_leaf_id="l1", tool_request={"n": 1}))
        update = stores.submissions.update_turn_journal_phase
        assert await update(attempt("p1"), "provider_started", stream_key=STREAM)
        before = await _journal(stores)
        assert (before.checkpoint_leaf_id, before.tool_request, before.stream_key) == ("l1", {"n": 1}, STREAM)
        assert await update(attempt("p1"), "tool_request_recorded", tool_request={"n": 2})
        assert await update(attempt("p1"), "tool_request_recorded", checkpoint_leaf_id="l2")
        assert await _journal(stores) == replace(
            before,
            phase="tool_request_recorded",
            checkpoint_leaf_id="l2",
            tool_request={"n": 2},
            revision=before.revision + 2,
        )

    async def test_a_tool_request_of_null_is_one(self, stores: Stores) -> None:
        """Not given differs from null."""
        await stores.submissions.begin_turn_journal(new_journal("p1"))
        await stores.submissions.begin_turn_journal(new_journal("p2", tool_request=None))
        assert (await _journal(stores, "p1")).tool_request is UNSET
        assert (await _journal(stores, "p2")).tool_request is None

    async def test_a_commit_keeps_the_leaf(self, stores: Stores, clock: ManualClock) -> None:
        """Committed, phase `committed`, the leaf stored; revision + 1, updated_at = now."""
        before = await _streaming(stores)
        clock.advance(6)
        assert await stores.submissions.commit_turn_journal(attempt("p1"), "l5") is True
        assert await _journal(stores) == replace(
            before,
            phase="committed",
            committed=True,
            committed_leaf_id="l5",
            revision=before.revision + 1,
            updated_at=NOW_MS + 6,
        )

    async def test_a_consumed_stream_is_stamped_once(self, stores: Stores, clock: ManualClock) -> None:
        """Once: stream_consumed_at = now, revision + 1, updated_at = now; the second time False and no change."""
        before = await _streaming(stores)
        clock.advance(8)
        assert await stores.submissions.mark_stream_consumed(attempt("p1"), STREAM) is True
        consumed = replace(before, stream_consumed_at=NOW_MS + 8, revision=before.revision + 1, updated_at=NOW_MS + 8)
        assert await _journal(stores) == consumed
        clock.advance(8)
        async with nothing_changes(stores):
            assert await stores.submissions.mark_stream_consumed(attempt("p1"), STREAM) is False

    async def test_only_the_journals_stream_is_consumed(self, stores: Stores) -> None:
        """With another stream key, or while the journal has no stream, it is False and changes nothing."""
        await stores.submissions.begin_turn_journal(new_journal("p2"))
        await _streaming(stores)
        async with nothing_changes(stores):
            assert await stores.submissions.mark_stream_consumed(attempt("p1"), "else") is False
            assert await stores.submissions.mark_stream_consumed(attempt("p2"), STREAM) is False

    @each_change
    async def test_another_attempts_journal_is_left_alone(self, stores: Stores, change: str) -> None:
        """Only a journal of that attempt is changed; without one there is nothing to change."""
        await _streaming(stores)
        async with nothing_changes(stores):
            assert await _CHANGES[change](stores.submissions, attempt("p1", "a2")) is False
            assert await _CHANGES[change](stores.submissions, attempt("p2")) is False

    @each_change
    async def test_a_committed_journal_is_left_alone(self, stores: Stores, change: str) -> None:
        """Only an uncommitted journal is changed."""
        await _streaming(stores)
        await stores.submissions.commit_turn_journal(attempt("p1"), "l1")
        async with nothing_changes(stores):
            assert await _CHANGES[change](stores.submissions, attempt("p1")) is False

    @each_change
    async def test_a_journal_does_not_ask_for_its_submission(self, stores: Stores, change: str) -> None:
        """A journal belongs to the attempt that began it: the submission's state does not matter."""
        await running(stores, direct("p1"), attempt_id="another")
        await _streaming(stores)
        assert await _CHANGES[change](stores.submissions, attempt("p1")) is True
        assert (await submission_of(stores, "p1")).attempt_id == "another"

    async def test_a_caller_who_changes_a_tool_request_changes_nothing_stored(self, stores: Stores) -> None:
        """Neither the given nor the returned request is what is stored."""
        request: Json = {"arguments": ["kept"]}
        await stores.submissions.begin_turn_journal(new_journal(tool_request=request))
        request["arguments"].append("given")
        (await _journal(stores)).tool_request["arguments"].append("returned")
        assert (await _journal(stores)).tool_request == {"arguments": ["kept"]}


class TestReplacement(Contract):
    """`replace_turn_journal_attempt`: the next attempt takes over."""

    async def test_the_next_attempt_takes_over(self, stores: Stores, other: Stores, clock: ManualClock) -> None:
        """The next attempt id, started_at = now, attempt_count + 1, recovery request cleared, the given lease; the
        rest stays. The old attempt owns nothing any more."""
        before = await running(stores, direct("p1"))
        await stores.submissions.mark_submission_input_applied(attempt("p1"))
        await stores.submissions.request_submission_recovery(attempt("p1"))
        clock.advance(20)
        lease = Lease("w2", NOW_MS + 2 * LEASE_MS)
        answer = await stores.submissions.replace_turn_journal_attempt(attempt("p1"), "a2", lease)
        assert answer == replace(
            before,
            attempt_id="a2",
            started_at=NOW_MS + 20,
            attempt_count=2,
            input_applied_at=NOW_MS,
            owner_id="w2",
            lease_expires_at=NOW_MS + 2 * LEASE_MS,
        )
        assert await submission_of(other, "p1") == answer
        assert await other.submissions.list_running_submissions() == [answer]
        assert await other.submissions.complete_submission(attempt("p1", "a1")) is False
        assert await other.submissions.complete_submission(attempt("p1", "a2")) is True

    async def test_without_a_lease_owner_and_expiry_stay(self, stores: Stores) -> None:
        """The lease's owner and expiry change only if one is given."""
        before = await running(stores, direct("p1"))
        answer = await stores.submissions.replace_turn_journal_attempt(attempt("p1"), "a2")
        assert answer == replace(before, attempt_id="a2", attempt_count=2)

    async def test_an_open_journal_moves_along(self, stores: Stores, clock: ManualClock) -> None:
        """An uncommitted journal of this attempt gets the next attempt id, revision + 1, updated_at = now."""
        await running(stores, direct("p1"))
        before = await _streaming(stores)
        clock.advance(20)
        await stores.submissions.replace_turn_journal_attempt(attempt("p1"), "a2")
        assert await _journal(stores) == replace(
            before, attempt_id="a2", revision=before.revision + 1, updated_at=NOW_MS + 20
        )
        assert await stores.submissions.commit_turn_journal(attempt("p1", "a1"), "l1") is False
        assert await stores.submissions.commit_turn_journal(attempt("p1", "a2"), "l1") is True

    async def test_a_committed_journal_stays(self, stores: Stores) -> None:
        """A committed journal does not move along, though the attempt is replaced."""
        await running(stores, direct("p1"))
        await _streaming(stores)
        await stores.submissions.commit_turn_journal(attempt("p1"), "l1")
        before = await _journal(stores)
        assert await stores.submissions.replace_turn_journal_attempt(attempt("p1"), "a2") is not None
        assert await _journal(stores) == before

    async def test_another_attempts_journal_stays(self, stores: Stores) -> None:
        """A journal of another attempt does not move along, though the attempt is replaced."""
        await running(stores, direct("p1"))
        await stores.submissions.begin_turn_journal(new_journal(attempt_id="earlier"))
        before = await _journal(stores)
        assert await stores.submissions.replace_turn_journal_attempt(attempt("p1"), "a2") is not None
        assert await _journal(stores) == before

    async def test_without_a_journal_none_is_made(self, stores: Stores) -> None:
        """A submission without a journal is handed on without one."""
        await running(stores, direct("p1"))
        assert await stores.submissions.replace_turn_journal_attempt(attempt("p1"), "a2") is not None
        assert await stores.submissions.get_turn_journal("p1") is None
