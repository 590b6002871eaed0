"""How a session is deleted by several callers, and by callers that are cancelled."""

import asyncio
import gc

import pytest

from flue_memdb import (
    AdapterClosedError,
    ClaimRef,
    DispatchInput,
    ManualClock,
    MemoryDatabase,
    SessionBusyError,
    Stores,
    memory,
    open_stores,
    session_storage_key,
)
from flue_memdb.adapter import MemoryAdapter
from flue_memdb.store.deletion import DeletionStore
from tests.contract.steps_of_deletions import nothing
from tests.skipping_loop import run_skipping

SESSION = session_storage_key("s")


async def test_a_closed_adapter_refuses_a_deletion_and_warns_of_no_marker(caplog: pytest.LogCaptureFixture) -> None:
    adapter = memory()
    async with open_stores(adapter) as stores:
        await adapter.close()
        with pytest.raises(AdapterClosedError):
            await stores.submissions.delete_session(SESSION, nothing)
    assert caplog.record_tuples == []


async def settle(stores: Stores, submission_id: str) -> None:
    dispatch = DispatchInput(dispatch_id=submission_id, agent="a", id="s", input=None, accepted_at="2026-06-03")
    await stores.submissions.admit_dispatch(dispatch)
    attempt = ClaimRef(submission_id, "a1", "w1", lease_expires_at=0)
    assert await stores.submissions.claim_submission(attempt)
    assert await stores.submissions.complete_submission(attempt)


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
