"""Rows as they lie in the database, and the records they stand for. What cannot be read is a `CorruptRecordError`."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from flue_memdb.contract import UNSET, CorruptRecordError, Json, RunOwner, RunPointer, RunRecord, Submission
from flue_memdb.contract.checks import KINDS, PHASES, RUN_STATUSES, SUBMISSION_STATUSES
from flue_memdb.contract.errors import quoted
from flue_memdb.contract.images import attach_images
from flue_memdb.contract.json_text import parse_json
from flue_memdb.contract.records import TerminalOutbox, TurnJournal

Flat: TypeAlias = Sequence[bytes | None] | bytes
"""Fields and values in turn; of a key that is no hash, the name of its type."""
Fields: TypeAlias = Mapping[bytes, bytes]

_INDEX = re.compile(rb"0|[1-9][0-9]{0,15}")
_DIGITS = 16


class Row:
    """The fields of one stored record, by the names that they have there; `label` says which, in errors."""

    def __init__(self, operation: str, label: str, fields: Flat | Fields) -> None:
        self._operation = operation
        self._label = label
        if isinstance(fields, bytes):
            kind = fields.decode()
            raise self.corrupt("it is missing" if kind == "none" else f"its key is a {kind} and no hash")
        self._fields = fields if isinstance(fields, Mapping) else flat_fields(fields)

    @classmethod
    def of_values(cls, operation: str, label: str, names: Iterable[bytes], values: Flat) -> "Row":
        """The row of which some fields were read, each a value or None."""
        if isinstance(values, bytes):
            return cls(operation, label, values)
        return cls(operation, label, _given(names, values))

    def corrupt(self, found: str) -> CorruptRecordError:
        """The error for something in this record that cannot be read."""
        return CorruptRecordError(self._operation, self._label, found)

    def own(self, name: bytes, expected: str) -> "Row":
        """This row, which must name its own id in a field."""
        if self.text(name) != expected:
            raise self._unexpected(name)
        return self

    def text(self, name: bytes) -> str:
        """A field that must be there."""
        try:
            return self._fields[name].decode()
        except KeyError:
            raise self.corrupt(f"its field {name.decode()} is missing") from None
        except UnicodeDecodeError:
            raise self.corrupt(f"its field {name.decode()} is no UTF-8 text") from None

    def optional(self, name: bytes) -> str | None:
        """A field that may be missing."""
        return self.text(name) if name in self._fields else None

    def indexes(self) -> list[int]:
        """The names of the fields, which must all be numbers in their shortest form."""
        for name in self._fields:
            if not _INDEX.fullmatch(name):
                raise self.corrupt(f"it has the field {quoted(_text_or_bytes(name))}, which is no index")
        return [*map(int, self._fields)]

    def instant(self, name: bytes) -> int:
        """An instant in epoch ms, which may be negative and must be there."""
        value = self._fields.get(name, b"")
        digits = value.removeprefix(b"-")
        if digits.isdigit() and len(digits) <= _DIGITS:
            return int(value)
        raise self._unexpected(name, "no instant")

    def number(self, name: bytes) -> int:
        """A whole number, not negative, that must be there."""
        value = self._fields.get(name, b"")
        if value.isdigit() and len(value) <= _DIGITS:
            return int(value)
        raise self._unexpected(name, "no whole number")

    def count(self, name: bytes) -> int:
        """A number of fields, which must be there."""
        number = self.number(name)
        if number > len(self._fields):
            raise self.corrupt(f"its field {name.decode()} is {number}, and it has {len(self._fields)} fields")
        return number

    def optional_number(self, name: bytes) -> int | None:
        """A whole number, not negative, that may be missing."""
        return self.number(name) if name in self._fields else None

    def flag(self, name: bytes) -> bool:
        """A flag, `0` or `1`, that must be there."""
        value = self.text(name)
        if value not in ("0", "1"):
            raise self._unexpected(name, "neither 0 nor 1")
        return value == "1"

    def optional_flag(self, name: bytes) -> bool | None:
        """A flag, `0` or `1`, that may be missing."""
        return self.flag(name) if name in self._fields else None

    def one_of(self, name: bytes, allowed: Collection[str]) -> Any:
        """A name out of a set, which must be there."""
        value = self.text(name)
        if value not in allowed:
            raise self._unexpected(name, f"none of {', '.join(sorted(allowed))}")
        return value

    def document(self, name: bytes) -> Json:
        """The value of a JSON text; `UNSET` where the field is missing."""
        return self.required_document(name) if name in self._fields else UNSET

    def required_document(self, name: bytes) -> Json:
        """The value of a JSON text that must be there."""
        try:
            return parse_json(self.text(name))
        except ValueError as error:
            raise self.corrupt(f"its field {name.decode()} is no JSON text ({error})") from None

    def required_object(self, name: bytes) -> dict[str, Json]:
        """The JSON object of a JSON text that must be there."""
        document = self.required_document(name)
        if not isinstance(document, dict):
            raise self.corrupt(f"its field {name.decode()} is no JSON object")
        return document

    def _unexpected(self, name: bytes, what: str = "") -> CorruptRecordError:
        """The error for a field with another value than is expected, if it is there and a text at all."""
        found = f"its field {name.decode()} is {quoted(self.text(name))}"
        return self.corrupt(f"{found}, which is {what}" if what else found)


def flat_fields(flat: Sequence[Any]) -> dict[bytes, bytes]:
    """The fields of a hash of which names and values were read in turn."""
    return dict(zip(flat[::2], flat[1::2], strict=True))


def _given(names: Iterable[bytes], values: Sequence[bytes | None]) -> dict[bytes, bytes]:
    """The fields that were found, of those that were asked for."""
    return {name: value for name, value in zip(names, values, strict=True) if value is not None}


def _text_or_bytes(name: bytes) -> str | bytes:
    try:
        return name.decode()
    except UnicodeDecodeError:
        return name


def submission(operation: str, submission_id: str, flat: Flat, payload: Flat) -> Submission:
    """The record of a submission's row and its payload."""
    row = submission_row(operation, submission_id, flat)
    kind = row.one_of(b"kind", KINDS)
    return Submission(
        sequence=row.number(b"sequence"),
        submission_id=submission_id,
        session_key=row.text(b"sessionKey"),
        kind=kind,
        input=payload_document(operation, submission_id, kind, payload),
        status=row.one_of(b"status", SUBMISSION_STATUSES),
        accepted_at=row.instant(b"acceptedAt"),
        attempt_id=row.optional(b"attemptId"),
        owner_id=row.optional(b"ownerId"),
        started_at=row.optional_number(b"startedAt"),
        input_applied_at=row.optional_number(b"inputAppliedAt"),
        recovery_requested_at=row.optional_number(b"recoveryRequestedAt"),
        error=row.optional(b"error"),
        attempt_count=row.number(b"attemptCount"),
        max_retry=row.number(b"maxRetry"),
        timeout_at=row.number(b"timeoutAt"),
        lease_expires_at=row.number(b"leaseExpiresAt"),
    )


