"""What each acknowledged write must have left in the database: per operation a function that gives what is wrong."""

from collections.abc import Callable
from typing import Final

from flue_memdb.verification.histories import Call
from flue_valkey.drills.book import (
    ADMISSIONS,
    JOURNAL_CHANGES,
    Book,
    attempt_of,
    may_have,
    session_of,
    submission_of,
    took_effect,
)
from flue_valkey.keyspace import Hash

_Effect = Callable[[Book, Call], str | None]
_GONE: Final = "is not there"


def _on_row(wrong: Callable[[Book, Call, Hash], str | None]) -> _Effect:
    """The effect on the row of a submission, unless a session deletion may have removed it."""

    def effect(book: Book, call: Call) -> str | None:
        submission_id = submission_of(call)
        if book.may_be_gone(submission_id):
            return None
        row = book.row(submission_id)
        return wrong(book, call, row) if row else _GONE

    return effect


def _admitted(book: Book, call: Call) -> str | None:
    submission_id, row = submission_of(call), book.row(submission_of(call))
    result = (call.answer or {})["result"]
    sequence = result.get("submission", result).get("sequence")
    if book.may_be_gone(submission_id):
        is_dispatch = call.operation["op"] == ADMISSIONS[0]
        left = row or not is_dispatch or book.space.one("receipt", submission_id)
        return None if left else "has neither row nor receipt"
    if not row:
        return _GONE
    return None if row["sequence"] == str(sequence) else f"has the sequence {row['sequence']}, not {sequence}"


def _taken(book: Book, call: Call, row: Hash) -> str | None:
    attempt_id, count = attempt_of(call), (call.answer or {})["result"]["attemptCount"]
    if int(row["attemptCount"]) != count:
        return None if int(row["attemptCount"]) > count else f"was taken {row['attemptCount']} times, not {count}"
    requeues = book.about(submission_of(call), "submissions.requeueSubmissionBeforeInputApplied")
    if row["status"] == "queued" and any(may_have(each) and attempt_of(each) == attempt_id for each in requeues):
        return None
    return None if row.get("attemptId") == attempt_id else f"belongs to {row.get('attemptId')}"


def _requeued(_: Book, call: Call, row: Hash) -> str | None:
    return "still belongs to the attempt" if row.get("attemptId") == attempt_of(call) else None


def _applied(_: Book, __: Call, row: Hash) -> str | None:
    return None if "inputAppliedAt" in row else "has no input applied"


def _settled(_: Book, call: Call, row: Hash) -> str | None:
    error = call.operation["args"][1] if call.operation["op"].endswith("failSubmission") else None
    found = (row["status"], row.get("attemptId"), row.get("error"))
    return None if found == ("settled", attempt_of(call), error) else f"is {found}"


def _reserved(_: Book, call: Call, row: Hash) -> str | None:
    if row["status"] not in ("terminalizing", "settled") or row.get("attemptId") != attempt_of(call):
        return f"is {row['status']} under {row.get('attemptId')}"
    key = call.operation["args"][1]["eventKey"]
    return None if row.get("terminalKey") == key else f"has the terminal key {row.get('terminalKey')}"


def _recorded(_: Book, call: Call, row: Hash) -> str | None:
    offset = call.operation["args"][2]
    return None if row.get("terminalOffset") == offset else f"has the offset {row.get('terminalOffset')}"


def _journaled(book: Book, call: Call, _: Hash) -> str | None:
    """Each change of a journal adds 1 to its revision."""
    revision = int(book.space.one("journal", submission_of(call)).get("revision", "0"))
    changes = [each for each in book.about(submission_of(call), *JOURNAL_CHANGES) if took_effect(each)]
    return None if changes.index(call) < revision else f"has revision {revision} after {len(changes)} changes"


def _committed(book: Book, call: Call, _: Hash) -> str | None:
    journal = book.space.one("journal", submission_of(call))
    if journal.get("attemptId") != attempt_of(call):
        return None if journal else "has no journal"  # that of a later attempt stands in the one slot
    leaf = call.operation["args"][1]
    found = journal.get("committedLeafId")
    return None if found == leaf else f"is committed with {found}"


