"""How a session is deleted, where a step of it fails, lasts, or waits for another process."""

import asyncio
import contextlib
import logging

import pytest

from flue_memdb import StoreUnavailableError
from flue_memdb.contract import deletion
from flue_memdb.contract.deletion_steps import Begun
from tests.contract.steps_of_deletions import Owning, deletions, nothing


class WithoutAbandoning(Owning):
    """The steps of a database that is gone when the marker is to be taken away."""

    async def abandon_deletion(self, session_key: str, owner_id: str) -> None:
        raise StoreUnavailableError("delete_session", "the server", "no answer", may_have_happened=True)


async def test_a_marker_that_cannot_be_taken_away_is_warned_of_and_hides_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fails() -> None:
        raise LookupError("the tree is not there")

    with pytest.raises(LookupError, match="the tree is not there"):
        await deletions(WithoutAbandoning()).delete("s", fails)
    assert caplog.record_tuples == [
        (
            "flue_memdb.contract.deletion",
            logging.WARNING,
            "the deletion marker of session 's' could not be taken away: delete_session: the server: no answer; "
            "check that it runs and can be reached; a write may or may not have happened",
        )
    ]


class WithoutBeginning(WithoutAbandoning):
    """The steps of a database that is gone before the marker is written."""

    async def begin_deletion(self, session_key: str, owner_id: str) -> Begun:
        raise StoreUnavailableError("delete_session", "the server", "no connection", may_have_happened=False)


async def test_a_marker_that_cannot_be_written_is_the_error() -> None:
    with pytest.raises(StoreUnavailableError, match="no connection"):
        await deletions(WithoutBeginning()).delete("s", nothing)


class GoneInTheEnd(Owning):
    """The steps of a database that is gone when the callback has succeeded."""

    def __init__(self) -> None:
        self.finishing = asyncio.Event()

    async def finish_deletion(self, session_key: str, owner_id: str) -> bool:
        self.finishing.set()
        return await asyncio.Event().wait()

    async def renew_deletion(self, session_key: str, owner_id: str, lease_ms: int) -> bool:
        assert lease_ms == 0
        raise StoreUnavailableError("delete_session", "the server", "no answer", may_have_happened=True)


async def test_a_marker_that_cannot_be_let_lapse_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    steps = GoneInTheEnd()
    cancelled = asyncio.create_task(deletions(steps).delete("s", nothing))
    await steps.finishing.wait()
    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    assert [message for _, _, message in caplog.record_tuples] == [
        "the deletion marker of session 's' stays until it lapses: delete_session: the server: no answer; check that "
        "it runs and can be reached; a write may or may not have happened"
    ]


class WithoutAnAnswer:
    """The steps of a database that writes the marker and gives no answer."""

    def __init__(self) -> None:
        self.abandoned: list[tuple[str, str]] = []

    async def begin_deletion(self, session_key: str, owner_id: str) -> Begun:
        raise StoreUnavailableError("delete_session", "the server", "no answer", may_have_happened=True)

    async def abandon_deletion(self, session_key: str, owner_id: str) -> None:
        self.abandoned.append((session_key, owner_id))


async def test_a_marker_that_may_have_been_written_is_taken_away() -> None:
    steps = WithoutAnAnswer()
    with pytest.raises(StoreUnavailableError, match="no answer"):
        await deletions(steps).delete("s", nothing)
    assert steps.abandoned == [("s", "o1")]


class SlowToBegin(Owning):
    """The steps of a database that is slow to begin its first deletion, and to take it back."""

    def __init__(self) -> None:
        self.beginning, self.abandoning, self.abandons = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def begin_deletion(self, session_key: str, owner_id: str) -> Begun:
        if not self.beginning.is_set():
            self.beginning.set()
            await asyncio.Event().wait()
        return Begun("owned")

    async def abandon_deletion(self, session_key: str, owner_id: str) -> None:
        self.abandoning.set()
        await self.abandons.wait()


async def test_a_deletion_that_was_cancelled_as_it_began_is_shared_no_more() -> None:
    steps = SlowToBegin()
    shared = deletions(steps)
    async with asyncio.timeout(5):
        first = asyncio.create_task(shared.delete("s", nothing))
        await steps.beginning.wait()
        first.cancel()
        await steps.abandoning.wait()
        second = asyncio.create_task(shared.delete("s", nothing))
        await asyncio.sleep(0)
        steps.abandons.set()
        await second
        await asyncio.wait([first])
    assert first.cancelled()


class Renewing(Owning):
    """The steps of a database in which a renewal lasts, and takes its time to end."""

    def __init__(self) -> None:
        self.begun, self.ended = asyncio.Event(), False

    async def renew_deletion(self, session_key: str, owner_id: str) -> bool:
        self.begun.set()
        try:
            return await asyncio.Event().wait()
        finally:
            for _ in range(9):
                await asyncio.sleep(0)
            self.ended = True


async def test_no_renewal_goes_on_when_a_deletion_has_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deletion, "_HEARTBEAT_S", 0)
    steps = Renewing()
    await deletions(steps).delete("s", steps.begun.wait)
    assert steps.ended


class SwallowingCancellations(Owning):
    """The steps over a driver that goes on when the first renewal is cancelled, and then gets no answer."""

    def __init__(self) -> None:
        self.renewing = asyncio.Event()

    async def renew_deletion(self, session_key: str, owner_id: str) -> bool:
        first = not self.renewing.is_set()
        self.renewing.set()
        with contextlib.suppress(asyncio.CancelledError) if first else contextlib.nullcontext():
            await asyncio.Event().wait()
        raise StoreUnavailableError("delete_session", "the server", "no answer", may_have_happened=True)


async def test_a_deletion_ends_though_a_cancelled_renewal_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deletion, "_HEARTBEAT_S", 0)
    steps = SwallowingCancellations()
    async with asyncio.timeout(5):
        await deletions(steps).delete("s", steps.renewing.wait)


class Waiting:
    """The steps of a database in which another process deletes the session, and is looked at five times."""

    def __init__(self) -> None:
        self.looks = 0

    async def begin_deletion(self, session_key: str, owner_id: str) -> Begun:
        return Begun("waiting", "another")

    async def look_at_deletion(self, session_key: str, owner_id: str) -> str:
        self.looks += 1
        return "pending" if self.looks <= 5 else "succeeded"


async def test_who_waits_for_another_process_looks_ever_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(deletion, "_LAST_LOOK_S", 0.1)
    monkeypatch.setattr(deletion.asyncio, "sleep", sleep)
    await deletions(Waiting()).delete("s", nothing)
    assert pauses == [0.01, 0.02, 0.04, 0.08, 0.1]


class RenewingOnceNot(Owning):
    """The steps of a database that is gone for one renewal."""

    def __init__(self) -> None:
        self.renewed = asyncio.Event()
        self._answers = False

    async def renew_deletion(self, session_key: str, owner_id: str) -> bool:
        if self._answers:
            self.renewed.set()
            return False
        self._answers = True
        raise StoreUnavailableError("delete_session", "the server", "no answer", may_have_happened=True)


async def test_a_renewal_that_fails_is_warned_of_and_made_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(deletion, "_HEARTBEAT_S", 0)
    steps = RenewingOnceNot()
    async with asyncio.timeout(5):
        await deletions(steps).delete("s", steps.renewed.wait)
    assert [message for _, _, message in caplog.record_tuples] == [
        "the deletion marker of session 's' could not be renewed: delete_session: the server: no answer; check that it "
        "runs and can be reached; a write may or may not have happened"
    ]
