"""Deletions of one session beside each other: in one process, in two, and after a process has died."""

import asyncio

import pytest

from flue_memdb.clock import ManualClock
from flue_memdb.conformance.concurrency import HeldCallback, beside, others_go_on, within
from flue_memdb.conformance.examples import (
    LEASE_MS,
    NOW_MS,
    SESSION,
    admit,
    dispatch,
    nothing_to_delete,
    settled,
)
from flue_memdb.conformance.suite import Contract
from flue_memdb.contract import (
    RetainedReceipt,
    SessionBeingDeletedError,
    SessionBusyError,
    Stores,
    session_storage_key,
)

_WELL_WITHIN_MS = LEASE_MS - 1_000
_LAPSED_MS = LEASE_MS + 1_000


class _CallbackError(Exception):
    """What a test's callback raises."""


async def _is_deleted(stores: Stores) -> bool:
    gone = await stores.submissions.get_submission("d1") is None
    pending = await stores.submissions.list_pending_session_deletions()
    return gone and SESSION not in pending


async def _delete_after(owners: HeldCallback, other: Stores, theirs: HeldCallback) -> None:
    await owners.entered()
    await other.submissions.delete_session(SESSION, theirs)


class TestDeletionInOneProcess(Contract):
    """Calls for one session in one process share one deletion."""

    async def test_they_share_one_success(self, stores: Stores) -> None:
        """In one process they share the outcome: one callback is called, and all report success after it."""
        await settled(stores, dispatch("d1"))
        first, second = HeldCallback(), HeldCallback()
        async with (
            beside(stores.submissions.delete_session(SESSION, first)) as one,
            beside(stores.submissions.delete_session(SESSION, second)) as two,
        ):
            await first.entered()
            await others_go_on(stores)
            assert not one.done()
            assert not two.done()
            first.release()
            await within(asyncio.gather(one, two), "the callback has returned")
        assert (first.calls, second.calls) == (1, 0)
        assert await _is_deleted(stores)

    async def test_they_share_one_failure(self, stores: Stores) -> None:
        """If the callback raises, all of them raise its error; the next call is a deletion of its own."""
        first, second = HeldCallback(), HeldCallback()
        async with (
            beside(stores.submissions.delete_session(SESSION, first)) as one,
            beside(stores.submissions.delete_session(SESSION, second)) as two,
        ):
            await first.entered()
            first.fail(_CallbackError())
            for deletion in (one, two):
                with pytest.raises(_CallbackError):
                    await within(deletion, "the callback has raised")
        assert (first.calls, second.calls) == (1, 0)
        second.release()
        await stores.submissions.delete_session(SESSION, second)
        assert second.calls == 1

    @pytest.mark.parametrize("cancelled", [0, 1], ids=["the first", "the second"])
    async def test_one_that_is_cancelled_does_not_cancel_the_others(self, stores: Stores, cancelled: int) -> None:
        """One caller that is cancelled does not cancel the deletion for the others, whoever came first."""
        await settled(stores, dispatch("d1"))
        callback = HeldCallback()
        async with (
            beside(stores.submissions.delete_session(SESSION, callback)) as one,
            beside(stores.submissions.delete_session(SESSION, callback)) as two,
        ):
            await callback.entered()
            await others_go_on(stores)
            deletions = [one, two]
            deletions.pop(cancelled).cancel()
            await others_go_on(stores)
            assert not deletions[0].done()
            callback.release()
            await within(deletions[0], "the callback has returned")
        assert (one, two)[cancelled].cancelled()
        assert callback.calls == 1
        assert await _is_deleted(stores)

    async def test_a_call_from_within_the_callback_is_busy(self, stores: Stores) -> None:
        """A call from within the callback is a `SessionBusyError`; the deletion itself goes on. Another session can be
        deleted from there."""
        await settled(stores, dispatch("d1"))
        await settled(stores, dispatch("d2", "else"))

        async def callback() -> None:
            with pytest.raises(SessionBusyError):
                await stores.submissions.delete_session(SESSION, nothing_to_delete)
            await stores.submissions.delete_session(session_storage_key("else"), nothing_to_delete)

        await within(stores.submissions.delete_session(SESSION, callback), "a call from within must not wait")
        assert await _is_deleted(stores)
        assert await stores.submissions.get_submission("d2") is None

    async def test_sessions_are_deleted_beside_each_other(self, stores: Stores) -> None:
        """Deletions of different sessions do not wait for one another."""
        callback = HeldCallback()
        async with beside(stores.submissions.delete_session(session_storage_key("else"), callback)):
            await callback.entered()
            await within(stores.submissions.delete_session(SESSION, nothing_to_delete), "it is another session")
            assert await stores.submissions.list_pending_session_deletions() == [session_storage_key("else")]


