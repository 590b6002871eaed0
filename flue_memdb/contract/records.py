"""The records that the stores give back. Times are epoch milliseconds; a field that is not set is None, or `UNSET`
where a JSON null may stand."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from flue_memdb.contract.json_text import Json
from flue_memdb.contract.unset import UNSET

Kind: TypeAlias = Literal["dispatch", "direct"]
SubmissionStatus: TypeAlias = Literal["queued", "running", "terminalizing", "settled"]
Phase: TypeAlias = Literal["before_provider", "provider_started", "tool_request_recorded", "committed"]
RunStatus: TypeAlias = Literal["active", "completed", "errored"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """An accepted piece of work, as it stands.

    `sequence` is its place in the order of admission, from 1. `input` is the whole document as it was stored at
    admission. `accepted_at`, `started_at`, `input_applied_at`, `recovery_requested_at`, `timeout_at` and
    `lease_expires_at` are epoch ms; of the last two 0 means none. `error` is the text of `fail_submission`, or of what
    a listing found broken.
    """

    sequence: int
    submission_id: str
    session_key: str
    kind: Kind
    input: dict[str, Json]
    status: SubmissionStatus
    accepted_at: int
    attempt_id: str | None = None
    owner_id: str | None = None
    started_at: int | None = None
    input_applied_at: int | None = None
    recovery_requested_at: int | None = None
    error: str | None = None
    attempt_count: int
    max_retry: int
    timeout_at: int
    lease_expires_at: int


@dataclass(frozen=True, slots=True)
class Admitted:
    """The submission that an admission made, or that the same admission made before; then as it stands now."""

    submission: Submission


@dataclass(frozen=True, slots=True)
class RetainedReceipt:
    """What is kept of a dispatch whose session was deleted; `accepted_at` in epoch ms."""

    submission_id: str
    accepted_at: int


@dataclass(frozen=True, slots=True)
class Conflict:
    """The id was admitted before with something else."""


DispatchAdmission: TypeAlias = Admitted | RetainedReceipt | Conflict
"""What `admit_dispatch` gives."""


@dataclass(frozen=True, slots=True)
class TerminalOutbox:
    """The last event of a direct submission, reserved for publication under `event_key` by this attempt.

    `offset` is where it was appended, once that was recorded.
    """

    submission_id: str
    session_key: str
    attempt_id: str
    event_key: str
    event: Json
    offset: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnJournal:
    """The recovery record of the turn in progress, one slot a submission.

    `revision` grows by 1 with each change, over all turns. `created_at`, `updated_at` and `stream_consumed_at` are
    epoch ms. `tool_request` is `UNSET` where none was recorded.
    """

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
    checkpoint_leaf_id: str | None = None
    tool_request: Json = UNSET
    stream_key: str | None = None
    stream_consumed_at: int | None = None
    committed: bool
    committed_leaf_id: str | None = None


@dataclass(frozen=True, slots=True)
class StreamSegment:
    """One piece of the partial output of a turn; indexes need not be without a gap."""

    segment_index: int
    body: str


@dataclass(frozen=True, slots=True)
class AttemptMarker:
    """Evidence that an attempt was started, at `created_at` (epoch ms)."""

    submission_id: str
    attempt_id: str
    created_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """A workflow run; `started_at` and `ended_at` are the texts that the caller gave.

    `input`, `trace_carrier`, `result` and `error` are JSON, `UNSET` where none was given. `ended_at`, `is_error` and
    `duration_ms` are None while it is active.
    """

    run_id: str
    workflow_name: str
    status: RunStatus
    started_at: str
    input: Json = UNSET
    trace_carrier: Json = UNSET
    ended_at: str | None = None
    is_error: bool | None = None
    duration_ms: int | None = None
    result: Json = UNSET
    error: Json = UNSET


@dataclass(frozen=True, slots=True)
class RunOwner:
    """Which workflow a run belongs to."""

    run_id: str
    workflow_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPointer:
    """A run in a listing: without input, trace carrier, result and error."""

    run_id: str
    workflow_name: str
    status: RunStatus
    started_at: str
    ended_at: str | None = None
    is_error: bool | None = None
    duration_ms: int | None = None


@dataclass(frozen=True, slots=True)
class RunPage:
    """One page of runs, newest first; `next_cursor` exactly when more match."""

    runs: list[RunPointer]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """One event and its offset."""

    data: Json
    offset: str


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events in order; `next_offset` is where to read on, `up_to_date` says that nothing more was there."""

    events: list[StreamEvent]
    next_offset: str
    up_to_date: bool
    closed: bool


@dataclass(frozen=True, slots=True)
class EventStreamMeta:
    """The last event's offset (`"-1"` before the first), and whether the stream is closed."""

    next_offset: str
    closed: bool
