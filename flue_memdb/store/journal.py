"""The turn journal: one slot a submission, which the attempt that began it changes until it is committed."""

from flue_memdb.contract.checks import check_id, check_key
from flue_memdb.contract.inputs import (
    AttemptRef,
    Lease,
    NewTurnJournal,
    check_attempt,
    check_journal_update,
    check_lease,
    check_new_journal,
)
from flue_memdb.contract.json_text import Json, given_json_text
from flue_memdb.contract.outcomes import reached
from flue_memdb.contract.records import Phase, Submission, TurnJournal
from flue_memdb.contract.unset import UNSET
from flue_memdb.database import MemoryDatabase
from flue_memdb.rows import JournalRow
from flue_memdb.store.connection import Store


class JournalStore(Store):
    async def begin_turn_journal(self, journal: NewTurnJournal) -> bool:
        check_new_journal("begin_turn_journal", journal)
        request = given_json_text(journal.tool_request, "begin_turn_journal", "tool_request")
        db = await self._database("begin_turn_journal")
        old = db.journals.get(journal.submission_id)
        now = db.clock()
        db.journals[journal.submission_id] = JournalRow(
            submission_id=journal.submission_id,
            session_key=journal.session_key,
            kind=journal.kind,
            attempt_id=journal.attempt_id,
            operation_id=journal.operation_id,
            turn_id=journal.turn_id,
            phase=journal.phase,
            revision=old.revision + 1 if old else 1,
            created_at=now,
            updated_at=now,
            checkpoint_leaf_id=journal.checkpoint_leaf_id,
            tool_request=request,
        )
        reached("begun_again" if old else "begun")
        return True

    async def update_turn_journal_phase(
        self,
        attempt: AttemptRef,
        phase: Phase,
        checkpoint_leaf_id: str | None = None,
        tool_request: Json = UNSET,
        stream_key: str | None = None,
    ) -> bool:
        phase, checkpoint_leaf_id, stream_key = check_journal_update(
            "update_turn_journal_phase", attempt, phase, checkpoint_leaf_id, stream_key
        )
        request = given_json_text(tool_request, "update_turn_journal_phase", "tool_request")
        db = await self._database("update_turn_journal_phase")
        journal = _open_journal(db, attempt)
        if isinstance(journal, str):
            reached(journal)
            return False
        _touch(journal, db.clock())
        journal.phase = phase
        if checkpoint_leaf_id is not None:
            journal.checkpoint_leaf_id = checkpoint_leaf_id
        if request is not None:
            journal.tool_request = request
        if stream_key is not None:
            journal.stream_key = stream_key
        reached("updated")
        return True

    async def commit_turn_journal(self, attempt: AttemptRef, committed_leaf_id: str) -> bool:
        check_attempt("commit_turn_journal", attempt)
        committed_leaf_id = check_id("commit_turn_journal", "committed_leaf_id", committed_leaf_id)
        db = await self._database("commit_turn_journal")
        journal = _open_journal(db, attempt)
        if isinstance(journal, str):
            reached(journal)
            return False
        _touch(journal, db.clock())
        journal.committed, journal.phase, journal.committed_leaf_id = True, "committed", committed_leaf_id
        reached("committed")
        return True

    async def mark_stream_consumed(self, attempt: AttemptRef, stream_key: str) -> bool:
        check_attempt("mark_stream_consumed", attempt)
        stream_key = check_key("mark_stream_consumed", "stream_key", stream_key)
        db = await self._database("mark_stream_consumed")
        journal = _open_journal(db, attempt)
        if isinstance(journal, str):
            reached(journal)
            return False
        if journal.stream_key != stream_key:
            reached("other_stream")
            return False
        if journal.stream_consumed_at is not None:
            reached("consumed_before")
            return False
        _touch(journal, db.clock())
        journal.stream_consumed_at = journal.updated_at
        reached("consumed")
        return True

    async def get_turn_journal(self, submission_id: str) -> TurnJournal | None:
        submission_id = check_id("get_turn_journal", "submission_id", submission_id)
        db = await self._database("get_turn_journal")
        journal = db.journals.get(submission_id)
        reached("unknown" if journal is None else "found")
        return None if journal is None else journal.record()

    async def replace_turn_journal_attempt(
        self, attempt: AttemptRef, next_attempt_id: str, lease: Lease | None = None
    ) -> Submission | None:
        check_attempt("replace_turn_journal_attempt", attempt)
        next_attempt_id = check_id("replace_turn_journal_attempt", "next_attempt_id", next_attempt_id)
        check_lease("replace_turn_journal_attempt", lease)
        db = await self._database("replace_turn_journal_attempt")
        row = db.owned(attempt)
        if isinstance(row, str):
            reached(row)
            return None
        row.require("attemptCount")
        journal = _open_journal(db, attempt)
        now = db.clock()
        if not isinstance(journal, str):
            journal.attempt_id = next_attempt_id
            _touch(journal, now)
        row.attempt_id, row.started_at, row.recovery_requested_at = next_attempt_id, now, None
        row.attempt_count += 1
        if lease is not None:
            row.owner_id, row.lease_expires_at = lease.owner_id, lease.lease_expires_at
        reached("replaced" if isinstance(journal, str) else "replaced_with_journal")
        return row.record()


def _open_journal(db: MemoryDatabase, attempt: AttemptRef) -> JournalRow | str:
    """The uncommitted journal of the attempt, or the reason why there is none."""
    journal = db.journals.get(attempt.submission_id)
    if journal is None:
        return "unknown"
    if journal.attempt_id != attempt.attempt_id:
        return "other_attempt"
    if not journal.committed:
        journal.require("revision")
    return "committed_before" if journal.committed else journal


def _touch(journal: JournalRow, now: int) -> None:
    journal.revision += 1
    journal.updated_at = now