class TestDeletionInTwoProcesses(Contract):
    """Calls for one session in two processes run one deletion."""

    async def test_the_other_process_waits_for_success(self, stores: Stores, other: Stores, clock: ManualClock) -> None:
        """Another process waits until the marker is gone, and reports success when it knows that the owner succeeded:
        its own callback is not called."""
        await settled(stores, dispatch("d1"))
        mine, theirs = HeldCallback(), HeldCallback()
        async with (
            beside(stores.submissions.delete_session(SESSION, mine)) as owner,
            beside(_delete_after(mine, other, theirs)) as waiter,
        ):
            clock.advance(_WELL_WITHIN_MS)
            await others_go_on(other)
            assert not waiter.done()
            mine.release()
            await within(owner, "its callback has returned")
            await within(waiter, "the owner has succeeded")
        assert (mine.calls, theirs.calls) == (1, 0)
        assert await _is_deleted(other)

    async def test_after_a_failure_the_other_makes_its_own_attempt(self, stores: Stores, other: Stores) -> None:
        """If the owner fails, the one that waits does not share that: it makes its own attempt."""
        await settled(stores, dispatch("d1"))
        mine, theirs = HeldCallback(), HeldCallback()
        async with (
            beside(stores.submissions.delete_session(SESSION, mine)) as owner,
            beside(_delete_after(mine, other, theirs)) as waiter,
        ):
            mine.fail(_CallbackError())
            with pytest.raises(_CallbackError):
                await within(owner, "its callback has raised")
            await theirs.entered()
            assert await stores.submissions.get_submission("d1") is not None
            theirs.release()
            await within(waiter, "its callback has returned")
        assert (mine.calls, theirs.calls) == (1, 1)
        assert await _is_deleted(stores)


