"""How a session is deleted, where the database does not answer."""

import asyncio
import contextlib
import logging

import pytest

from flue_memdb import StoreUnavailableError
from flue_memdb.contract import deletion
from flue_memdb.contract.deletion import SessionDeletions
from flue_memdb.contract.deletion_steps import Begun


class WithoutAbandoning:
    """The steps of a database that is gone when the marker is to be taken away."""

    async def begin_deletion(self, session_key: str, owner_id: str) -> Begun:
        return Begun("owned")

    async def abandon_deletion(self, session_key: str, owner_id: str) -> None:
        raise StoreUnavailableError("delete_session", "the server", "no answer", may_have_happened=True)


async def test_a_marker_that_cannot_be_taken_away_is_warned_of_and_hides_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fails() -> None:
        raise LookupError("the tree is not there")

    deletions = SessionDeletions(WithoutAbandoning(), lambda: "o1")  # type: ignore[arg-type]
    with pytest.raises(LookupError, match="the tree is not there"):
        await deletions.delete("s", fails)
    assert caplog.record_tuples == [
        (
            "flue_memdb.contract.deletion",
            logging.WARNING,
            "the deletion marker of session 's' could not be taken away: delete_session: the server: no answer; "
            "check that it runs and can be reached; a write may or may not have happened",
        )
    ]


class SwallowingCancellations:
    """The steps over a driver that goes on when the first renewal is cancelled, and then gets no answer."""

    def __init__(self) -> None:
        self.renewing = asyncio.Event()

    async def begin_deletion(self, session_key: str, owner_id: str) -> Begun:
        return Begun("owned")

    async def renew_deletion(self, session_key: str, owner_id: str) -> bool:
        first = not self.renewing.is_set()
        self.renewing.set()
        with contextlib.suppress(asyncio.CancelledError) if first else contextlib.nullcontext():
            await asyncio.Event().wait()
        raise StoreUnavailableError("delete_session", "the server", "no answer", may_have_happened=True)

    async def finish_deletion(self, session_key: str, owner_id: str) -> bool:
        return True


async def test_a_deletion_ends_though_a_cancelled_renewal_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deletion, "_HEARTBEAT_S", 0)
    steps = SwallowingCancellations()
    deletions = SessionDeletions(steps, lambda: "o1")  # type: ignore[arg-type]
    async with asyncio.timeout(5):
        await deletions.delete("s", steps.renewing.wait)
