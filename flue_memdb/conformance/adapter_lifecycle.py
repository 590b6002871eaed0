"""The adapter itself: `migrate`, `connect`, `close`, and what its stores do afterwards."""

import pytest

from flue_memdb.clock import ManualClock
from flue_memdb.conformance.calls import CALLS
from flue_memdb.conformance.examples import PATH, SESSION, dispatch, running, session, submission_of
from flue_memdb.conformance.picture import picture
from flue_memdb.conformance.suite import Contract, OpenAdapter
from flue_memdb.contract import AdapterClosedError, SchemaVersionError, Stores, open_stores


class _BlockError(Exception):
    """What a test's block raises."""


class TestAdapterLifecycle(Contract):
    """One adapter is one process's way to the namespace."""

    async def test_migrate_then_connect_gives_the_four_stores(
        self, conformance_namespace: OpenAdapter, clock: ManualClock
    ) -> None:
        """`migrate()`, which may be called again, then `connect()` gives the four stores, then `close()`."""
        adapter = conformance_namespace(clock)
        await adapter.migrate()
        await adapter.migrate()
        stores = await adapter.connect()
        empty = await picture(stores)
        assert not any(empty[name] for name in ("session", "unsettled", "running", "run", "stream"))
        await adapter.close()

    async def test_connect_alone_is_refused(self, conformance_namespace: OpenAdapter, clock: ManualClock) -> None:
        """A namespace that nobody has migrated has no schema version: `connect()` is a `SchemaVersionError`."""
        adapter = conformance_namespace(clock)
        for _ in range(2):
            with pytest.raises(SchemaVersionError, match=r"no schema version.*call migrate\(\)"):
                await adapter.connect()
        async with open_stores(conformance_namespace(clock)):
            pass
        await adapter.connect()
        await adapter.close()

    async def test_closing_twice_is_fine(self, conformance_namespace: OpenAdapter, clock: ManualClock) -> None:
        """`close()` may be called twice."""
        adapter = conformance_namespace(clock)
        await adapter.migrate()
        await adapter.connect()
        await adapter.close()
        await adapter.close()

    @pytest.mark.parametrize("name", CALLS)
    async def test_a_store_used_after_close_refuses(
        self, conformance_namespace: OpenAdapter, clock: ManualClock, name: str
    ) -> None:
        """A store used after `close()` raises `AdapterClosedError`, whatever the operation."""
        async with open_stores(conformance_namespace(clock)) as stores:
            await stores.events.create_stream(PATH)
        with pytest.raises(AdapterClosedError):
            await CALLS[name](stores)

    async def test_nobody_subscribes_after_close(self, conformance_namespace: OpenAdapter, clock: ManualClock) -> None:
        """`subscribe`, which is no coroutine, raises it too."""
        async with open_stores(conformance_namespace(clock)) as stores:
            pass
        with pytest.raises(AdapterClosedError):
            stores.events.subscribe(PATH, lambda: None)

    async def test_what_was_stored_outlives_the_adapter(
        self, conformance_namespace: OpenAdapter, clock: ManualClock
    ) -> None:
        """Another adapter finds what the first has stored, and what the first refused to do after `close()` undone."""
        async with open_stores(conformance_namespace(clock)) as stores:
            await stores.sessions.save(SESSION, session())
            submission = await running(stores, dispatch("d1"))
        with pytest.raises(AdapterClosedError):
            await stores.sessions.delete(SESSION)
        async with open_stores(conformance_namespace(clock)) as stores:
            assert await stores.sessions.load(SESSION) == session()
            assert await submission_of(stores, "d1") == submission

    async def test_closing_one_adapter_leaves_the_others_open(
        self, stores: Stores, conformance_namespace: OpenAdapter, clock: ManualClock
    ) -> None:
        """Processes end by themselves."""
        async with open_stores(conformance_namespace(clock)) as ended:
            await ended.sessions.save(SESSION, session())
        assert await stores.sessions.load(SESSION) == session()

    async def test_open_stores_closes_at_the_end_of_its_block(
        self, conformance_namespace: OpenAdapter, clock: ManualClock
    ) -> None:
        """`open_stores` does the same three in order, and closes also when the block raises."""
        seen: list[Stores] = []

        async def use() -> None:
            async with open_stores(conformance_namespace(clock)) as stores:
                await stores.sessions.save(SESSION, session())
                seen.append(stores)
                raise _BlockError

        with pytest.raises(_BlockError):
            await use()
        with pytest.raises(AdapterClosedError):
            await seen[0].sessions.load(SESSION)
