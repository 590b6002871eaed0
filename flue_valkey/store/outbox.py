"""The terminal outbox: a direct submission's last event is reserved, appended and recorded before it is settled."""

from flue_memdb.contract import AttemptRef, TerminalOutbox
from flue_memdb.contract.checks import check_id, check_key
from flue_memdb.contract.inputs import check_attempt
from flue_memdb.contract.json_text import Json, json_text
from flue_valkey import rows
from flue_valkey.store.listing import ListingStore


class OutboxStore(ListingStore):
    async def reserve_submission_terminal(
        self, attempt: AttemptRef, event_key: str, event: Json
    ) -> TerminalOutbox | None:
        check_attempt("reserve_submission_terminal", attempt)
        event_key = check_key("reserve_submission_terminal", "event_key", event_key)
        tag, *found = await self._call(
            "reserve_submission_terminal",
            submission_id=attempt.submission_id,
            attempt_id=attempt.attempt_id,
            event_key=event_key,
            event=json_text(event, "reserve_submission_terminal", "event"),
        )
        if tag not in ("reserved", "reserved_before"):
            return None
        return rows.reserved_outbox("reserve_submission_terminal", attempt.submission_id, found[0])

    async def record_submission_terminal_offset(self, attempt: AttemptRef, event_key: str, offset: str) -> bool:
        check_attempt("record_submission_terminal_offset", attempt)
        event_key = check_key("record_submission_terminal_offset", "event_key", event_key)
        offset = check_id("record_submission_terminal_offset", "offset", offset)
        tag, *_ = await self._call(
            "record_submission_terminal_offset",
            submission_id=attempt.submission_id,
            attempt_id=attempt.attempt_id,
            event_key=event_key,
            offset=offset,
        )
        return tag in ("recorded", "recorded_before")

    async def finalize_submission_terminal(self, attempt: AttemptRef, event_key: str) -> bool:
        check_attempt("finalize_submission_terminal", attempt)
        event_key = check_key("finalize_submission_terminal", "event_key", event_key)
        tag, *_ = await self._call(
            "finalize_submission_terminal",
            submission_id=attempt.submission_id,
            attempt_id=attempt.attempt_id,
            event_key=event_key,
        )
        return bool(tag == "settled")

    async def list_pending_terminal_outboxes(self) -> list[TerminalOutbox]:
        return await self._list("list_pending_terminal_outboxes", rows.terminal_outbox)
