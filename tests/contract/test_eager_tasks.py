"""Apps whose event loop begins tasks at once, as `asyncio.eager_task_factory` does."""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any

import pytest

from flue_memdb import SessionBusyError, memory, open_stores, session_storage_key
from flue_memdb.verification import apply

pytestmark = pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks came with Python 3.12")

SESSION = session_storage_key("s")


def run_eagerly(main: Coroutine[Any, Any, None]) -> None:
    async def run() -> None:
        asyncio.get_running_loop().set_task_factory(getattr(asyncio, "eager_task_factory"))  # noqa: B009 -- not in 3.11
        await main

    asyncio.run(run())


def test_a_deletion_calls_back_once_and_is_shared() -> None:
    called = 0

    async def main() -> None:
        async def delete_session_tree() -> None:
            nonlocal called
            called += 1
            await asyncio.sleep(0)

        async with open_stores(memory()) as stores:
            await asyncio.gather(*(stores.submissions.delete_session(SESSION, delete_session_tree) for _ in range(3)))
            assert called == 1
            await stores.submissions.delete_session(SESSION, delete_session_tree)
            assert called == 2

    run_eagerly(main())


def test_a_callback_that_deletes_its_own_session_is_refused_before_anything_else_ran() -> None:
    async def main() -> None:
        async with open_stores(memory()) as stores:

            async def again() -> None:
                await stores.submissions.delete_session(SESSION, again)

            with pytest.raises(SessionBusyError, match="from within the session's own deletion callback"):
                await stores.submissions.delete_session(SESSION, again)
            assert await stores.submissions.list_pending_session_deletions() == []

    run_eagerly(main())


def test_the_verification_cancels_a_deletion_that_is_under_way_at_once() -> None:
    async def main() -> None:
        async with open_stores(memory()) as stores:
            answer = await apply(stores, {"op": "submissions.deleteSession", "args": [SESSION, {"$tree": "cancel"}]})
            assert answer["error"]["kind"] == "cancelled"
            assert await stores.submissions.list_pending_session_deletions() == []

    run_eagerly(main())
