"""What a retry gives: each operation that changes something, called again because the answer was lost.

`docs/retries.md` shows this table to people, the conformance suite demands it of every adapter, and the tests that cut
connections demand it of a process that goes on after another one died.
"""

from dataclasses import dataclass
from typing import Final

from flue_memdb.contract import Json, session_storage_key
from flue_memdb.verification.observations import Answer, Operation
from flue_memdb.verification.world import Call

AT: Final = 1_780_479_000_000
"""Where the clock stands at the first call."""


@dataclass(frozen=True, slots=True)
class Retry:
    """A call, the calls that lead to it, and what comes of it when it is repeated.

    `first` says in words (`in_words`) what the retry gives if the lost call had not happened, `again` if it had, and
    `twice` what the retry then changes; `tell` is a read that gives one thing if the call happened, another if not.
    """

    led_by: tuple[Call, ...]
    call: Call
    first: str
    again: str
    tell: Call
    twice: str = "nothing"


def operation(call: Call) -> Operation:
    """The call as a line of a trace has it."""
    return {"op": call[0], "args": call[1]}


def in_words(answer: Answer, earlier: Answer | None = None) -> str:
    """An answer as the table names it; `earlier` is what the same call gave the first time, if it was made before."""
    if "error" in answer:
        return str(answer["error"]["kind"])
    if "result" not in answer:
        return "nothing"
    result = answer["result"]
    if isinstance(result, dict):
        return "`Admitted`" if "submission" in result else "the outbox" if "eventKey" in result else "the submission"
    if isinstance(result, str):
        return "its offset" if earlier is None else "the same offset" if answer == earlier else "another offset"
    return f"`{result}`"


_SESSION: Final = session_storage_key("crew")
_WHEN = "2026-06-03T09:30:00.000Z"
_STREAM, _PATH, _KEY = "d1:turn:1", "runs/r1", "p1:end"
_OFFSET = "0000000000000000_0000000000000004"
_ATTEMPT, _DIRECT_ATTEMPT = ({"submissionId": submission_id, "attemptId": "a1"} for submission_id in ("d1", "p1"))
_DOCUMENT: Json = {"leafId": "e1", "entries": [{"id": "e1", "type": "message", "message": "hello"}]}


def _dispatch(dispatch_id: str) -> Call:
    common = {"agent": "planner", "id": "crew", "input": {"text": "plan"}, "acceptedAt": _WHEN}
    return "submissions.admitDispatch", [{"dispatchId": dispatch_id, **common}]


def _claim(submission_id: str, attempt_id: str = "a1") -> Call:
    owner = {"ownerId": "w1", "leaseExpiresAt": AT + 20_000}
    return "submissions.claimSubmission", [{"submissionId": submission_id, "attemptId": attempt_id, **owner}]


def _settled(submission_id: str) -> tuple[Call, ...]:
    attempt = {"submissionId": submission_id, "attemptId": "a1"}
    return _claim(submission_id), ("submissions.completeSubmission", [attempt])


_IMAGE = {"type": "image", "data": "aGVsbG8=", "mimeType": "image/png"}
_PROMPT: Json = {
    "kind": "direct",
    "submissionId": "p1",
    "agent": "planner",
    "id": "crew",
    "payload": {"message": "hello", "images": [_IMAGE]},
    "acceptedAt": _WHEN,
}
_JOURNAL: Json = {
    **_ATTEMPT,
    "sessionKey": _SESSION,
    "kind": "dispatch",
    "operationId": "o1",
    "turnId": "t1",
    "phase": "before_provider",
}
_RUN: Json = {"runId": "r1", "workflowName": "digest", "startedAt": _WHEN, "input": {"n": 1}}
_END: Json = {"runId": "r1", "endedAt": _WHEN, "isError": False, "durationMs": 5, "result": "done"}

_SAVE: Call = ("sessions.save", [_SESSION, _DOCUMENT])
_ADMIT_DIRECT: Call = ("submissions.admitDirect", [_PROMPT])
_RUNNING = (_dispatch("d1"), _claim("d1"))
_RESERVE: Call = ("submissions.reserveSubmissionTerminal", [_DIRECT_ATTEMPT, {"eventKey": _KEY, "event": "the end"}])
_RECORD: Call = ("submissions.recordSubmissionTerminalOffset", [_DIRECT_ATTEMPT, _KEY, _OFFSET])
_TERMINALIZING = (_ADMIT_DIRECT, _claim("p1"), _RESERVE)
_BEGIN: Call = ("submissions.beginTurnJournal", [_JOURNAL])
_UPDATE: Call = ("submissions.updateTurnJournalPhase", [_ATTEMPT, "provider_started", {"streamKey": _STREAM}])
_SEGMENT: Call = ("submissions.appendStreamChunkSegment", [_STREAM, 0, "piece"])
_MARK: Call = ("submissions.insertAttemptMarker", [_ATTEMPT])
_CREATE_RUN: Call = ("runs.createRun", [_RUN])
_CREATE_STREAM: Call = ("events.createStream", [_PATH])
_SETTLED_SESSION: tuple[Call, ...] = (
    *(_dispatch(f"d{number}") for number in range(1, 5)),
    _SAVE,
    _claim("d1"),
    _BEGIN,
    _UPDATE,
    _SEGMENT,
    ("submissions.completeSubmission", [_ATTEMPT]),
    *_settled("d2"),
    *_settled("d3"),
    *_settled("d4"),
    _ADMIT_DIRECT,
    *_settled("p1"),
)
_TREE: Json = {"$tree": "ok", "during": [{"op": "sessions.delete", "args": [_SESSION]}]}