class TestDeletionAfterADeath(Contract):
    """A process that died leaves a marker that lapses after 30 s: here, one whose callback never returns."""

    async def test_a_marker_is_kept_until_somebody_calls(
        self, stores: Stores, other: Stores, clock: ManualClock
    ) -> None:
        """A marker whose process died is listed, and refuses admissions, until somebody calls `delete_session`."""
        dead = HeldCallback()
        async with beside(stores.submissions.delete_session(SESSION, dead)):
            await dead.entered()
            clock.advance(10 * LEASE_MS)
            assert await other.submissions.list_pending_session_deletions() == [SESSION]
            with pytest.raises(SessionBeingDeletedError):
                await other.submissions.admit_dispatch(dispatch("d1"))
            await within(other.submissions.delete_session(SESSION, nothing_to_delete), "the marker has lapsed")
            assert (await admit(other, dispatch("d1"))).status == "queued"

    async def test_a_lapsed_marker_is_taken_over(self, stores: Stores, other: Stores, clock: ManualClock) -> None:
        """A lapsed marker is taken over by the next call, which deletes what the first would have deleted."""
        await settled(stores, dispatch("d1"))
        dead, callback = HeldCallback(), HeldCallback()
        callback.release()
        async with beside(stores.submissions.delete_session(SESSION, dead)):
            await dead.entered()
            clock.advance(_LAPSED_MS)
            await within(other.submissions.delete_session(SESSION, callback), "the marker has lapsed")
            assert callback.calls == 1
            assert await _is_deleted(other)
        assert await other.submissions.admit_dispatch(dispatch("d1")) == RetainedReceipt("d1", NOW_MS)

    async def test_one_that_waits_takes_over_when_the_marker_lapses(
        self, stores: Stores, other: Stores, clock: ManualClock
    ) -> None:
        """Another process waits until the marker has lapsed, by the injected clock, and then makes its own attempt."""
        await settled(stores, dispatch("d1"))
        dead, callback = HeldCallback(), HeldCallback()
        callback.release()
        async with beside(stores.submissions.delete_session(SESSION, dead)):
            await dead.entered()
            async with beside(other.submissions.delete_session(SESSION, callback)) as waiter:
                clock.advance(_WELL_WITHIN_MS)
                await others_go_on(other)
                assert callback.calls == 0
                clock.advance(_LAPSED_MS - _WELL_WITHIN_MS)
                await within(waiter, "the marker has lapsed")
        assert callback.calls == 1
        assert await _is_deleted(other)

    async def test_who_takes_over_starts_anew(self, stores: Stores, other: Stores, clock: ManualClock) -> None:
        """A marker that was taken over has a new started_at, which is the order of the listing, and a new lease."""
        neighbour = session_storage_key("else")
        dead, beside_it, callback, late = (HeldCallback() for _ in range(4))
        async with beside(stores.submissions.delete_session(SESSION, dead)):
            await dead.entered()
            clock.advance(1)
            async with beside(stores.submissions.delete_session(neighbour, beside_it)):
                await beside_it.entered()
                assert await other.submissions.list_pending_session_deletions() == [SESSION, neighbour]
                clock.advance(_LAPSED_MS)
                async with beside(other.submissions.delete_session(SESSION, callback)):
                    await callback.entered()
                    assert await other.submissions.list_pending_session_deletions() == [neighbour, SESSION]
                    clock.advance(_WELL_WITHIN_MS)
                    dead.fail(_CallbackError())
                    await others_go_on(other)
                    async with beside(stores.submissions.delete_session(SESSION, late)):
                        await others_go_on(stores)
                        assert late.calls == 0

    async def test_an_owner_that_fails_late_changes_nothing(
        self, stores: Stores, other: Stores, clock: ManualClock
    ) -> None:
        """An owner whose marker was taken over changes nothing more when its callback raises: the marker is the
        other's."""
        await settled(stores, dispatch("d1"))
        slow, callback = HeldCallback(), HeldCallback()
        async with beside(stores.submissions.delete_session(SESSION, slow)) as owner:
            await slow.entered()
            clock.advance(_LAPSED_MS)
            async with beside(other.submissions.delete_session(SESSION, callback)) as successor:
                await callback.entered()
                slow.fail(_CallbackError())
                with pytest.raises(_CallbackError):
                    await within(owner, "its callback has raised")
                assert await other.submissions.list_pending_session_deletions() == [SESSION]
                assert await other.submissions.get_submission("d1") is not None
                callback.release()
                await within(successor, "its callback has returned")
        assert await _is_deleted(other)

    async def test_an_owner_that_succeeds_late_waits_as_the_others_do(
        self, stores: Stores, other: Stores, clock: ManualClock
    ) -> None:
        """An owner that finds its marker taken over changes nothing more, and waits as the others do: it shares the
        success of the one that took over."""
        await settled(stores, dispatch("d1"))
        slow, callback = HeldCallback(), HeldCallback()
        async with beside(stores.submissions.delete_session(SESSION, slow)) as owner:
            await slow.entered()
            clock.advance(_LAPSED_MS)
            async with beside(other.submissions.delete_session(SESSION, callback)) as successor:
                await callback.entered()
                slow.release()
                await others_go_on(stores)
                assert not owner.done()
                assert await other.submissions.list_pending_session_deletions() == [SESSION]
                assert await other.submissions.get_submission("d1") is not None
                callback.release()
                await within(successor, "its callback has returned")
                await within(owner, "the one that took over has succeeded")
        assert (slow.calls, callback.calls) == (1, 1)
        assert await _is_deleted(other)

    async def test_an_owner_that_succeeds_late_tries_again_when_the_other_fails(
        self, stores: Stores, other: Stores, clock: ManualClock
    ) -> None:
        """Its own success counts no more: when the one that took over fails, it makes another attempt."""
        await settled(stores, dispatch("d1"))
        slow, callback = HeldCallback(), HeldCallback()
        async with beside(stores.submissions.delete_session(SESSION, slow)) as owner:
            await slow.entered()
            clock.advance(_LAPSED_MS)
            async with beside(other.submissions.delete_session(SESSION, callback)) as successor:
                await callback.entered()
                slow.release()
                await others_go_on(stores)
                callback.fail(_CallbackError())
                with pytest.raises(_CallbackError):
                    await within(successor, "its callback has raised")
            await within(owner, "the one that took over has failed")
        assert (slow.calls, callback.calls) == (2, 1)
        assert await _is_deleted(other)
