"""What may never be seen, in the order of time: it follows from the ledgers alone, while everybody is at work."""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence

from flue_memdb.contract import Json
from flue_memdb.verification.histories import Call
from flue_valkey.drills.book import ADMISSIONS, SETTLEMENTS, TAKES, Book, may_have, submission_of, took_effect
from flue_valkey.keyspace import Keyspace

_LISTINGS_OF_UNSETTLED = (
    "submissions.listRunnableSubmissions",
    "submissions.listRunningSubmissions",
    "submissions.listExpiredSubmissions",
    "submissions.listPendingTerminalOutboxes",
)
_ONLY_OF_UNSETTLED = (
    *TAKES,
    "submissions.markSubmissionInputApplied",
    "submissions.requeueSubmissionBeforeInputApplied",
    "submissions.reserveSubmissionTerminal",
)

_EXPECTED_ERRORS = ("session_being_deleted", "session_busy", "callback", "submission_conflict")


def out_of_order(calls: Sequence[Call]) -> list[str]:
    """What contradicts the order of time: a settled submission that comes back, one that overtakes the head of its
    session, a deletion that reports a success which was nobody's, a session document that is older than its save. And
    each error that nothing explains."""
    book = Book(calls, Keyspace())
    return [*_errors(calls), *_come_back(book, calls), *_overtaking(book), *_deletions(book), *_documents(calls)]


def _errors(calls: Sequence[Call]) -> Iterator[str]:
    for call in calls:
        if call.answer is not None and call.answer.get("error", {}).get("kind", "callback") not in _EXPECTED_ERRORS:
            yield f"nothing explains this error: {call}"


def _come_back(book: Book, calls: Sequence[Call]) -> Iterator[str]:
    settled: dict[str, int] = {}
    for call in calls:
        for submission_id, is_settled in _shown(call):
            if is_settled and call.ended is not None:
                settled[submission_id] = min(call.ended, settled.get(submission_id, call.ended))
    for call in calls:
        for submission_id, is_settled in _shown(call):
            if not is_settled and call.began > settled.get(submission_id, call.began):
                if book.may_be_gone(submission_id) and len(book.about(submission_id, *ADMISSIONS)) > 1:
                    continue  # deleted, and admitted once more
                yield f"submission {submission_id} was settled, and then: {call}"


def _shown(call: Call) -> Iterator[tuple[str, bool]]:
    """The submissions of which the answer says whether they are settled."""
    op = call.operation["op"]
    if not took_effect(call) or call.answer is None:
        return
    if op in SETTLEMENTS:
        yield submission_of(call), True
    elif op in _ONLY_OF_UNSETTLED:
        yield submission_of(call), False
    elif op == "submissions.getSubmission":
        yield call.answer["result"]["submissionId"], call.answer["result"]["status"] == "settled"
    elif op in _LISTINGS_OF_UNSETTLED:
        yield from ((each["submissionId"], False) for each in call.answer["result"])


def _overtaking(book: Book) -> Iterator[str]:
    sessions: dict[str, dict[str, int]] = defaultdict(dict)
    claims = [call for call in book.calls(TAKES[0]) if took_effect(call)]
    for call in claims:
        taken = (call.answer or {})["result"]
        sessions[taken["sessionKey"]][taken["submissionId"]] = taken["sequence"]
    for call in claims:
        taken = (call.answer or {})["result"]
        for submission_id, sequence in sessions[taken["sessionKey"]].items():
            if sequence < taken["sequence"] and _settled_from(book, submission_id) > (call.ended or math.inf):
                yield f"submission {taken['submissionId']} was claimed before {submission_id}, the head, was settled"


def _settled_from(book: Book, submission_id: str) -> float:
    """The earliest time at which a submission can have been settled."""
    settlements = [call for call in book.about(submission_id, *SETTLEMENTS) if may_have(call)]
    known = [call for call in settlements if took_effect(call)]
    return min((call.began for call in known or settlements), default=math.inf)


def _deletions(book: Book) -> Iterator[str]:
    """A caller whose own callback fails can only have shared the success of another."""
    by_session: dict[str, list[Call]] = defaultdict(list)
    for call in book.calls("submissions.deleteSession"):
        by_session[call.operation["args"][0]].append(call)
    for session_key, calls in by_session.items():
        able = [call for call in calls if call.operation["args"][1]["$tree"] == "ok" and may_have(call)]
        for call in calls:
            if call.operation["args"][1]["$tree"] == "fail" and took_effect(call):
                ended = call.ended or math.inf
                if not any(other.began < ended and (other.ended or math.inf) > call.began for other in able):
                    yield f"a deletion of {session_key} that failed was reported as a success: {call}"


def _documents(calls: Sequence[Call]) -> Iterator[str]:
    """Each document has one writer, which also is the one that reads it."""
    saved: dict[str, Json] = {}
    for call in calls:
        op, args = call.operation["op"], call.operation["args"]
        if op == "sessions.save" and took_effect(call):
            saved[args[0]] = args[1]
        elif op == "sessions.load" and call.answer is not None:
            found = call.answer.get("result")
            if found != saved.get(args[0]):
                yield f"session {args[0]} reads as {found} after the save of {saved.get(args[0])}"
