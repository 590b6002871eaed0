"""What each row looks like in a snapshot: its fields by name, in order, and what may stand in them."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeAlias

from flue_memdb.contract.checks import (
    KINDS,
    PHASES,
    RUN_STATUSES,
    SUBMISSION_STATUSES,
    check_flag,
    check_id,
    check_key,
    check_number,
    check_one_of,
    check_text,
    check_type,
)
from flue_memdb.contract.errors import InvalidPayloadError, quoted
from flue_memdb.contract.json_text import Json, json_text, parse_json
from flue_memdb.contract.plain import plain
from flue_memdb.contract.timestamps import parse_timestamp

OPERATION: Final = "restore"
"""What errors call the reading of a snapshot."""

_TEXT: Final = "$text"

DAMAGED: Final = {_TEXT: ""}
"""What stands for a document that cannot be read. Only that of a session can have been lost so."""

Check: TypeAlias = Callable[[str, str, Json], Any]
"""What is stored of a value, or a refusal: operation, place, value."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a row: the attribute that holds it, and its check; without a check it is a document, whose JSON text
    the row holds. An optional one that is not set is left out."""

    attribute: str
    check: Check | None
    optional: bool = False


def write_document(text: str) -> Json:
    """The value of a stored text, or the text itself where it is no JSON text, or reads as if it were such."""
    try:
        value = parse_json(text)
    except ValueError:
        return {_TEXT: text}
    return {_TEXT: text} if isinstance(value, dict) and value.keys() == {_TEXT} else value


def read_document(place: str, value: Json) -> str:
    """The text that a store holds of a document."""
    if not (isinstance(value, dict) and value.keys() == {_TEXT}):
        return json_text(value, OPERATION, place)
    place, text = f"{place}[{_TEXT!r}]", value[_TEXT]
    check_text(OPERATION, place, text)
    try:
        own = json_text(parse_json(text), OPERATION, place)
    except ValueError as error:
        raise InvalidPayloadError(OPERATION, place, f"is no JSON text ({error})", "give the document itself") from None
    if own != text:
        raise InvalidPayloadError(OPERATION, place, "is not as a store writes JSON", f"give {quoted(own)}")
    return own


def check_instant(operation: str, place: str, value: object) -> int:
    """Epoch milliseconds; before 1970 they are negative."""
    number = plain(value)
    if type(number) is int and number < 0:
        return -check_number(operation, place, -number)
    return check_number(operation, place, number)


def _timestamp(operation: str, place: str, value: object) -> str:
    check_type(operation, place, value, str)
    parse_timestamp(value, operation, place)
    return str(plain(value))


def _one_of(names: Collection[str]) -> Check:
    return partial(check_one_of, allowed=names)


SUBMISSION: Final[Mapping[str, Field]] = {
    "sequence": Field("sequence", check_number),
    "sessionKey": Field("session_key", check_key),
    "kind": Field("kind", _one_of(KINDS)),
    "status": Field("status", _one_of(SUBMISSION_STATUSES)),
    "acceptedAt": Field("accepted_at", check_instant),
    "input": Field("input", None),
    "attemptId": Field("attempt_id", check_id, optional=True),
    "ownerId": Field("owner_id", check_id, optional=True),
    "startedAt": Field("started_at", check_instant, optional=True),
    "inputAppliedAt": Field("input_applied_at", check_instant, optional=True),
    "recoveryRequestedAt": Field("recovery_requested_at", check_instant, optional=True),
    "settledAt": Field("settled_at", check_instant, optional=True),
    "error": Field("error", check_text, optional=True),
    "attemptCount": Field("attempt_count", check_number),
    "maxRetry": Field("max_retry", check_number),
    "timeoutAt": Field("timeout_at", check_instant),
    "leaseExpiresAt": Field("lease_expires_at", check_instant),
    "terminalKey": Field("terminal_key", check_key, optional=True),
    "terminalEvent": Field("terminal_event", None, optional=True),
    "terminalOffset": Field("terminal_offset", check_id, optional=True),
}

JOURNAL: Final[Mapping[str, Field]] = {
    "sessionKey": Field("session_key", check_key),
    "kind": Field("kind", _one_of(KINDS)),
    "attemptId": Field("attempt_id", check_id),
    "operationId": Field("operation_id", check_id),
    "turnId": Field("turn_id", check_id),
    "phase": Field("phase", _one_of(PHASES)),
    "revision": Field("revision", check_number),
    "createdAt": Field("created_at", check_instant),
    "updatedAt": Field("updated_at", check_instant),
    "checkpointLeafId": Field("checkpoint_leaf_id", check_id, optional=True),
    "toolRequest": Field("tool_request", None, optional=True),
    "streamKey": Field("stream_key", check_key, optional=True),
    "streamConsumedAt": Field("stream_consumed_at", check_instant, optional=True),
    "committed": Field("committed", check_flag),
    "committedLeafId": Field("committed_leaf_id", check_id, optional=True),
}

RUN: Final[Mapping[str, Field]] = {
    "workflowName": Field("workflow_name", check_id),
    "status": Field("status", _one_of(RUN_STATUSES)),
    "startedAt": Field("started_at", _timestamp),
    "endedAt": Field("ended_at", _timestamp, optional=True),
    "isError": Field("is_error", check_flag, optional=True),
    "durationMs": Field("duration_ms", check_number, optional=True),
    "input": Field("input", None, optional=True),
    "traceCarrier": Field("trace_carrier", None, optional=True),
    "result": Field("result", None, optional=True),
    "error": Field("error", None, optional=True),
}

DELETION: Final[Mapping[str, Field]] = {
    "cutoff": Field("cutoff", check_number),
    "startedAt": Field("started_at", check_instant),
    "ownerId": Field("owner_id", check_id),
    "leaseExpiresAt": Field("lease_expires_at", check_instant),
}
