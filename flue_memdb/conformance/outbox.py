"""The terminal outbox of direct submissions, so that the last event is published exactly once."""

from dataclasses import replace

import pytest

from flue_memdb.clock import ManualClock
from flue_memdb.conformance.examples import (
    EVENT_KEY,
    OFFSET,
    SESSION,
    admit,
    attempt,
    claim,
    direct,
    dispatch,
    running,
    submission_of,
    terminalizing,
)
from flue_memdb.conformance.picture import nothing_changes
from flue_memdb.conformance.suite import Contract
from flue_memdb.contract import AttemptRef, Json, Stores, TerminalOutbox

_OUTBOX = TerminalOutbox("p1", SESSION, "a1", EVENT_KEY, {"type": "end", "ok": True}, None)
_OTHERS = {
    "another attempt": (attempt("p1", "a2"), EVENT_KEY),
    "another key": (attempt("p1"), "else"),
    "another submission": (attempt("p2"), EVENT_KEY),
    "unknown submission": (attempt("unknown"), EVENT_KEY),
}

each_other = pytest.mark.parametrize(("other_attempt", "other_key"), _OTHERS.values(), ids=_OTHERS.keys())


class TestOutbox(Contract):
    """Reserve the last event, record where it was published, finalize."""

    async def test_reserving_keeps_the_last_event(self, stores: Stores, other: Stores, clock: ManualClock) -> None:
        """An owned direct submission becomes terminalizing and keeps key and event; the outbox has no offset."""
        before = await running(stores, direct("p1"))
        clock.advance(10)
        answer = await stores.submissions.reserve_submission_terminal(attempt("p1"), EVENT_KEY, _OUTBOX.event)
        assert answer == _OUTBOX
        assert await other.submissions.list_pending_terminal_outboxes() == [_OUTBOX]
        assert await submission_of(other, "p1") == replace(before, status="terminalizing")
        assert await other.submissions.list_running_submissions() == []

    @pytest.mark.parametrize("event", [None, False, "", [], {}], ids=ascii)
    async def test_any_json_value_is_an_event(self, stores: Stores, event: Json) -> None:
        """The event may be any JSON value, null too."""
        assert (await terminalizing(stores, direct("p1"), event)).event == event
        assert [outbox.event for outbox in await stores.submissions.list_pending_terminal_outboxes()] == [event]

    async def test_a_dispatch_has_no_outbox(self, stores: Stores) -> None:
        """The terminal outbox is for direct submissions only."""
        await running(stores, dispatch("d1"))
        async with nothing_changes(stores):
            assert await stores.submissions.reserve_submission_terminal(attempt("d1"), EVENT_KEY, "end") is None

    async def test_the_same_reservation_again_gives_the_outbox_as_it_stands(self, stores: Stores) -> None:
        """The same call again while it is terminalizing gives the outbox as it stands, and changes nothing."""
        await terminalizing(stores, direct("p1"), {"a": 1.0})
        expected = replace(_OUTBOX, event={"a": 1})
        async with nothing_changes(stores):
            again = await stores.submissions.reserve_submission_terminal(attempt("p1"), EVENT_KEY, {"a": 1})
            assert again == expected
        await stores.submissions.record_submission_terminal_offset(attempt("p1"), EVENT_KEY, OFFSET)
        async with nothing_changes(stores):
            again = await stores.submissions.reserve_submission_terminal(attempt("p1"), EVENT_KEY, {"a": 1})
            assert again == replace(expected, offset=OFFSET)

    async def test_another_reservation_is_refused(self, stores: Stores) -> None:
        """With another attempt, key or JSON text it is None, and what was reserved stays."""
        await terminalizing(stores, direct("p1"), {"a": 1, "b": 2})
        reserve = stores.submissions.reserve_submission_terminal
        async with nothing_changes(stores):
            assert await reserve(attempt("p1", "a2"), EVENT_KEY, {"a": 1, "b": 2}) is None
            assert await reserve(attempt("p1"), "else", {"a": 1, "b": 2}) is None
            assert await reserve(attempt("p1"), EVENT_KEY, {"b": 2, "a": 1}) is None
            assert await reserve(attempt("p1"), EVENT_KEY, {"a": True, "b": 2}) is None

    async def test_the_offset_is_recorded_once(self, stores: Stores, other: Stores) -> None:
        """True with no offset yet or this very one; another offset is refused and the first stays."""
        await terminalizing(stores, direct("p1"), _OUTBOX.event)
        record = stores.submissions.record_submission_terminal_offset
        assert await record(attempt("p1"), EVENT_KEY, OFFSET) is True
        assert await other.submissions.list_pending_terminal_outboxes() == [replace(_OUTBOX, offset=OFFSET)]
        async with nothing_changes(stores):
            assert await record(attempt("p1"), EVENT_KEY, OFFSET) is True
            assert await record(attempt("p1"), EVENT_KEY, "another offset") is False

    @each_other
    async def test_an_offset_for_another_outbox_is_refused(
        self, stores: Stores, other_attempt: AttemptRef, other_key: str
    ) -> None:
        """Only under this attempt and key."""
        await terminalizing(stores, direct("p1"))
        await running(stores, direct("p2", "else"))
        async with nothing_changes(stores):
            assert not await stores.submissions.record_submission_terminal_offset(other_attempt, other_key, OFFSET)

    async def test_finalizing_settles_without_error(self, stores: Stores, other: Stores) -> None:
        """With an offset recorded it is settled, with no error; it is no pending outbox any more, and makes room."""
        await terminalizing(stores, direct("p1"))
        waiting = await admit(stores, dispatch("d1"))
        before = await submission_of(stores, "p1")
        await stores.submissions.record_submission_terminal_offset(attempt("p1"), EVENT_KEY, OFFSET)
        assert await stores.submissions.finalize_submission_terminal(attempt("p1"), EVENT_KEY) is True
        assert await submission_of(other, "p1") == replace(before, status="settled", error=None)
        assert await other.submissions.list_pending_terminal_outboxes() == []
        assert await other.submissions.list_runnable_submissions() == [waiting]

    async def test_without_an_offset_nothing_is_finalized(self, stores: Stores) -> None:
        """Finalizing before the offset was recorded is False and changes nothing."""
        await terminalizing(stores, direct("p1"))
        async with nothing_changes(stores):
            assert await stores.submissions.finalize_submission_terminal(attempt("p1"), EVENT_KEY) is False

    @each_other
    async def test_another_outbox_is_not_finalized(
        self, stores: Stores, other_attempt: AttemptRef, other_key: str
    ) -> None:
        """Only under this attempt and key."""
        await terminalizing(stores, direct("p1"))
        await stores.submissions.record_submission_terminal_offset(attempt("p1"), EVENT_KEY, OFFSET)
        await running(stores, direct("p2", "else"))
        async with nothing_changes(stores):
            assert not await stores.submissions.finalize_submission_terminal(other_attempt, other_key)

    async def test_what_is_final_is_final(self, stores: Stores) -> None:
        """A settled submission is neither reserved, recorded nor finalized again."""
        await terminalizing(stores, direct("p1"), "end")
        await stores.submissions.record_submission_terminal_offset(attempt("p1"), EVENT_KEY, OFFSET)
        await stores.submissions.finalize_submission_terminal(attempt("p1"), EVENT_KEY)
        async with nothing_changes(stores):
            assert await stores.submissions.reserve_submission_terminal(attempt("p1"), EVENT_KEY, "end") is None
            assert not await stores.submissions.record_submission_terminal_offset(attempt("p1"), EVENT_KEY, OFFSET)
            assert not await stores.submissions.finalize_submission_terminal(attempt("p1"), EVENT_KEY)

    @pytest.mark.parametrize("kind", ["queued", "running"])
    async def test_without_a_reservation_nothing_is_recorded_or_finalized(self, stores: Stores, kind: str) -> None:
        """Only what is terminalizing has an outbox."""
        await admit(stores, direct("p1"))
        if kind == "running":
            await stores.submissions.claim_submission(claim("p1"))
        async with nothing_changes(stores):
            assert not await stores.submissions.record_submission_terminal_offset(attempt("p1"), EVENT_KEY, OFFSET)
            assert not await stores.submissions.finalize_submission_terminal(attempt("p1"), EVENT_KEY)

    async def test_pending_outboxes_are_in_admission_order(self, stores: Stores) -> None:
        """`list_pending_terminal_outboxes` gives the terminalizing ones in admission order."""
        for submission_id in ("p3", "p1", "p2"):
            await admit(stores, direct(submission_id, submission_id))
        await admit(stores, direct("queued", "else"))
        for submission_id in ("p2", "p1", "p3"):
            await terminalizing(stores, direct(submission_id, submission_id))
        listed = await stores.submissions.list_pending_terminal_outboxes()
        assert [outbox.submission_id for outbox in listed] == ["p3", "p1", "p2"]

    async def test_a_caller_who_changes_an_event_changes_nothing_stored(self, stores: Stores) -> None:
        """Neither the given nor the returned event is what is stored."""
        event = {"parts": ["kept"]}
        answer = await terminalizing(stores, direct("p1"), event)
        event["parts"].append("given")
        answer.event["parts"].append("returned")
        (stored,) = await stores.submissions.list_pending_terminal_outboxes()
        assert stored.event == {"parts": ["kept"]}
