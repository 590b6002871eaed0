"""Every operation of the vocabulary as something to cut: what leads to it, and how many commands it sends."""

from dataclasses import dataclass
from typing import TypeAlias

from flue_memdb.contract import Json
from flue_memdb.verification import Operation
from flue_memdb.verification.retries import RETRIES, operation

Call: TypeAlias = tuple[str, list[Json]]

LEASE_MS = 30_000
PART_BYTES = 1_300
"""How much of a session document goes in one command here."""


@dataclass(frozen=True)
class Case:
    """A call; `again_after_ms` is how much later another process repeats it."""

    led_by: tuple[Call, ...]
    call: Call
    commands: int = 1
    again_after_ms: int = 5

    @property
    def operations(self) -> list[Operation]:
        """What the readable state is about."""
        return [operation(call) for call in (*self.led_by, self.call) if not call[0].startswith("disturb.")]


def _run(number: int) -> Call:
    return "runs.createRun", [{"runId": f"r{number}", "workflowName": "digest", "startedAt": f"2026-06-0{number}"}]


_DELETE = RETRIES["submissions.deleteSession"]
_SETTLED = _DELETE.led_by
_RUNNING = RETRIES["submissions.completeSubmission"].led_by
_EXPIRED = (_RUNNING[0], ("submissions.claimSubmission", [{**_RUNNING[1][1][0], "leaseExpiresAt": 1}]))
_TERMINALIZING = RETRIES["submissions.finalizeSubmissionTerminal"].led_by
_JOURNAL = (RETRIES["submissions.beginTurnJournal"].call,)
_SAVED = (RETRIES["sessions.save"].call,)
_SEGMENT = (RETRIES["submissions.appendStreamChunkSegment"].call,)
_STREAM = (*RETRIES["events.appendEvent"].led_by, RETRIES["events.appendEvent"].call)
_MARKED = (RETRIES["submissions.insertAttemptMarker"].call,)
_LARGE: Call = (
    "sessions.save",
    [_DELETE.call[1][0], {"entries": [{"id": f"e{n}", "text": "x" * 250} for n in range(8)]}],
)
_RUNS = (_run(1), _run(2), _run(3))

READS: dict[str, Case] = {
    call[0]: Case(led_by, call)
    for led_by, call in (
        (_SAVED, ("sessions.load", [_DELETE.call[1][0]])),
        (_RUNNING, ("submissions.getSubmission", ["d1"])),
        (_JOURNAL, ("submissions.getTurnJournal", ["d1"])),
        (_RUNNING, ("submissions.hasUnsettledSubmissions", [])),
        (_RUNNING[:1], ("submissions.listRunnableSubmissions", [])),
        (_RUNNING, ("submissions.listRunningSubmissions", [])),
        (_EXPIRED, ("submissions.listExpiredSubmissions", [])),
        (_TERMINALIZING, ("submissions.listPendingTerminalOutboxes", [])),
        (_SEGMENT, ("submissions.getStreamChunkSegments", ["d1:turn:1"])),
        (_MARKED, ("submissions.listAttemptMarkers", [])),
        (_RUNNING, ("submissions.listPendingSessionDeletions", [])),
        (_RUNS, ("runs.getRun", ["r1"])),
        (_RUNS, ("runs.lookupRun", ["r1"])),
        (_RUNS, ("runs.listRuns", [{"limit": 1}])),
        (_STREAM, ("events.readEvents", ["runs/r1"])),
        (_STREAM, ("events.getStreamMeta", ["runs/r1"])),
    )
}
"""The operations that change nothing, unless they meet something to mend."""


def _mending(op: str, led_by: tuple[Call, ...], spoiled: tuple[str, str] = ("d1", "attemptCount")) -> Case:
    """A listing that meets a row which cannot be read, and the index entry of a submission that is elsewhere.

    It sends the listing, the settlement of the one, the move of the other, and the listing again.
    """
    attempt = {"submissionId": "d9", "attemptId": "a9"}
    dispatch = {"dispatchId": "d9", "agent": "planner", "id": "other", "input": None, "acceptedAt": "2026-06-03"}
    trouble: tuple[Call, ...] = (
        ("submissions.admitDispatch", [dispatch]),
        ("submissions.claimSubmission", [attempt | {"ownerId": "w9", "leaseExpiresAt": 0}]),
        ("submissions.completeSubmission", [attempt]),
        ("disturb.spoilSubmission", [*spoiled]),
        *(("disturb.addEntry", [index, "d9"]) for index in ("queued", "running", "terminalizing")),
    )
    return Case((*led_by, *trouble), (op, []), commands=4, again_after_ms=0)


OF_MANY_COMMANDS: dict[str, Case] = {
    case.call[0]: case
    for case in (
        # The marker, the document that the callback deletes, and three portions of at most two submissions.
        Case(_SETTLED, _DELETE.call, commands=5, again_after_ms=LEASE_MS),
        _mending("submissions.listRunnableSubmissions", _RUNNING[:1]),
        _mending("submissions.listRunningSubmissions", _RUNNING),
        _mending("submissions.listExpiredSubmissions", _EXPIRED),
        _mending("submissions.listPendingTerminalOutboxes", _TERMINALIZING, ("p1", "submissionId")),
        # A document of many parts: the last one publishes it.
        Case(_SAVED, _LARGE, commands=5),
        Case((_LARGE,), READS["sessions.load"].call, commands=5),
        # The newest run cannot be read and is left out, so the page needs another one.
        Case((*_RUNS, ("disturb.spoilRun", ["r3", "runId"])), ("runs.listRuns", [{"limit": 1}]), commands=2),
    )
}
OF_ONE_COMMAND: dict[str, Case] = {
    op: Case(retry.led_by, retry.call) for op, retry in RETRIES.items() if retry is not _DELETE
} | READS