def submission_row(operation: str, submission_id: str, flat: Flat | Fields) -> Row:
    """The row of a submission, which must be its own."""
    return Row(operation, f"submission {quoted(submission_id)}", flat).own(b"submissionId", submission_id)


def payload_document(operation: str, submission_id: str, kind: str, flat: Flat | Fields) -> dict[str, Json]:
    """The admitted document of a payload, its images in their place."""
    row = Row(operation, f"payload of submission {quoted(submission_id)}", flat)
    document = row.required_object(b"payload")
    chunks = [row.required_object(b"chunk:%d" % index) for index in range(row.count(b"chunkCount"))]
    payload: Any = document.get("payload")
    holds_images = kind == "direct" and isinstance(payload, dict) and "images" in payload
    if not holds_images and not chunks:
        return document
    try:
        images = attach_images(payload["images"] if holds_images else [], chunks)
    except ValueError as error:
        raise row.corrupt(str(error)) from None
    return {**document, "payload": {**payload, "images": images}} if holds_images else document


OUTBOX_FIELDS = (
    b"submissionId",
    b"sessionKey",
    b"status",
    b"attemptId",
    b"terminalKey",
    b"terminalEvent",
    b"terminalOffset",
)


def reserved_outbox(operation: str, submission_id: str, values: Sequence[bytes | None]) -> TerminalOutbox:
    """The reserved terminal of the fields of a submission's row that its reservation reads."""
    return terminal_outbox(operation, submission_id, _given(OUTBOX_FIELDS, values))


