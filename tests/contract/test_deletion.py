"""How a session is deleted, where the database does not answer."""

import asyncio
import contextlib
import gc
import logging

import pytest

from flue_memdb import (
    AdapterClosedError,
    ClaimRef,
    DispatchInput,
    ManualClock,
    MemoryDatabase,
    SessionBusyError,
    Stores,
    StoreUnavailableError,
    memory,
    open_stores,
    session_storage_key,
)
from flue_memdb.adapter import MemoryAdapter
from flue_memdb.contract import deletion
from flue_memdb.contract.deletion import SessionDeletions
from flue_memdb.contract.deletion_steps import Begun
from flue_memdb.store.deletion import DeletionStore
from tests.skipping_loop import run_skipping


class Owning:
    """The steps of a database in which every deletion owns its marker and succeeds."""

    async def begin_deletion(self, session_key: str, owner_id: str) -> Begun:
        return Begun("owned")

    async def finish_deletion(self, session_key: str, owner_id: str) -> bool:
        return True


def deletions(steps: object) -> SessionDeletions:
    """Deletions of the owner `o1` by these steps, which are those that a test needs."""
    return SessionDeletions(steps, lambda: "o1")  # type: ignore[arg-type]


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


async def test_a_closed_adapter_refuses_a_deletion_and_warns_of_no_marker(caplog: pytest.LogCaptureFixture) -> None:
    adapter = memory()
    async with open_stores(adapter) as stores:
        await adapter.close()
        with pytest.raises(AdapterClosedError):
            await stores.submissions.delete_session(SESSION, nothing)
    assert caplog.record_tuples == []


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


SESSION = session_storage_key("s")


async def settle(stores: Stores, submission_id: str) -> None:
    dispatch = DispatchInput(dispatch_id=submission_id, agent="a", id="s", input=None, accepted_at="2026-06-03")
    await stores.submissions.admit_dispatch(dispatch)
    attempt = ClaimRef(submission_id, "a1", "w1", lease_expires_at=0)
    assert await stores.submissions.claim_submission(attempt)
    assert await stores.submissions.complete_submission(attempt)


async def nothing() -> None:
    """A callback that has nothing to delete."""


async def test_a_deletion_that_was_cancelled_is_shared_no_more_though_its_callback_still_ends() -> None:
    called, cancelled, ends = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def ends_late() -> None:
        called.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
            await ends.wait()

    async def succeeds() -> None:
        called.set()

    async with open_stores(memory()) as stores, asyncio.timeout(5):
        first = asyncio.create_task(stores.submissions.delete_session(SESSION, ends_late))
        await called.wait()
        called.clear()
        first.cancel()
        await cancelled.wait()
        second = asyncio.create_task(stores.submissions.delete_session(SESSION, succeeds))
        for _ in range(5):
            await asyncio.sleep(0)
        ends.set()
        await second
        assert called.is_set()
        assert first.cancelled()


async def test_a_deletion_that_is_cancelled_behind_its_callback_goes_on_with_the_next_call() -> None:
    adapter = MemoryAdapter(MemoryDatabase(), operations_a_turn=1)
    async with open_stores(adapter) as stores, asyncio.timeout(5):
        await settle(stores, "d1")

        async def cancelled_at_its_end() -> None:
            caller.cancel()

        caller = asyncio.create_task(stores.submissions.delete_session(SESSION, cancelled_at_its_end))
        with pytest.raises(asyncio.CancelledError):
            await caller
        assert await stores.submissions.get_submission("d1")
        assert await stores.submissions.list_pending_session_deletions() == [SESSION]
        await stores.submissions.delete_session(SESSION, nothing)
        assert await stores.submissions.list_pending_session_deletions() == []
        assert await stores.submissions.get_submission("d1") is None


async def test_a_deletion_that_is_over_is_shared_no_more_though_its_task_still_ends() -> None:
    async with open_stores(memory()) as stores:
        await settle(stores, "d1")
        first = asyncio.create_task(stores.submissions.delete_session(SESSION, nothing))
        for _ in range(20):
            if await stores.submissions.get_submission("d1") is None:
                break
            await asyncio.sleep(0)
        assert not first.done()
        await settle(stores, "d2")
        await stores.submissions.delete_session(SESSION, nothing)
        assert await stores.submissions.get_submission("d2") is None
        await first


