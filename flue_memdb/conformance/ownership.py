"""The gate of the transitions: an attempt owns a submission that is running under that attempt id."""

from collections.abc import Awaitable, Callable

import pytest

from flue_memdb.conformance.examples import (
    admit,
    attempt,
    claim,
    direct,
    dispatch,
    new_journal,
    running,
    settled,
    terminalizing,
)
from flue_memdb.conformance.picture import nothing_changes
from flue_memdb.conformance.suite import Contract
from flue_memdb.contract import AttemptRef, Durability, Lease, Stores, SubmissionStore

_TRANSITIONS: dict[str, Callable[[SubmissionStore, AttemptRef], Awaitable[object]]] = {
    "mark_submission_input_applied": lambda store, ref: store.mark_submission_input_applied(ref, Durability(3, 7)),
    "request_submission_recovery": lambda store, ref: store.request_submission_recovery(ref),
    "requeue": lambda store, ref: store.requeue_submission_before_input_applied(ref),
    "complete_submission": lambda store, ref: store.complete_submission(ref),
    "fail_submission": lambda store, ref: store.fail_submission(ref, "broke"),
    "replace_turn_journal_attempt": lambda store, ref: store.replace_turn_journal_attempt(ref, "a2", Lease("w2", 7)),
    "reserve_submission_terminal": lambda store, ref: store.reserve_submission_terminal(ref, "k", "another end"),
}


async def _requeued(stores: Stores) -> None:
    await running(stores, direct("p1"))
    assert await stores.submissions.requeue_submission_before_input_applied(attempt("p1"))


async def _failed(stores: Stores) -> None:
    await running(stores, direct("p1"))
    assert await stores.submissions.fail_submission(attempt("p1"), "first")


async def _replaced(stores: Stores) -> None:
    await running(stores, direct("p1"))
    assert await stores.submissions.replace_turn_journal_attempt(attempt("p1"), "a9")


_NOT_OWNED: dict[str, Callable[[Stores], Awaitable[object]]] = {
    "unknown": lambda stores: admit(stores, dispatch("d1")),
    "queued": lambda stores: admit(stores, direct("p1")),
    "requeued": _requeued,
    "running under another attempt": lambda stores: running(stores, direct("p1"), attempt_id="A1"),
    "replaced": _replaced,
    "terminalizing": lambda stores: terminalizing(stores, direct("p1")),
    "completed": lambda stores: settled(stores, direct("p1")),
    "failed": _failed,
}


class TestOwnership(Contract):
    """Who does not own a submission changes nothing of it."""

    @pytest.mark.parametrize("state", _NOT_OWNED)
    @pytest.mark.parametrize("transition", _TRANSITIONS)
    async def test_a_transition_without_ownership_is_refused(
        self, stores: Stores, other: Stores, transition: str, state: str
    ) -> None:
        """Gated writes give False or None for a submission that is unknown or not running under that attempt id, and
        change neither it nor its journal."""
        await _NOT_OWNED[state](stores)
        await stores.submissions.begin_turn_journal(new_journal("p1"))
        async with nothing_changes(stores):
            assert not await _TRANSITIONS[transition](other.submissions, attempt("p1"))

    @pytest.mark.parametrize("transition", _TRANSITIONS)
    async def test_the_owner_may(self, stores: Stores, other: Stores, transition: str) -> None:
        """The attempt that a submission is running under may do all of it, from every process."""
        await running(stores, direct("p1"))
        assert await _TRANSITIONS[transition](other.submissions, attempt("p1"))

    @pytest.mark.parametrize("transition", _TRANSITIONS)
    async def test_a_claim_is_an_attempt(self, stores: Stores, transition: str) -> None:
        """What was claimed is owned by its submission id and attempt id, whatever the owner's name."""
        await running(stores, direct("p1"), owner_id="w1")
        assert await _TRANSITIONS[transition](stores.submissions, claim("p1", owner_id="somebody else"))

    @pytest.mark.parametrize("transition", [name for name in _TRANSITIONS if name != "reserve_submission_terminal"])
    async def test_the_owner_of_a_dispatch_may(self, stores: Stores, transition: str) -> None:
        """The same holds for a dispatch, but for the terminal outbox."""
        await running(stores, dispatch("d1"))
        assert await _TRANSITIONS[transition](stores.submissions, attempt("d1"))
