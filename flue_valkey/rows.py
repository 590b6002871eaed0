"""Rows as they lie in the database, and the records they stand for. What cannot be read is a `CorruptRecordError`."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from flue_memdb.contract import UNSET, CorruptRecordError, Json, RunOwner, RunPointer, RunRecord, Submission
from flue_memdb.contract.checks import KINDS, PHASES, RUN_STATUSES
from flue_memdb.contract.errors import quoted
from flue_memdb.contract.images import attach_images
from flue_memdb.contract.json_text import parse_json
from flue_memdb.contract.records import TerminalOutbox, TurnJournal

Flat: TypeAlias = Sequence[bytes | None] | bytes
"""Fields and values in turn; of a key that is no hash, the name of its type."""

SUBMISSION_STATUSES = frozenset({"queued", "running", "terminalizing", "settled"})

_INDEX = re.compile(r"0|[1-9][0-9]{0,15}")
_DIGITS = 16


class Row:
    """The fields of one stored record; `label` says which, in errors."""

    def __init__(self, operation: str, label: str, fields: Flat | Mapping[bytes, bytes]) -> None:
        self._operation = operation
        self._label = label
        if isinstance(fields, bytes):
            kind = fields.decode()
            raise self.corrupt("it is missing" if kind == "none" else f"its key is a {kind} and no hash")
        names, values = (fields.keys(), fields.values()) if isinstance(fields, Mapping) else (fields[::2], fields[1::2])
        self._fields: dict[str | bytes, str | bytes] = dict(zip(_texts(names), _texts(values), strict=True))

    @classmethod
    def of_values(cls, operation: str, label: str, names: Iterable[bytes], values: Flat) -> "Row":
        """The row of which some fields were read, each a value or None."""
        if isinstance(values, bytes):
            return cls(operation, label, values)
        found = {name: value for name, value in zip(names, values, strict=True) if value is not None}
        return cls(operation, label, found)

    def corrupt(self, found: str) -> CorruptRecordError:
        """The error for something in this record that cannot be read."""
        return CorruptRecordError(self._operation, self._label, found)

    def own(self, name: str, expected: str) -> "Row":
        """This row, which must name its own id in a field."""
        if self.text(name) != expected:
            raise self.corrupt(f"its field {name} is {quoted(self.text(name))}")
        return self

    def text(self, name: str) -> str:
        """A field that must be there."""
        value = self._fields.get(name)
        if isinstance(value, str):
            return value
        raise self.corrupt(f"its field {name} is missing" if value is None else f"its field {name} is no UTF-8 text")

    def optional(self, name: str) -> str | None:
        """A field that may be missing."""
        return self.text(name) if name in self._fields else None

    def indexes(self) -> list[int]:
        """The names of the fields, which must all be numbers in their shortest form."""
        for name in self._fields:
            if isinstance(name, bytes) or not _INDEX.fullmatch(name):
                raise self.corrupt(f"it has the field {quoted(name)}, which is no index")
        return [int(name) for name in self._fields]

    def instant(self, name: str) -> int:
        """An instant in epoch ms, which may be negative and must be there."""
        value = self.text(name)
        if not _is_whole(value.removeprefix("-")):
            raise self.corrupt(f"its field {name} is {quoted(value)}, which is no instant")
        return int(value)

    def number(self, name: str) -> int:
        """A whole number, not negative, that must be there."""
        value = self.text(name)
        if not _is_whole(value):
            raise self.corrupt(f"its field {name} is {quoted(value)}, which is no whole number")
        return int(value)

    def count(self, name: str) -> int:
        """A number of fields, which must be there."""
        number = self.number(name)
        if number > len(self._fields):
            raise self.corrupt(f"its field {name} is {number}, and it has {len(self._fields)} fields")
        return number

    def optional_number(self, name: str) -> int | None:
        """A whole number, not negative, that may be missing."""
        return self.number(name) if name in self._fields else None

    def flag(self, name: str) -> bool:
        """A flag, `0` or `1`, that must be there."""
        value = self.text(name)
        if value not in ("0", "1"):
            raise self.corrupt(f"its field {name} is {quoted(value)}, which is neither 0 nor 1")
        return value == "1"

    def optional_flag(self, name: str) -> bool | None:
        """A flag, `0` or `1`, that may be missing."""
        return self.flag(name) if name in self._fields else None

    def one_of(self, name: str, allowed: Collection[str]) -> Any:
        """A name out of a set, which must be there."""
        value = self.text(name)
        if value not in allowed:
            raise self.corrupt(f"its field {name} is {quoted(value)}, which is none of {', '.join(sorted(allowed))}")
        return value

    def document(self, name: str) -> Json:
        """The value of a JSON text; `UNSET` where the field is missing."""
        return self.required_document(name) if name in self._fields else UNSET

    def required_document(self, name: str) -> Json:
        """The value of a JSON text that must be there."""
        try:
            return parse_json(self.text(name))
        except ValueError as error:
            raise self.corrupt(f"its field {name} is no JSON text ({error})") from None

    def required_object(self, name: str) -> dict[str, Json]:
        """The JSON object of a JSON text that must be there."""
        document = self.required_document(name)
        if not isinstance(document, dict):
            raise self.corrupt(f"its field {name} is no JSON object")
        return document


def _texts(values: Collection[Any]) -> list[str | bytes]:
    """What was read as texts. What is no UTF-8 stays as it is, and is refused when somebody asks for it."""
    try:
        return [value.decode() for value in values]
    except UnicodeDecodeError:
        return [value.decode() if _is_text(value) else value for value in values]


def _is_text(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_whole(text: str) -> bool:
    return text.isdecimal() and text.isascii() and len(text) <= _DIGITS


def submission(operation: str, submission_id: str, flat: Flat, payload: Flat) -> Submission:
    """The record of a submission's row and its payload."""
    row = submission_row(operation, submission_id, flat)
    kind = row.one_of("kind", KINDS)
    return Submission(
        sequence=row.number("sequence"),
        submission_id=row.text("submissionId"),
        session_key=row.text("sessionKey"),
        kind=kind,
        input=payload_document(operation, submission_id, kind, payload),
        status=row.one_of("status", SUBMISSION_STATUSES),
        accepted_at=row.instant("acceptedAt"),
        attempt_id=row.optional("attemptId"),
        owner_id=row.optional("ownerId"),
        started_at=row.optional_number("startedAt"),
        input_applied_at=row.optional_number("inputAppliedAt"),
        recovery_requested_at=row.optional_number("recoveryRequestedAt"),
        error=row.optional("error"),
        attempt_count=row.number("attemptCount"),
        max_retry=row.number("maxRetry"),
        timeout_at=row.number("timeoutAt"),
        lease_expires_at=row.number("leaseExpiresAt"),
    )