def test_a_success_that_a_waiting_call_has_yet_to_see_is_not_shared_with_a_later_call() -> None:
    async def main() -> None:
        db = MemoryDatabase()
        entered, let_go = asyncio.Event(), asyncio.Event()

        async def held() -> None:
            entered.set()
            await let_go.wait()

        async with open_stores(memory(db)) as stores, open_stores(memory(db)) as other, asyncio.TaskGroup() as tasks:
            await settle(stores, "d1")
            owner = tasks.create_task(stores.submissions.delete_session(SESSION, held))
            await entered.wait()
            waiter = tasks.create_task(other.submissions.delete_session(SESSION, nothing))
            await asyncio.sleep(0)
            let_go.set()
            await owner
            assert not waiter.done()
            await settle(other, "d2")
            await other.submissions.delete_session(SESSION, nothing)
            assert await stores.submissions.get_submission("d2") is None

    run_skipping(main())


async def test_a_callback_that_is_cancelled_and_calls_again_is_refused_and_not_waited_for() -> None:
    entered = asyncio.Event()

    async def stubborn() -> None:
        entered.set()
        try:
            await asyncio.Event().wait()
        finally:
            with pytest.raises(SessionBusyError, match="own deletion callback"):
                await stores.submissions.delete_session(SESSION, nothing)

    async with open_stores(memory()) as stores:
        deletion_of_it = asyncio.create_task(stores.submissions.delete_session(SESSION, stubborn))
        await entered.wait()
        deletion_of_it.cancel()
        async with asyncio.timeout(5):
            await asyncio.wait([deletion_of_it])
        assert deletion_of_it.cancelled()
        assert await stores.submissions.list_pending_session_deletions() == []


async def test_an_error_that_a_cancelled_callback_ends_with_is_not_left_to_the_event_loop() -> None:
    entered = asyncio.Event()
    left: list[dict[str, object]] = []

    async def fails() -> None:
        entered.set()
        try:
            await asyncio.Event().wait()
        finally:
            raise LookupError("the tree is not there")

    asyncio.get_running_loop().set_exception_handler(lambda _, context: left.append(context))
    async with open_stores(memory()) as stores:
        cancelled = asyncio.create_task(stores.submissions.delete_session(SESSION, fails))
        await entered.wait()
        cancelled.cancel()
        await asyncio.wait([cancelled])
        assert cancelled.cancelled()
        del cancelled
        gc.collect()
        assert left == []


async def test_a_deletion_that_another_process_took_over_is_shared_no_more() -> None:
    clock = ManualClock()
    db = MemoryDatabase(clock=clock)
    entered, let_go = asyncio.Event(), asyncio.Event()

    async def held() -> None:
        entered.set()
        await let_go.wait()

    async with open_stores(memory(db)) as stores, open_stores(memory(db)) as other, asyncio.TaskGroup() as tasks:
        lapsed = tasks.create_task(stores.submissions.delete_session(SESSION, held))
        await entered.wait()
        clock.advance(30_000)
        await other.submissions.delete_session(SESSION, nothing)
        await settle(stores, "d1")
        later = tasks.create_task(stores.submissions.delete_session(SESSION, nothing))
        await asyncio.sleep(0)
        let_go.set()
        await asyncio.wait([lapsed, later])
        assert await stores.submissions.get_submission("d1") is None


async def test_an_owner_whose_marker_was_taken_over_renews_nothing() -> None:
    clock = ManualClock()
    steps = MemoryAdapter(MemoryDatabase(clock=clock))
    await steps.migrate()
    submissions = (await steps.connect()).submissions
    assert isinstance(submissions, DeletionStore)
    assert not await submissions.renew_deletion(SESSION, "nobody")
    assert (await submissions.begin_deletion(SESSION, "first")).state == "owned"
    clock.advance(30_000)
    assert (await submissions.begin_deletion(SESSION, "second")).state == "owned"
    clock.advance(29_999)
    assert not await submissions.renew_deletion(SESSION, "first")
    assert await submissions.look_at_deletion(SESSION, "second") == "pending"
    clock.advance(1)
    assert await submissions.look_at_deletion(SESSION, "second") == "gone"


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


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_deletion_of_a_loop_that_was_closed_is_nothing_to_wait_for() -> None:
    clock = ManualClock()
    adapter = memory(MemoryDatabase(clock=clock))
    closed = asyncio.new_event_loop()
    closed.run_until_complete(adapter.migrate())
    stores = closed.run_until_complete(adapter.connect())
    left = closed.create_task(stores.submissions.delete_session(SESSION, asyncio.Event().wait))
    while not closed.run_until_complete(stores.submissions.list_pending_session_deletions()):
        closed.run_until_complete(asyncio.sleep(0))
    closed.close()
    clock.advance(30_001)
    asyncio.run(asyncio.wait_for(stores.submissions.delete_session(SESSION, nothing), 5))
    assert asyncio.run(stores.submissions.list_pending_session_deletions()) == []
    assert not left.done()
    del left
    gc.collect()
