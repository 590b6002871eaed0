"""A snapshot as a database: checked first, so that it is all there or refused."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from flue_memdb.contract.checks import check_flag, check_id, check_key, check_number, check_text, check_type
from flue_memdb.contract.errors import InvalidInputError, InvalidPayloadError, quoted
from flue_memdb.contract.json_text import Json, parse_json
from flue_memdb.contract.limits import SCHEMA_VERSION
from flue_memdb.contract.sessions import check_session, split_session
from flue_memdb.contract.timestamps import parse_timestamp
from flue_memdb.database import MemoryDatabase
from flue_memdb.invariants import findings
from flue_memdb.rows import DeletionRow, JournalRow, RunRow, StreamRow, SubmissionRow
from flue_memdb.snapshots.fields import (
    DAMAGED,
    DELETION,
    JOURNAL,
    OPERATION,
    RUN,
    SUBMISSION,
    Check,
    Field,
    check_instant,
    read_document,
)
from flue_memdb.snapshots.writing import FORMAT

_SNAPSHOT: Final = "snapshot"
_DAMAGED_INDEX: Final = -1
_INDEX: Final = re.compile("0|[1-9][0-9]{0,15}")
_T = TypeVar("_T")


def read_snapshot(snapshot: Json) -> MemoryDatabase:
    """The database of a snapshot, with a clock and new ids of its own.

    Anything but a whole snapshot is the typed error of bad input, which names the place and what is wrong there.
    """
    check_type(OPERATION, _SNAPSHOT, snapshot, dict)
    if snapshot.get("format") != FORMAT:
        found = f"is {quoted(snapshot.get('format'))}"
        raise InvalidPayloadError(OPERATION, f"{_SNAPSHOT}['format']", found, f"give {FORMAT!r}, as snapshot() does")
    _check_names(_SNAPSHOT, snapshot, {*_PARTS, "format"})
    db = MemoryDatabase()
    for name, read in _PARTS.items():
        read(db, f"{_SNAPSHOT}[{name!r}]", snapshot[name])
    for finding in findings(db):
        raise InvalidPayloadError(OPERATION, _SNAPSHOT, f"contradicts itself: {finding}", "take it from a database")
    return db


def _read_schema_version(db: MemoryDatabase, place: str, value: Json) -> None:
    version = None if value is None else check_number(OPERATION, place, value)
    if version not in (None, SCHEMA_VERSION):
        remedy = f"give {SCHEMA_VERSION}, or null for a database that is still to be migrated"
        raise InvalidPayloadError(OPERATION, place, f"is {version}", remedy)
    db.schema_version = version


def _read_admissions(db: MemoryDatabase, place: str, value: Json) -> None:
    db.admissions = check_number(OPERATION, place, value)


def _read_sessions(db: MemoryDatabase, place: str, value: Json) -> None:
    db.sessions = _read_each(place, value, check_key, _read_session)


def _read_session(place: str, _: str, value: Json) -> str:
    if value == DAMAGED:
        return ""
    check_type(OPERATION, place, value, dict)
    try:
        check_session(OPERATION, value)
    except InvalidInputError as error:
        where = error.subject.removeprefix("data")
        raise type(error)(OPERATION, f"{place}{where}", error.found, error.remedy) from None
    session, entries = split_session(value)
    return read_document(place, {**session, "entries": entries})


def _read_submissions(db: MemoryDatabase, place: str, value: Json) -> None:
    def read(place: str, submission_id: str, value: Json) -> SubmissionRow:
        fields = _read_fields(place, value, SUBMISSION)
        check_type(OPERATION, f"{place}['input']", parse_json(fields["input"]), dict)
        return SubmissionRow(submission_id=submission_id, **fields)

    rows = _read_each(place, value, check_id, read)
    for row in sorted(rows.values(), key=lambda row: row.sequence):
        db.admit(row)
        if row.status == "running":
            db.running[row.submission_id] = row
        elif row.status == "terminalizing":
            db.terminalizing[row.submission_id] = row
        elif row.status == "settled":
            db.leave_queue(row)


def _read_journals(db: MemoryDatabase, place: str, value: Json) -> None:
    def read(place: str, submission_id: str, value: Json) -> JournalRow:
        return JournalRow(submission_id=submission_id, **_read_fields(place, value, JOURNAL))

    db.journals = _read_each(place, value, check_id, read)


def _read_segments(db: MemoryDatabase, place: str, value: Json) -> None:
    def read_body(place: str, _: str, value: Json) -> str:
        return check_text(OPERATION, place, value)

    def read(place: str, _: str, value: Json) -> dict[int, str]:
        return _read_each(place, value, _check_index, read_body)

    db.segments = _read_each(place, value, check_key, read)


def _check_index(operation: str, place: str, value: object) -> int:
    if value == str(_DAMAGED_INDEX):
        return _DAMAGED_INDEX
    check_type(operation, place, value, str)
    text = str(value)
    return check_number(operation, place, int(text) if _INDEX.fullmatch(text) else text)


def _read_markers(db: MemoryDatabase, place: str, value: Json) -> None:
    check_type(OPERATION, place, value, list)
    checks: dict[str, Check] = {"submissionId": check_id, "attemptId": check_id, "createdAt": check_instant}
    for index, marker in enumerate(value):
        fields = {name: Field(name, check) for name, check in checks.items()}
        at = f"{place}[{index}]"
        read = _read_fields(at, marker, fields)
        attempt = read["submissionId"], read["attemptId"]
        if attempt in db.markers:
            found = f"is a second marker of attempt {quoted(attempt[1])} of submission {quoted(attempt[0])}"
            raise InvalidPayloadError(OPERATION, at, found, "give each attempt one marker")
        db.markers[attempt] = read["createdAt"]


def _read_receipts(db: MemoryDatabase, place: str, value: Json) -> None:
    def read(place: str, _: str, value: Json) -> int:
        return check_instant(OPERATION, place, value)

    db.receipts = _read_each(place, value, check_id, read)


def _read_deletions(db: MemoryDatabase, place: str, value: Json) -> None:
    def read(place: str, _: str, value: Json) -> DeletionRow:
        return DeletionRow(**_read_fields(place, value, DELETION))

    db.deletions = _read_each(place, value, check_key, read)


def _read_runs(db: MemoryDatabase, place: str, value: Json) -> None:
    def read(place: str, run_id: str, value: Json) -> RunRow:
        fields = _read_fields(place, value, RUN)
        return RunRow(run_id=run_id, started_ms=parse_timestamp(fields["started_at"]), **fields)

    db.runs = _read_each(place, value, check_id, read)
    for row in db.runs.values():
        db.run_order.add(row)


def _read_streams(db: MemoryDatabase, place: str, value: Json) -> None:
    db.streams = _read_each(place, value, check_id, _read_stream)


def _read_stream(place: str, _: str, value: Json) -> StreamRow:
    def read_sequence(place: str, _: str, value: Json) -> int:
        return check_number(OPERATION, place, value)

    check_type(OPERATION, place, value, dict)
    _check_names(place, value, {"closed", "events", "keys"}, {"unreadable"})
    check_type(OPERATION, f"{place}['events']", value["events"], list)
    return StreamRow(
        events=[read_document(f"{place}['events'][{at}]", event) for at, event in enumerate(value["events"])],
        keys=_read_each(f"{place}['keys']", value["keys"], check_key, read_sequence),
        closed=check_flag(OPERATION, f"{place}['closed']", value["closed"]),
        unreadable=_read_damage(place, value),
    )


_PARTS: Final[Mapping[str, Callable[[MemoryDatabase, str, Json], None]]] = {
    "schemaVersion": _read_schema_version,
    "admissions": _read_admissions,
    "sessions": _read_sessions,
    "submissions": _read_submissions,
    "journals": _read_journals,
    "segments": _read_segments,
    "markers": _read_markers,
    "receipts": _read_receipts,
    "deletions": _read_deletions,
    "runs": _read_runs,
    "streams": _read_streams,
}


def _read_each(place: str, value: Json, check_name: Check, read: Callable[[str, Any, Json], _T]) -> dict[Any, _T]:
    check_type(OPERATION, place, value, dict)
    found = {}
    for given, item in value.items():
        name = check_name(OPERATION, f"a name in {place}", given)
        found[name] = read(f"{place}[{given!r}]", name, item)
    return found


def _read_fields(place: str, value: Json, fields: Mapping[str, Field]) -> dict[str, Any]:
    """The attributes of a row."""
    check_type(OPERATION, place, value, dict)
    required = {name for name, field in fields.items() if not field.optional}
    _check_names(place, value, required, {*fields, "unreadable"} - required)
    attributes: dict[str, Any] = {field.attribute: None for field in fields.values()}
    for name, field in fields.items():
        if name in value:
            at = f"{place}[{name!r}]"
            read = field.check or _read_document
            attributes[field.attribute] = read(OPERATION, at, value[name])
    damage = _read_damage(place, value)
    return {**attributes, "unreadable": damage} if damage else attributes


def _read_document(_: str, place: str, value: Json) -> str:
    return read_document(place, value)


def _read_damage(place: str, value: dict[str, Json]) -> tuple[str, ...]:
    """Which fields cannot be read."""
    names = value.get("unreadable", [])
    check_type(OPERATION, f"{place}['unreadable']", names, list)
    return tuple(check_id(OPERATION, f"{place}['unreadable'][{at}]", name) for at, name in enumerate(names))


def _check_names(
    place: str, value: dict[str, Json], required: set[str], optional: frozenset[str] | set[str] = frozenset()
) -> None:
    """All that is required is there, and nothing that is not known."""
    for name in sorted(required):
        if name not in value:
            raise InvalidPayloadError(OPERATION, f"{place}[{name!r}]", "is missing", "take it from a database")
    for name in value:
        if name not in required | optional:
            known = ", ".join(sorted(required | optional))
            raise InvalidPayloadError(OPERATION, f"{place}[{quoted(name)}]", "is not known", f"there are {known}")