def submission_row(operation: str, submission_id: str, flat: Flat) -> Row:
    """The row of a submission, which must be its own."""
    return Row(operation, f"submission {quoted(submission_id)}", flat).own("submissionId", submission_id)


def payload_document(operation: str, submission_id: str, kind: str, flat: Flat) -> dict[str, Json]:
    """The admitted document of a payload, its images in their place."""
    row = Row(operation, f"payload of submission {quoted(submission_id)}", flat)
    document = row.required_object("payload")
    chunks = [row.required_object(f"chunk:{index}") for index in range(row.count("chunkCount"))]
    payload: Any = document.get("payload")
    holds_images = kind == "direct" and isinstance(payload, dict) and "images" in payload
    if not holds_images and not chunks:
        return document
    try:
        images = attach_images(payload["images"] if holds_images else [], chunks)
    except ValueError as error:
        raise row.corrupt(str(error)) from None
    return {**document, "payload": {**payload, "images": images}} if holds_images else document


def payload_texts(flat: Flat) -> dict[bytes | int | None, bytes | int | None]:
    """What two payloads must have in common to be the same: the texts of the document and of its image chunks."""
    fields = dict(zip(flat[::2], flat[1::2], strict=True))
    fields.pop(b"sessionKey", None)
    return fields


def terminal_outbox(operation: str, submission_id: str, flat: Flat) -> TerminalOutbox:
    """The reserved terminal of a submission's row."""
    row = submission_row(operation, submission_id, flat)
    row.one_of("status", SUBMISSION_STATUSES)
    return TerminalOutbox(
        submission_id=submission_id,
        session_key=row.text("sessionKey"),
        attempt_id=row.text("attemptId"),
        event_key=row.text("terminalKey"),
        event=row.required_document("terminalEvent"),
        offset=row.optional("terminalOffset"),
    )


def turn_journal(operation: str, submission_id: str, flat: Flat) -> TurnJournal:
    """The record of a journal's row."""
    row = Row(operation, f"journal of submission {quoted(submission_id)}", flat).own("submissionId", submission_id)
    return TurnJournal(
        submission_id=row.text("submissionId"),
        session_key=row.text("sessionKey"),
        kind=row.one_of("kind", KINDS),
        attempt_id=row.text("attemptId"),
        operation_id=row.text("operationId"),
        turn_id=row.text("turnId"),
        phase=row.one_of("phase", PHASES),
        revision=row.number("revision"),
        created_at=row.number("createdAt"),
        updated_at=row.number("updatedAt"),
        checkpoint_leaf_id=row.optional("checkpointLeafId"),
        tool_request=row.document("toolRequest"),
        stream_key=row.optional("streamKey"),
        stream_consumed_at=row.optional_number("streamConsumedAt"),
        committed=row.flag("committed"),
        committed_leaf_id=row.optional("committedLeafId"),
    )


POINTER_FIELDS = (b"runId", b"workflowName", b"status", b"startedAt", b"endedAt", b"isError", b"durationMs")


def run_row(operation: str, run_id: str, flat: Flat) -> Row:
    """The row of a run."""
    return Row(operation, f"run {quoted(run_id)}", flat).own("runId", run_id)


def run_pointer(operation: str, run_id: str, values: Flat) -> RunPointer:
    """The pointer of the fields of a run's row that a listing reads."""
    row = Row.of_values(operation, f"run {quoted(run_id)}", POINTER_FIELDS, values).own("runId", run_id)
    return RunPointer(
        run_id=row.text("runId"),
        workflow_name=row.text("workflowName"),
        status=row.one_of("status", RUN_STATUSES),
        started_at=row.text("startedAt"),
        ended_at=row.optional("endedAt"),
        is_error=row.optional_flag("isError"),
        duration_ms=row.optional_number("durationMs"),
    )


def run_record(operation: str, run_id: str, flat: Flat) -> RunRecord:
    """The record of a run's row."""
    row = run_row(operation, run_id, flat)
    return RunRecord(
        run_id=row.text("runId"),
        workflow_name=row.text("workflowName"),
        status=row.one_of("status", RUN_STATUSES),
        started_at=row.text("startedAt"),
        input=row.document("payload"),
        trace_carrier=row.document("traceCarrier"),
        ended_at=row.optional("endedAt"),
        is_error=row.optional_flag("isError"),
        duration_ms=row.optional_number("durationMs"),
        result=row.document("result"),
        error=row.document("error"),
    )


def run_owner(operation: str, run_id: str, flat: Flat) -> RunOwner:
    """The owner of a run's row."""
    row = run_row(operation, run_id, flat)
    return RunOwner(row.text("runId"), row.text("workflowName"))
