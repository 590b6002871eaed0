"""The terminal outbox: a direct submission's last event is reserved, appended and recorded before it is settled."""

from flue_memdb.contract.checks import check_id, check_key
from flue_memdb.contract.inputs import AttemptRef, check_attempt
from flue_memdb.contract.json_text import Json, json_text
from flue_memdb.contract.outcomes import reached
from flue_memdb.contract.records import TerminalOutbox
from flue_memdb.database import MemoryDatabase
from flue_memdb.rows import SubmissionRow
from flue_memdb.store.connection import Store


class OutboxStore(Store):
    async def reserve_submission_terminal(
        self, attempt: AttemptRef, event_key: str, event: Json
    ) -> TerminalOutbox | None:
        check_attempt("reserve_submission_terminal", attempt)
        event_key = check_key("reserve_submission_terminal", "event_key", event_key)
        text = json_text(event, "reserve_submission_terminal", "event")
        db = await self._database("reserve_submission_terminal")
        row = db.submission(attempt.submission_id)
        outcome = _reservation(row, attempt, event_key, text)
        reached(outcome)
        if row is None or outcome not in ("reserved", "reserved_before"):
            return None
        if outcome == "reserved":
            row.require("sequence")
            row.status, row.terminal_key, row.terminal_event = "terminalizing", event_key, text
            del db.running[row.submission_id]
            db.terminalizing[row.submission_id] = row
        return row.outbox()

    async def record_submission_terminal_offset(self, attempt: AttemptRef, event_key: str, offset: str) -> bool:
        check_attempt("record_submission_terminal_offset", attempt)
        event_key = check_key("record_submission_terminal_offset", "event_key", event_key)
        offset = check_id("record_submission_terminal_offset", "offset", offset)
        row = _terminalizing(await self._database("record_submission_terminal_offset"), attempt, event_key)
        if isinstance(row, str):
            reached(row)
            return False
        if row.terminal_offset is not None:
            reached("recorded_before" if row.terminal_offset == offset else "other_offset")
            return row.terminal_offset == offset
        row.terminal_offset = offset
        reached("recorded")
        return True

    async def finalize_submission_terminal(self, attempt: AttemptRef, event_key: str) -> bool:
        check_attempt("finalize_submission_terminal", attempt)
        event_key = check_key("finalize_submission_terminal", "event_key", event_key)
        db = await self._database("finalize_submission_terminal")
        row = _terminalizing(db, attempt, event_key)
        if isinstance(row, str):
            reached(row)
            return False
        if row.terminal_offset is None:
            reached("no_offset")
            return False
        row.require("sequence")
        db.settle(row)
        reached("settled")
        return True

    async def list_pending_terminal_outboxes(self) -> list[TerminalOutbox]:
        db = await self._database("list_pending_terminal_outboxes")
        return db.listed(db.terminalizing.values, SubmissionRow.outbox)


def _reservation(row: SubmissionRow | None, attempt: AttemptRef, event_key: str, event: str) -> str:
    if row is None:
        return "unknown"
    if row.kind != "direct":
        return "not_direct"
    if row.status not in ("running", "terminalizing"):
        return "not_running"
    if row.attempt_id != attempt.attempt_id:
        return "other_attempt"
    if row.status == "running":
        return "reserved"
    return "reserved_before" if (row.terminal_key, row.terminal_event) == (event_key, event) else "other_terminal"


def _terminalizing(db: MemoryDatabase, attempt: AttemptRef, event_key: str) -> SubmissionRow | str:
    row = db.submission(attempt.submission_id)
    if row is None:
        return "unknown"
    if row.status != "terminalizing":
        return "not_terminalizing"
    if row.attempt_id != attempt.attempt_id:
        return "other_attempt"
    return row if row.terminal_key == event_key else "other_key"
