"""Leases: who keeps a running submission alive, and which were let go."""

from dataclasses import replace

from flue_memdb.clock import ManualClock
from flue_memdb.conformance.examples import (
    LEASE_MS,
    NOW_MS,
    admit,
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
from flue_memdb.contract import Stores

_LEASES = (("d1", NOW_MS + 1), ("d2", 0), ("d3", NOW_MS + 10 * LEASE_MS))


class TestLeases(Contract):
    """`renew_leases` and `list_expired_submissions`."""

    async def test_the_owners_leases_are_renewed(self, stores: Stores, other: Stores, clock: ManualClock) -> None:
        """lease_expires_at becomes now + 30,000 on those that are running and of this owner; nothing else changes."""
        before = [await running(stores, dispatch(name, name), lease_expires_at=expiry) for name, expiry in _LEASES]
        clock.advance(40_000)
        await stores.submissions.renew_leases("w1", ["d1", "d2", "d3"])
        assert await other.submissions.list_running_submissions() == [
            replace(submission, lease_expires_at=NOW_MS + 40_000 + LEASE_MS) for submission in before
        ]

    async def test_all_others_are_passed_over(self, stores: Stores, clock: ManualClock) -> None:
        """Another owner's, queued, terminalizing, settled and unknown ones are passed over; the rest is renewed."""
        await running(stores, dispatch("d1", "a"))
        await running(stores, dispatch("d2", "b"), owner_id="W1")
        await admit(stores, dispatch("d3", "c"))
        await terminalizing(stores, direct("p1", "d"))
        await settled(stores, direct("p2", "e"))
        others = ["d2", "d3", "p1", "p2", "unknown"]
        clock.advance(5)
        async with nothing_changes(stores):
            await stores.submissions.renew_leases("w1", others)
            await stores.submissions.renew_leases("w1", [])
            await stores.submissions.renew_leases("w2", ["d1", *others])
        before = [await stores.submissions.get_submission(submission_id) for submission_id in others]
        await stores.submissions.renew_leases("w1", [*others, "d1"])
        assert [await stores.submissions.get_submission(submission_id) for submission_id in others] == before
        assert (await submission_of(stores, "d1")).lease_expires_at == NOW_MS + 5 + LEASE_MS

    async def test_an_expired_lease_lies_before_now(self, stores: Stores, clock: ManualClock) -> None:
        """Running, and 0 < lease_expires_at < now: not at the very instant, and never where there is no lease."""
        submission = await running(stores, dispatch("d1", "a"), lease_expires_at=NOW_MS + 1_000)
        await running(stores, dispatch("d2", "b"), lease_expires_at=0)
        assert await stores.submissions.list_expired_submissions() == []
        clock.advance(1_000)
        assert await stores.submissions.list_expired_submissions() == []
        clock.advance(1)
        assert await stores.submissions.list_expired_submissions() == [submission]

    async def test_expired_ones_are_in_admission_order(self, stores: Stores, clock: ManualClock) -> None:
        """In admission order, not in that of their leases or ids; a renewed one is not expired."""
        for name in ("d3", "d1", "d2", "d4"):
            await admit(stores, dispatch(name, name))
        for name, expiry in (("d2", NOW_MS + 1), ("d1", NOW_MS + 3), ("d4", NOW_MS + 1), ("d3", NOW_MS + 2)):
            await stores.submissions.claim_submission(claim(name, lease_expires_at=expiry))
        clock.advance(100)
        await stores.submissions.renew_leases("w1", ["d4"])
        listed = await stores.submissions.list_expired_submissions()
        assert [submission.submission_id for submission in listed] == ["d3", "d1", "d2"]

    async def test_only_running_ones_expire(self, stores: Stores, clock: ManualClock) -> None:
        """Queued, terminalizing and settled ones do not expire."""
        await terminalizing(stores, direct("p1", "a"))
        await settled(stores, dispatch("d1", "b"))
        await admit(stores, dispatch("d2", "c"))
        clock.advance(10 * LEASE_MS)
        assert await stores.submissions.list_expired_submissions() == []
