"""The transitions of a submission, from its claim to its settlement."""

import asyncio
from dataclasses import replace

import pytest

from flue_memdb.clock import ManualClock
from flue_memdb.conformance.examples import (
    HOUR_MS,
    NOW_MS,
    admit,
    attempt,
    claim,
    direct,
    dispatch,
    running,
    settled,
    submission_of,
    terminalizing,
)
from flue_memdb.conformance.picture import nothing_changes
from flue_memdb.conformance.suite import Contract
from flue_memdb.contract import Durability, Stores, Submission


class _SilentError(Exception):
    """An exception without a text."""


class TestClaims(Contract):
    """`claim_submission`."""

    async def test_a_queued_head_becomes_running(self, stores: Stores, other: Stores, clock: ManualClock) -> None:
        """A claim records attempt id, owner, lease expiry and started_at = now; attempt_count goes up by 1, max_retry
        is 10, timeout_at an hour from now. The rest stays."""
        queued = await admit(stores, dispatch("d1"))
        clock.advance(500)
        claimed = await stores.submissions.claim_submission(claim("d1", "a1", owner_id="w1", lease_expires_at=12_345))
        assert claimed == replace(
            queued,
            status="running",
            attempt_id="a1",
            owner_id="w1",
            lease_expires_at=12_345,
            started_at=NOW_MS + 500,
            attempt_count=1,
            max_retry=10,
            timeout_at=NOW_MS + 500 + HOUR_MS,
        )
        assert await other.submissions.get_submission("d1") == claimed

    async def test_a_later_claim_keeps_the_timeout(self, stores: Stores, clock: ManualClock) -> None:
        """timeout_at is set only if it was 0; each claim counts as an attempt of its own."""
        first = await running(stores, dispatch("d1"))
        await stores.submissions.requeue_submission_before_input_applied(attempt("d1"))
        clock.advance(5_000)
        second = await stores.submissions.claim_submission(
            claim("d1", "a2", owner_id="w2", lease_expires_at=first.lease_expires_at)
        )
        assert second == replace(first, attempt_id="a2", owner_id="w2", started_at=NOW_MS + 5_000, attempt_count=2)

    async def test_only_the_head_of_its_session_can_be_claimed(self, stores: Stores) -> None:
        """Behind a queued, running or terminalizing submission of its session nothing can be claimed."""
        head = await admit(stores, direct("p1"))
        await admit(stores, dispatch("d1"))
        for advance in (
            stores.submissions.claim_submission(claim("p1")),
            stores.submissions.reserve_submission_terminal(attempt("p1"), "k", "end"),
            stores.submissions.record_submission_terminal_offset(attempt("p1"), "k", "o"),
            stores.submissions.finalize_submission_terminal(attempt("p1"), "k"),
        ):
            async with nothing_changes(stores):
                assert await stores.submissions.claim_submission(claim("d1")) is None
            assert await advance
        assert (await submission_of(stores, head.submission_id)).status == "settled"
        assert await stores.submissions.claim_submission(claim("d1")) is not None

    async def test_sessions_do_not_wait_for_one_another(self, stores: Stores) -> None:
        """Each session has a head of its own."""
        await running(stores, dispatch("d1", "a"))
        assert (await running(stores, dispatch("d2", "b"))).status == "running"

    async def test_what_is_not_queued_cannot_be_claimed(self, stores: Stores) -> None:
        """An unknown, running, terminalizing or settled submission cannot be claimed, not even by its own attempt."""
        await running(stores, dispatch("d1", "a"))
        await terminalizing(stores, direct("p1", "b"))
        await settled(stores, dispatch("d2", "c"))
        async with nothing_changes(stores):
            for submission_id in ("d1", "p1", "d2", "unknown"):
                assert await stores.submissions.claim_submission(claim(submission_id)) is None
                assert await stores.submissions.claim_submission(claim(submission_id, "a2", owner_id="w2")) is None

    async def test_of_concurrent_claims_one_wins(self, stores: Stores, other: Stores) -> None:
        """Two callers never both win what one may win."""
        await admit(stores, dispatch("d1"))
        answers = await asyncio.gather(
            *(
                some.submissions.claim_submission(claim("d1", f"{name}{number}"))
                for number in range(5)
                for name, some in (("here", stores), ("there", other))
            )
        )
        (won,) = [answer for answer in answers if answer is not None]
        assert await submission_of(stores, "d1") == won
        assert won.attempt_count == 1