def _segment(book: Book, call: Call) -> str | None:
    stream_key, index, body = call.operation["args"]
    found = book.space.one("stream_segments", stream_key).get(str(index))
    if found is None and (book.segments_may_be_deleted(stream_key) or book.stream_may_be_gone(stream_key)):
        return None
    return None if found == body else f"reads {found}"


def _segments_deleted(book: Book, call: Call) -> str | None:
    return "is still there" if book.space.one("stream_segments", call.operation["args"][0]) else None


def _marked(book: Book, call: Call) -> str | None:
    deletions = book.about(submission_of(call), "submissions.deleteAttemptMarker")
    if any(may_have(each) and attempt_of(each) == attempt_of(call) for each in deletions):
        return None
    return None if book.space.one("marker", submission_of(call), attempt_of(call)) else _GONE


def _unmarked(book: Book, call: Call) -> str | None:
    return "is still there" if book.space.one("marker", submission_of(call), attempt_of(call)) else None


def _session_deleted(book: Book, call: Call) -> str | None:
    session_key = call.operation["args"][0]
    for admission in book.calls(*ADMISSIONS):
        before = took_effect(admission) and (admission.ended or call.began) < call.began
        if before and session_of(admission) == session_key:
            submission_id = submission_of(admission)
            if book.row(submission_id):
                return f"submission {submission_id} is still there"
            if admission.operation["op"] == ADMISSIONS[0] and not book.space.one("receipt", submission_id):
                return f"dispatch {submission_id} has no receipt"
    return None


def _saved(book: Book, call: Call) -> str | None:
    session_key, data = call.operation["args"]
    found = book.document(session_key)
    if found is None:
        return _GONE
    if found["number"] == data["number"]:
        return None if found == data else f"reads {found}"
    return None if found["number"] > data["number"] else f"is that of save {found['number']}"


def _appended(book: Book, call: Call) -> str | None:
    path, *_, event = call.operation["args"]
    found = book.events(path).get((call.answer or {})["result"])
    return None if found == event else f"reads {found}"


def _stream_created(book: Book, call: Call) -> str | None:
    return None if book.space.one("event", call.operation["args"][0]) else _GONE


def _run_created(book: Book, call: Call) -> str | None:
    return None if book.space.one("run", call.operation["args"][0]["runId"]) else _GONE


def _run_ended(book: Book, call: Call) -> str | None:
    status = book.space.one("run", call.operation["args"][0]["runId"]).get("status")
    return None if status == "completed" else f"is {status}"


EFFECTS: Final[dict[str, _Effect]] = {
    "submissions.admitDispatch": _admitted,
    "submissions.admitDirect": _admitted,
    "submissions.claimSubmission": _on_row(_taken),
    "submissions.replaceTurnJournalAttempt": _on_row(_taken),
    "submissions.requeueSubmissionBeforeInputApplied": _on_row(_requeued),
    "submissions.markSubmissionInputApplied": _on_row(_applied),
    "submissions.completeSubmission": _on_row(_settled),
    "submissions.failSubmission": _on_row(_settled),
    "submissions.finalizeSubmissionTerminal": _on_row(_settled),
    "submissions.reserveSubmissionTerminal": _on_row(_reserved),
    "submissions.recordSubmissionTerminalOffset": _on_row(_recorded),
    "submissions.beginTurnJournal": _on_row(_journaled),
    "submissions.updateTurnJournalPhase": _on_row(_journaled),
    "submissions.markStreamConsumed": _on_row(_journaled),
    "submissions.commitTurnJournal": _on_row(_committed),
    "submissions.appendStreamChunkSegment": _segment,
    "submissions.deleteStreamChunkSegments": _segments_deleted,
    "submissions.insertAttemptMarker": _marked,
    "submissions.deleteAttemptMarker": _unmarked,
    "submissions.deleteSession": _session_deleted,
    "sessions.save": _saved,
    "events.createStream": _stream_created,
    "events.appendEvent": _appended,
    "events.appendEventOnce": _appended,
    "runs.createRun": _run_created,
    "runs.endRun": _run_ended,
}