_SUBMISSION: Call = ("submissions.getSubmission", ["d1"])
_PROMPT_READ: Call = ("submissions.getSubmission", ["p1"])
_JOURNAL_READ: Call = ("submissions.getTurnJournal", ["d1"])
_SEGMENTS_READ: Call = ("submissions.getStreamChunkSegments", [_STREAM])
_MARKERS_READ: Call = ("submissions.listAttemptMarkers", [])
_LOAD: Call = ("sessions.load", [_SESSION])
_RUN_READ: Call = ("runs.getRun", ["r1"])
_META: Call = ("events.getStreamMeta", [_PATH])

RETRIES: Final[dict[str, Retry]] = {
    retry.call[0]: retry
    for retry in (
        Retry((), _SAVE, "nothing", "nothing", _LOAD),
        Retry((_SAVE,), ("sessions.delete", [_SESSION]), "nothing", "nothing", _LOAD),
        Retry((), _dispatch("d1"), "`Admitted`", "`Admitted`", _SUBMISSION),
        Retry((), _ADMIT_DIRECT, "the submission", "the submission", _PROMPT_READ),
        Retry((_dispatch("d1"),), _claim("d1"), "the submission", "`None`", _SUBMISSION),
        Retry(_RUNNING, ("submissions.markSubmissionInputApplied", [_ATTEMPT]), "`True`", "`True`", _SUBMISSION),
        Retry(_RUNNING, ("submissions.requestSubmissionRecovery", [_ATTEMPT]), "`True`", "`True`", _SUBMISSION),
        Retry(
            _RUNNING,
            ("submissions.requeueSubmissionBeforeInputApplied", [_ATTEMPT]),
            "`True`",
            "`False`",
            _SUBMISSION,
        ),
        Retry(_RUNNING, ("submissions.completeSubmission", [_ATTEMPT]), "`True`", "`False`", _SUBMISSION),
        Retry(_RUNNING, ("submissions.failSubmission", [_ATTEMPT, "broke"]), "`True`", "`False`", _SUBMISSION),
        Retry(
            (*_RUNNING, _BEGIN),
            ("submissions.replaceTurnJournalAttempt", [_ATTEMPT, "a2"]),
            "the submission",
            "`None`",
            _SUBMISSION,
        ),
        Retry(_TERMINALIZING[:2], _RESERVE, "the outbox", "the outbox", _PROMPT_READ),
        Retry(_TERMINALIZING, _RECORD, "`True`", "`True`", ("submissions.listPendingTerminalOutboxes", [])),
        Retry(
            (*_TERMINALIZING, _RECORD),
            ("submissions.finalizeSubmissionTerminal", [_DIRECT_ATTEMPT, _KEY]),
            "`True`",
            "`False`",
            _PROMPT_READ,
        ),
        Retry(
            _RUNNING,
            _BEGIN,
            "`True`",
            "`True`",
            _JOURNAL_READ,
            "the slot is begun afresh, one revision up: what was noted in it since is gone",
        ),
        Retry((*_RUNNING, _BEGIN), _UPDATE, "`True`", "`True`", _JOURNAL_READ, "one revision more, and its moment"),
        Retry(
            (*_RUNNING, _BEGIN),
            ("submissions.commitTurnJournal", [_ATTEMPT, "e1"]),
            "`True`",
            "`False`",
            _JOURNAL_READ,
        ),
        Retry(
            (*_RUNNING, _BEGIN, _UPDATE),
            ("submissions.markStreamConsumed", [_ATTEMPT, _STREAM]),
            "`True`",
            "`False`",
            _JOURNAL_READ,
        ),
        Retry((), _SEGMENT, "`True`", "`False`", _SEGMENTS_READ),
        Retry((_SEGMENT,), ("submissions.deleteStreamChunkSegments", [_STREAM]), "nothing", "nothing", _SEGMENTS_READ),
        Retry((), _MARK, "nothing", "nothing", _MARKERS_READ),
        Retry((_MARK,), ("submissions.deleteAttemptMarker", [_ATTEMPT]), "nothing", "nothing", _MARKERS_READ),
        Retry(
            _RUNNING,
            ("submissions.renewLeases", ["w1", ["d1"]]),
            "nothing",
            "nothing",
            _SUBMISSION,
            "the leases end 30 s after the retry",
        ),
        Retry(_SETTLED_SESSION, ("submissions.deleteSession", [_SESSION, _TREE]), "nothing", "nothing", _SUBMISSION),
        Retry((), _CREATE_RUN, "nothing", "nothing", _RUN_READ),
        Retry((_CREATE_RUN,), ("runs.endRun", [_END]), "nothing", "nothing", _RUN_READ),
        Retry((), _CREATE_STREAM, "nothing", "nothing", _META),
        Retry(
            (_CREATE_STREAM,),
            ("events.appendEvent", [_PATH, "a"]),
            "its offset",
            "another offset",
            _META,
            "the event stands there twice",
        ),
        Retry((_CREATE_STREAM,), ("events.appendEventOnce", [_PATH, "k", "a"]), "its offset", "the same offset", _META),
        Retry((_CREATE_STREAM,), ("events.closeStream", [_PATH]), "nothing", "nothing", _META),
    )
}
"""Per operation that changes something, what a retry gives. Those of the vocabulary that are missing here only read."""
