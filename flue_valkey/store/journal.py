"""The turn journal: one slot a submission, which the attempt that began it changes until it is committed."""

from flue_memdb.contract import UNSET, AttemptRef, Lease, NewTurnJournal, Submission, TurnJournal
from flue_memdb.contract.checks import check_id, check_key
from flue_memdb.contract.inputs import check_attempt, check_journal_update, check_lease, check_new_journal
from flue_memdb.contract.json_text import Json, given_json_text
from flue_memdb.contract.records import Phase
from flue_valkey import rows
from flue_valkey.scripts import Value
from flue_valkey.store.connection import Store


class JournalStore(Store):
    async def begin_turn_journal(self, journal: NewTurnJournal) -> bool:
        check_new_journal("begin_turn_journal", journal)
        fields: dict[str, Value | None] = {
            "submissionId": journal.submission_id,
            "sessionKey": journal.session_key,
            "kind": journal.kind,
            "attemptId": journal.attempt_id,
            "operationId": journal.operation_id,
            "turnId": journal.turn_id,
            "phase": journal.phase,
            "checkpointLeafId": journal.checkpoint_leaf_id,
            "toolRequest": given_json_text(journal.tool_request, "begin_turn_journal", "tool_request"),
        }
        await self._call("begin_turn_journal", *_flat(fields), submission_id=journal.submission_id)
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
        fields: dict[str, Value | None] = {
            "phase": phase,
            "checkpointLeafId": checkpoint_leaf_id,
            "toolRequest": given_json_text(tool_request, "update_turn_journal_phase", "tool_request"),
            "streamKey": stream_key,
        }
        tag, *_ = await self._call(
            "update_turn_journal_phase",
            *_flat(fields),
            submission_id=attempt.submission_id,
            attempt_id=attempt.attempt_id,
        )
        return bool(tag == "updated")

    async def commit_turn_journal(self, attempt: AttemptRef, committed_leaf_id: str) -> bool:
        check_attempt("commit_turn_journal", attempt)
        committed_leaf_id = check_id("commit_turn_journal", "committed_leaf_id", committed_leaf_id)
        tag, *_ = await self._call(
            "commit_turn_journal",
            submission_id=attempt.submission_id,
            attempt_id=attempt.attempt_id,
            committed_leaf_id=committed_leaf_id,
        )
        return bool(tag == "committed")

    async def mark_stream_consumed(self, attempt: AttemptRef, stream_key: str) -> bool:
        check_attempt("mark_stream_consumed", attempt)
        stream_key = check_key("mark_stream_consumed", "stream_key", stream_key)
        tag, *_ = await self._call(
            "mark_stream_consumed",
            submission_id=attempt.submission_id,
            attempt_id=attempt.attempt_id,
            stream_key=stream_key,
        )
        return bool(tag == "consumed")

    async def get_turn_journal(self, submission_id: str) -> TurnJournal | None:
        submission_id = check_id("get_turn_journal", "submission_id", submission_id)
        tag, *found = await self._call("get_turn_journal", submission_id=submission_id)
        return None if tag == "unknown" else rows.turn_journal("get_turn_journal", submission_id, found[0])

    async def replace_turn_journal_attempt(
        self, attempt: AttemptRef, next_attempt_id: str, lease: Lease | None = None
    ) -> Submission | None:
        check_attempt("replace_turn_journal_attempt", attempt)
        next_attempt_id = check_id("replace_turn_journal_attempt", "next_attempt_id", next_attempt_id)
        check_lease("replace_turn_journal_attempt", lease)
        holder: dict[str, Value | None] = (
            {"ownerId": lease.owner_id, "leaseExpiresAt": lease.lease_expires_at} if lease else {}
        )
        tag, *found = await self._call(
            "replace_turn_journal_attempt",
            *_flat(holder),
            submission_id=attempt.submission_id,
            attempt_id=attempt.attempt_id,
            next_attempt_id=next_attempt_id,
        )
        if tag not in ("replaced", "replaced_with_journal"):
            return None
        return rows.submission("replace_turn_journal_attempt", attempt.submission_id, *found)


def _flat(fields: dict[str, Value | None]) -> list[Value]:
    """Names and values in turn, without those that are not given."""
    return [part for name, value in fields.items() if value is not None for part in (name, value)]
