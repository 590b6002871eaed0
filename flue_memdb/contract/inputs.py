"""The records that callers give to the stores, and their checks: what is wrong is refused before anything is read."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from flue_memdb.contract.checks import (
    KINDS,
    PHASES,
    RUN_STATUSES,
    check_flag,
    check_id,
    check_key,
    check_limit,
    check_number,
    check_one_of,
    check_type,
)
from flue_memdb.contract.cursors import RunPosition, decode_cursor
from flue_memdb.contract.errors import InvalidPayloadError
from flue_memdb.contract.json_text import Json
from flue_memdb.contract.plain import PlainFields
from flue_memdb.contract.records import Kind, Phase, RunStatus
from flue_memdb.contract.timestamps import parse_timestamp
from flue_memdb.contract.unset import UNSET


@dataclass(frozen=True, slots=True)
class AttemptRef(PlainFields):
    """One attempt at a submission. Every gate rests on `attempt_id`: give each attempt one of its own."""

    submission_id: str
    attempt_id: str


@dataclass(frozen=True, slots=True)
class ClaimRef(AttemptRef):
    """An attempt that its owner wants to begin, with the lease it takes (epoch ms)."""

    owner_id: str
    lease_expires_at: int


@dataclass(frozen=True, slots=True)
class Lease(PlainFields):
    """Who holds a submission, and until when (epoch ms)."""

    owner_id: str
    lease_expires_at: int


@dataclass(frozen=True, slots=True)
class Durability(PlainFields):
    """How often a submission is tried, and until when (epoch ms)."""

    max_retry: int
    timeout_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTurnJournal(PlainFields):
    """The turn that a journal begins with; `tool_request` is JSON, `UNSET` for none."""

    submission_id: str
    session_key: str
    kind: Kind
    attempt_id: str
    operation_id: str
    turn_id: str
    phase: Phase
    checkpoint_leaf_id: str | None = None
    tool_request: Json = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRun(PlainFields):
    """A run to create; `started_at` is an ISO 8601 timestamp, kept as given. `input` and `trace_carrier` are JSON;
    `UNSET` is none, which is not null."""

    run_id: str
    workflow_name: str
    started_at: str
    input: Json = UNSET
    trace_carrier: Json = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnd(PlainFields):
    """How a run ended; `ended_at` is an ISO 8601 timestamp, kept as given. `is_error` makes it `errored` instead of
    `completed`. `result` and `error` are JSON; `UNSET` is none, which is not null."""

    run_id: str
    ended_at: str
    is_error: bool
    duration_ms: int
    result: Json = UNSET
    error: Json = UNSET


_DISPATCH_FIELDS = {
    "dispatchId": "dispatch_id",
    "agent": "agent",
    "id": "id",
    "input": "input",
    "acceptedAt": "accepted_at",
    "traceCarrier": "trace_carrier",
}
_DIRECT_FIELDS = {
    "kind": "kind",
    "submissionId": "submission_id",
    "agent": "agent",
    "id": "id",
    "payload": "payload",
    "acceptedAt": "accepted_at",
    "traceCarrier": "trace_carrier",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchInput:
    """Asynchronous input (JSON) for an agent instance (`id`); `accepted_at` is an ISO 8601 timestamp.

    `extra` holds keys beside the known ones; they are kept.
    """

    dispatch_id: str
    agent: str
    id: str
    input: Json
    accepted_at: str
    trace_carrier: Json = UNSET
    extra: Mapping[str, Json] = field(default_factory=dict)
    _order: tuple[str, ...] = field(default=(), repr=False)

    @classmethod
    def from_json(cls, document: Json) -> "DispatchInput":
        """The input of a JSON document, whose order of keys is kept; it is checked when it is admitted."""
        check_type("from_json", "input", document, dict)
        return cls(**_fields(document, _DISPATCH_FIELDS))

    def document(self) -> dict[str, Json]:
        """The input as a JSON document."""
        return _document(self, _DISPATCH_FIELDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectInput:
    """A direct prompt for an agent instance (`id`); `accepted_at` is an ISO 8601 timestamp.

    `payload` has a text `message` and optionally a list `images` of `{"type": "image", "data", "mimeType"}`.
    `extra` holds keys beside the known ones; they are kept, as are unknown ones in the payload.
    """

    submission_id: str
    agent: str
    id: str
    payload: Json
    accepted_at: str
    trace_carrier: Json = UNSET
    extra: Mapping[str, Json] = field(default_factory=dict)
    kind: str = "direct"
    _order: tuple[str, ...] = field(default=(), repr=False)

    @classmethod
    def from_json(cls, document: Json) -> "DirectInput":
        """The input of a JSON document, whose order of keys is kept; it is checked when it is admitted."""
        check_type("from_json", "input", document, dict)
        return cls(**_fields(document, _DIRECT_FIELDS))

    def document(self) -> dict[str, Json]:
        """The input as a JSON document."""
        return _document(self, _DIRECT_FIELDS)


def _fields(document: dict[str, Json], names: dict[str, str]) -> dict[str, Json]:
    fields = {python: document.get(name, UNSET) for name, python in names.items()}
    extra = {name: value for name, value in document.items() if name not in names}
    return {**fields, "extra": extra, "_order": tuple(document)}


def _document(record: DispatchInput | DirectInput, names: dict[str, str]) -> dict[str, Json]:
    values = {name: value for name, python in names.items() if (value := getattr(record, python)) is not UNSET}
    values |= record.extra
    ordered = {name: values[name] for name in record._order if name in values}
    return ordered | values


def check_extra(operation: str, record: DispatchInput | DirectInput) -> None:
    """`extra` is a mapping that repeats no field."""
    check_type(operation, "extra", record.extra, Mapping)
    names = _DISPATCH_FIELDS if isinstance(record, DispatchInput) else _DIRECT_FIELDS
    for name in record.extra:
        if name in names:
            raise InvalidPayloadError(
                operation, "extra", f"holds {name!r}, which is a field", f"give {names[name]} instead"
            )


def check_attempt(operation: str, attempt: AttemptRef) -> None:
    """An `AttemptRef` with both ids."""
    check_type(operation, "attempt", attempt, AttemptRef)
    check_id(operation, "submission_id", attempt.submission_id)
    check_id(operation, "attempt_id", attempt.attempt_id)


def check_claim(operation: str, claim: ClaimRef) -> None:
    """A `ClaimRef` with an owner and the end of its lease."""
    check_type(operation, "claim", claim, ClaimRef)
    check_attempt(operation, claim)
    _check_holder(operation, claim)


def check_lease(operation: str, lease: Lease | None) -> None:
    """A `Lease`, or None."""
    if lease is not None:
        check_type(operation, "lease", lease, Lease)
        _check_holder(operation, lease)


def _check_holder(operation: str, holder: ClaimRef | Lease) -> None:
    check_id(operation, "owner_id", holder.owner_id)
    check_number(operation, "lease_expires_at", holder.lease_expires_at)


def check_durability(operation: str, durability: Durability | None) -> None:
    """A `Durability`, or None."""
    if durability is not None:
        check_type(operation, "durability", durability, Durability)
        check_number(operation, "max_retry", durability.max_retry)
        check_number(operation, "timeout_at", durability.timeout_at)


def check_leaf(operation: str, name: str, leaf_id: str | None) -> str | None:
    """A leaf id, or None."""
    return None if leaf_id is None else check_id(operation, name, leaf_id)


def check_new_journal(operation: str, journal: NewTurnJournal) -> None:
    """A `NewTurnJournal`; its tool request is checked as it is turned into JSON text."""
    check_type(operation, "journal", journal, NewTurnJournal)
    check_id(operation, "submission_id", journal.submission_id)
    check_key(operation, "session_key", journal.session_key)
    check_one_of(operation, "kind", journal.kind, KINDS)
    check_id(operation, "attempt_id", journal.attempt_id)
    check_id(operation, "operation_id", journal.operation_id)
    check_id(operation, "turn_id", journal.turn_id)
    check_one_of(operation, "phase", journal.phase, PHASES)
    check_leaf(operation, "checkpoint_leaf_id", journal.checkpoint_leaf_id)


def check_journal_update(
    operation: str, attempt: AttemptRef, phase: Phase, checkpoint_leaf_id: str | None, stream_key: str | None
) -> tuple[Phase, str | None, str | None]:
    """What an update of a journal gives, but for the tool request, which is checked as it is turned into JSON text:
    the phase, the leaf and the stream key."""
    check_attempt(operation, attempt)
    return (
        check_one_of(operation, "phase", phase, PHASES),
        check_leaf(operation, "checkpoint_leaf_id", checkpoint_leaf_id),
        None if stream_key is None else check_key(operation, "stream_key", stream_key),
    )


def check_new_run(operation: str, run: NewRun) -> int:
    """A `NewRun`; gives the instant of its start. Its documents are checked as they are turned into JSON text."""
    check_type(operation, "run", run, NewRun)
    check_id(operation, "run_id", run.run_id)
    check_id(operation, "workflow_name", run.workflow_name)
    return parse_timestamp(run.started_at, operation, "started_at")


def check_run_query(
    operation: str, status: RunStatus | None, workflow_name: str | None, limit: int | None, cursor: str | None
) -> RunPosition | None:
    """What a listing of runs is asked for; gives the position behind which it begins, None for the start."""
    if status is not None:
        check_one_of(operation, "status", status, RUN_STATUSES)
    if workflow_name is not None:
        check_id(operation, "workflow_name", workflow_name)
    check_limit(operation, limit)
    return None if cursor is None else decode_cursor(cursor, operation)


def check_run_end(operation: str, end: RunEnd) -> None:
    """A `RunEnd`; its documents are checked as they are turned into JSON text."""
    check_type(operation, "end", end, RunEnd)
    check_id(operation, "run_id", end.run_id)
    parse_timestamp(end.ended_at, operation, "ended_at")
    check_flag(operation, "is_error", end.is_error)
    check_number(operation, "duration_ms", end.duration_ms)
