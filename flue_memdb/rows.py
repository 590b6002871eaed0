"""The rows of the reference. Documents in them are JSON text, so that no caller can change them from outside."""

from dataclasses import dataclass, field

from flue_memdb.contract.errors import CorruptRecordError
from flue_memdb.contract.json_text import parse_json
from flue_memdb.contract.limits import DEFAULT_MAX_RETRY
from flue_memdb.contract.records import (
    Kind,
    Phase,
    RunPointer,
    RunRecord,
    RunStatus,
    Submission,
    SubmissionStatus,
    TerminalOutbox,
    TurnJournal,
)
from flue_memdb.contract.unset import UNSET


@dataclass(slots=True)
class Row:
    """A row whose fields may have been damaged: `unreadable` names those. No store damages any."""

    unreadable: tuple[str, ...] = field(default=(), kw_only=True)

    def require(self, *fields: str) -> None:
        """`CorruptRecordError` if one of these fields (none named: any) cannot be read."""
        for name in self.unreadable:
            if not fields or name in fields:
                raise CorruptRecordError("read", type(self).__name__, f"its {name} cannot be read")


@dataclass(slots=True)
class SubmissionRow(Row):
    """One submission; `input` and `terminal_event` are JSON text."""

    sequence: int
    submission_id: str
    session_key: str
    kind: Kind
    input: str
    accepted_at: int
    status: SubmissionStatus = "queued"
    attempt_id: str | None = None
    owner_id: str | None = None
    started_at: int | None = None
    input_applied_at: int | None = None
    recovery_requested_at: int | None = None
    settled_at: int | None = None
    error: str | None = None
    attempt_count: int = 0
    max_retry: int = DEFAULT_MAX_RETRY
    timeout_at: int = 0
    lease_expires_at: int = 0
    terminal_key: str | None = None
    terminal_event: str | None = None
    terminal_offset: str | None = None

    def record(self) -> Submission:
        self.require()
        return Submission(
            sequence=self.sequence,
            submission_id=self.submission_id,
            session_key=self.session_key,
            kind=self.kind,
            input=parse_json(self.input),
            status=self.status,
            accepted_at=self.accepted_at,
            attempt_id=self.attempt_id,
            owner_id=self.owner_id,
            started_at=self.started_at,
            input_applied_at=self.input_applied_at,
            recovery_requested_at=self.recovery_requested_at,
            error=self.error,
            attempt_count=self.attempt_count,
            max_retry=self.max_retry,
            timeout_at=self.timeout_at,
            lease_expires_at=self.lease_expires_at,
        )

    def outbox(self) -> TerminalOutbox:
        self.require("submissionId")
        assert self.attempt_id is not None
        assert self.terminal_key is not None
        assert self.terminal_event is not None
        return TerminalOutbox(
            submission_id=self.submission_id,
            session_key=self.session_key,
            attempt_id=self.attempt_id,
            event_key=self.terminal_key,
            event=parse_json(self.terminal_event),
            offset=self.terminal_offset,
        )


@dataclass(slots=True)
class JournalRow(Row):
    """One turn journal; `tool_request` is JSON text, or None where none was given."""

    submission_id: str
    session_key: str
    kind: Kind
    attempt_id: str
    operation_id: str
    turn_id: str
    phase: Phase
    revision: int
    created_at: int
    updated_at: int
    checkpoint_leaf_id: str | None
    tool_request: str | None
    stream_key: str | None = None
    stream_consumed_at: int | None = None
    committed: bool = False
    committed_leaf_id: str | None = None

    def record(self) -> TurnJournal:
        self.require()
        return TurnJournal(
            submission_id=self.submission_id,
            session_key=self.session_key,
            kind=self.kind,
            attempt_id=self.attempt_id,
            operation_id=self.operation_id,
            turn_id=self.turn_id,
            phase=self.phase,
            revision=self.revision,
            created_at=self.created_at,
            updated_at=self.updated_at,
            checkpoint_leaf_id=self.checkpoint_leaf_id,
            tool_request=UNSET if self.tool_request is None else parse_json(self.tool_request),
            stream_key=self.stream_key,
            stream_consumed_at=self.stream_consumed_at,
            committed=self.committed,
            committed_leaf_id=self.committed_leaf_id,
        )


@dataclass(slots=True)
class RunRow(Row):
    """One run; the documents are JSON text, or None where none was given."""

    run_id: str
    workflow_name: str
    started_at: str
    started_ms: int
    input: str | None
    trace_carrier: str | None
    status: RunStatus = "active"
    ended_at: str | None = None
    is_error: bool | None = None
    duration_ms: int | None = None
    result: str | None = None
    error: str | None = None

    @property
    def hidden(self) -> bool:
        """Whether listings leave it out, because its pointer cannot be read."""
        return "row" in self.unreadable or "runId" in self.unreadable

    def pointer(self) -> RunPointer:
        return RunPointer(
            run_id=self.run_id,
            workflow_name=self.workflow_name,
            status=self.status,
            started_at=self.started_at,
            ended_at=self.ended_at,
            is_error=self.is_error,
            duration_ms=self.duration_ms,
        )

    def record(self) -> RunRecord:
        self.require()
        return RunRecord(
            run_id=self.run_id,
            workflow_name=self.workflow_name,
            status=self.status,
            started_at=self.started_at,
            ended_at=self.ended_at,
            is_error=self.is_error,
            duration_ms=self.duration_ms,
            input=_given(self.input),
            trace_carrier=_given(self.trace_carrier),
            result=_given(self.result),
            error=_given(self.error),
        )


@dataclass(slots=True)
class StreamRow(Row):
    """One event stream: the events as JSON text, and the sequence that each event key stands for."""

    events: list[str] = field(default_factory=list)
    keys: dict[str, int] = field(default_factory=dict)
    closed: bool = False


@dataclass(slots=True)
class DeletionRow:
    """One deletion marker: a lease, and the last admission that it covers."""

    cutoff: int
    started_at: int
    owner_id: str
    lease_expires_at: int


def _given(text: str | None) -> object:
    return UNSET if text is None else parse_json(text)