def terminal_outbox(operation: str, submission_id: str, flat: Flat | Fields) -> TerminalOutbox:
    """The reserved terminal of a submission's row."""
    row = submission_row(operation, submission_id, flat)
    row.one_of(b"status", SUBMISSION_STATUSES)
    return TerminalOutbox(
        submission_id=submission_id,
        session_key=row.text(b"sessionKey"),
        attempt_id=row.text(b"attemptId"),
        event_key=row.text(b"terminalKey"),
        event=row.required_document(b"terminalEvent"),
        offset=row.optional(b"terminalOffset"),
    )


def turn_journal(operation: str, submission_id: str, flat: Flat) -> TurnJournal:
    """The record of a journal's row."""
    row = Row(operation, f"journal of submission {quoted(submission_id)}", flat).own(b"submissionId", submission_id)
    return TurnJournal(
        submission_id=submission_id,
        session_key=row.text(b"sessionKey"),
        kind=row.one_of(b"kind", KINDS),
        attempt_id=row.text(b"attemptId"),
        operation_id=row.text(b"operationId"),
        turn_id=row.text(b"turnId"),
        phase=row.one_of(b"phase", PHASES),
        revision=row.number(b"revision"),
        created_at=row.number(b"createdAt"),
        updated_at=row.number(b"updatedAt"),
        checkpoint_leaf_id=row.optional(b"checkpointLeafId"),
        tool_request=row.document(b"toolRequest"),
        stream_key=row.optional(b"streamKey"),
        stream_consumed_at=row.optional_number(b"streamConsumedAt"),
        committed=row.flag(b"committed"),
        committed_leaf_id=row.optional(b"committedLeafId"),
    )


POINTER_FIELDS = (b"runId", b"workflowName", b"status", b"startedAt", b"endedAt", b"isError", b"durationMs")


def run_row(operation: str, run_id: str, flat: Flat) -> Row:
    """The row of a run."""
    return Row(operation, f"run {quoted(run_id)}", flat).own(b"runId", run_id)


def run_pointer(operation: str, run_id: str, values: Flat) -> RunPointer:
    """The pointer of the fields of a run's row that a listing reads."""
    row = Row.of_values(operation, f"run {quoted(run_id)}", POINTER_FIELDS, values).own(b"runId", run_id)
    return RunPointer(
        run_id=run_id,
        workflow_name=row.text(b"workflowName"),
        status=row.one_of(b"status", RUN_STATUSES),
        started_at=row.text(b"startedAt"),
        ended_at=row.optional(b"endedAt"),
        is_error=row.optional_flag(b"isError"),
        duration_ms=row.optional_number(b"durationMs"),
    )


def run_record(operation: str, run_id: str, flat: Flat) -> RunRecord:
    """The record of a run's row."""
    row = run_row(operation, run_id, flat)
    return RunRecord(
        run_id=run_id,
        workflow_name=row.text(b"workflowName"),
        status=row.one_of(b"status", RUN_STATUSES),
        started_at=row.text(b"startedAt"),
        input=row.document(b"payload"),
        trace_carrier=row.document(b"traceCarrier"),
        ended_at=row.optional(b"endedAt"),
        is_error=row.optional_flag(b"isError"),
        duration_ms=row.optional_number(b"durationMs"),
        result=row.document(b"result"),
        error=row.document(b"error"),
    )


def run_owner(operation: str, run_id: str, flat: Flat) -> RunOwner:
    """The owner of a run's row."""
    row = run_row(operation, run_id, flat)
    return RunOwner(run_id, row.text(b"workflowName"))