class TestTransitions(Contract):
    """What the attempt that owns a submission can do with it."""

    async def test_input_is_applied_with_a_default_durability(
        self, stores: Stores, other: Stores, clock: ManualClock
    ) -> None:
        """The first time records input_applied_at = now and the default: max_retry 10, timeout_at an hour from now."""
        before = await running(stores, dispatch("d1"))
        clock.advance(700)
        assert await stores.submissions.mark_submission_input_applied(attempt("d1")) is True
        assert await submission_of(other, "d1") == replace(
            before, input_applied_at=NOW_MS + 700, max_retry=10, timeout_at=NOW_MS + 700 + HOUR_MS
        )

    async def test_input_is_applied_with_the_given_durability(self, stores: Stores) -> None:
        """A durability that is given is recorded, zeros too."""
        for instance, durability in (("a", Durability(3, NOW_MS + 99)), ("b", Durability(0, 0))):
            before = await running(stores, dispatch(instance, instance))
            assert await stores.submissions.mark_submission_input_applied(attempt(instance), durability) is True
            assert await submission_of(stores, instance) == replace(
                before, input_applied_at=NOW_MS, max_retry=durability.max_retry, timeout_at=durability.timeout_at
            )

    async def test_input_is_applied_once(self, stores: Stores, clock: ManualClock) -> None:
        """Later calls are True and change nothing, whatever durability they bring."""
        await running(stores, dispatch("d1"))
        await stores.submissions.mark_submission_input_applied(attempt("d1"), Durability(3, NOW_MS + 99))
        clock.advance(1)
        async with nothing_changes(stores):
            assert await stores.submissions.mark_submission_input_applied(attempt("d1"), Durability(9, 9)) is True
            assert await stores.submissions.mark_submission_input_applied(attempt("d1")) is True

    async def test_recovery_is_requested_once(self, stores: Stores, clock: ManualClock) -> None:
        """The request is stamped once; later ones are True and change nothing."""
        before = await running(stores, dispatch("d1"))
        clock.advance(5)
        assert await stores.submissions.request_submission_recovery(attempt("d1")) is True
        assert await submission_of(stores, "d1") == replace(before, recovery_requested_at=NOW_MS + 5)
        clock.advance(5)
        async with nothing_changes(stores):
            assert await stores.submissions.request_submission_recovery(attempt("d1")) is True

    async def test_requeueing_undoes_the_claim(self, stores: Stores, other: Stores) -> None:
        """Queued again, with attempt id, owner, started_at and recovery request cleared and lease 0; attempt_count and
        timeout_at stay."""
        queued = await admit(stores, dispatch("d1"))
        claimed = await stores.submissions.claim_submission(claim("d1"))
        assert claimed is not None
        await stores.submissions.request_submission_recovery(attempt("d1"))
        assert await stores.submissions.requeue_submission_before_input_applied(attempt("d1")) is True
        expected = replace(queued, attempt_count=1, timeout_at=claimed.timeout_at)
        assert await submission_of(other, "d1") == expected
        assert await other.submissions.list_runnable_submissions() == [expected]
        assert await other.submissions.list_running_submissions() == []

    async def test_requeueing_keeps_the_place_in_the_queue(self, stores: Stores) -> None:
        """What is queued again is still the head of its session: the later ones wait."""
        await running(stores, dispatch("d2"))
        await admit(stores, dispatch("d1"))
        await stores.submissions.requeue_submission_before_input_applied(attempt("d2"))
        listed = await stores.submissions.list_runnable_submissions()
        assert [submission.submission_id for submission in listed] == ["d2"]
        assert await stores.submissions.claim_submission(claim("d1")) is None
        assert await stores.submissions.claim_submission(claim("d2")) is not None

    async def test_after_the_input_was_applied_nothing_is_requeued(self, stores: Stores) -> None:
        """A requeue is refused once the input was applied, and changes nothing."""
        await running(stores, dispatch("d1"))
        await stores.submissions.mark_submission_input_applied(attempt("d1"))
        async with nothing_changes(stores):
            assert await stores.submissions.requeue_submission_before_input_applied(attempt("d1")) is False

    async def test_completion_settles_without_error(self, stores: Stores, other: Stores) -> None:
        """Settled, with no error; attempt, owner, started_at, lease and recovery request stay as they were."""
        before = await self._worked_on(stores)
        assert await stores.submissions.complete_submission(attempt("d1")) is True
        assert await submission_of(other, "d1") == replace(before, status="settled", error=None)
        assert await other.submissions.list_running_submissions() == []
        assert not await other.submissions.has_unsettled_submissions()

    @pytest.mark.parametrize(
        ("error", "text"),
        [
            ("it broke", "it broke"),
            ("", "error"),
            (" ", " "),
            ("a\0b 😀", "a\0b 😀"),
            (ValueError("bad value"), "bad value"),
            (KeyError("key"), "'key'"),
            (_SilentError(), "_SilentError"),
            (asyncio.CancelledError(), "CancelledError"),
        ],
        ids=ascii,
    )
    async def test_failure_settles_with_the_errors_text(
        self, stores: Stores, other: Stores, error: str | BaseException, text: str
    ) -> None:
        """Settled, with the error's text: of an exception `str(error)`, or its class name where that is empty; an
        empty text becomes `error`. The rest stays as it was."""
        before = await self._worked_on(stores)
        assert await stores.submissions.fail_submission(attempt("d1"), error) is True
        assert await submission_of(other, "d1") == replace(before, status="settled", error=text)
        assert not await other.submissions.has_unsettled_submissions()

    async def test_the_first_terminal_state_stays(self, stores: Stores) -> None:
        """What is settled is neither completed nor failed again."""
        await settled(stores, dispatch("d1", "a"))
        await running(stores, dispatch("d2", "b"))
        await stores.submissions.fail_submission(attempt("d2"), "first")
        async with nothing_changes(stores):
            for submission_id in ("d1", "d2"):
                assert await stores.submissions.complete_submission(attempt(submission_id)) is False
                assert await stores.submissions.fail_submission(attempt(submission_id), "second") is False

    async def test_of_concurrent_settlements_one_wins(self, stores: Stores, other: Stores) -> None:
        """Completing and failing beside each other: one is True, and its state is the one that stays."""
        await running(stores, dispatch("d1"))
        completed, failed = await asyncio.gather(
            stores.submissions.complete_submission(attempt("d1")),
            other.submissions.fail_submission(attempt("d1"), "broke"),
        )
        assert completed is not failed
        assert (await submission_of(stores, "d1")).error == ("broke" if failed else None)

    async def _worked_on(self, stores: Stores) -> Submission:
        await running(stores, dispatch("d1"))
        await stores.submissions.mark_submission_input_applied(attempt("d1"), Durability(3, NOW_MS + 99))
        await stores.submissions.request_submission_recovery(attempt("d1"))
        return await submission_of(stores, "d1")
