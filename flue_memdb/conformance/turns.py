"""The other tasks of the event loop."""

import asyncio

import pytest

from flue_memdb.conformance.suite import Contract
from flue_memdb.contract import ClaimRef, Stores

_CALLS = 1_000

_ASKED = {
    "has_unsettled_submissions": lambda stores: stores.submissions.has_unsettled_submissions(),
    "list_runnable_submissions": lambda stores: stores.submissions.list_runnable_submissions(),
    "get_submission": lambda stores: stores.submissions.get_submission("d1"),
    "claim_submission": lambda stores: stores.submissions.claim_submission(ClaimRef("d1", "a1", "w1", 1)),
    "list_pending_session_deletions": lambda stores: stores.submissions.list_pending_session_deletions(),
    "list_runs": lambda stores: stores.runs.list_runs(),
    "load": lambda stores: stores.sessions.load("s1"),
    "read_events": lambda stores: stores.events.read_events("events"),
    "append_event": lambda stores: stores.events.append_event("events", {}),
}


class TestTurns(Contract):
    """Nobody who calls keeps another task from its work."""

    @pytest.mark.parametrize("operation", _ASKED)
    async def test_who_calls_again_and_again_lets_others_have_their_turn(self, stores: Stores, operation: str) -> None:
        """A task that waits for another one by asking the store, without a pause, does not wait for ever."""
        await stores.events.create_stream("events")
        ready = asyncio.Event()
        asyncio.get_running_loop().call_soon(ready.set)
        for _ in range(_CALLS):
            await _ASKED[operation](stores)
            if ready.is_set():
                break
        assert ready.is_set(), f"nothing else happened within {_CALLS} calls of {operation}"
