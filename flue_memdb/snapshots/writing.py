"""A database as a snapshot."""

from collections.abc import Mapping
from typing import Final

from flue_memdb.contract.json_text import Json
from flue_memdb.database import MemoryDatabase
from flue_memdb.rows import DeletionRow, Row, StreamRow
from flue_memdb.snapshots.fields import DELETION, JOURNAL, RUN, SUBMISSION, Field, write_document

FORMAT: Final = "flue_memdb 1"
"""What `format` says: whose snapshot it is, and the version of its form."""


def write_snapshot(db: MemoryDatabase) -> dict[str, Json]:
    """The snapshot: submissions in admission order, attempt markers by time, all else by name."""
    return {
        "format": FORMAT,
        "schemaVersion": db.schema_version,
        "admissions": db.admissions,
        "sessions": {key: write_document(text) for key, text in sorted(db.sessions.items())},
        "submissions": {
            row.submission_id: _write_row(row, SUBMISSION)
            for row in sorted(db.submissions.values(), key=lambda row: row.sequence)
        },
        "journals": {key: _write_row(row, JOURNAL) for key, row in sorted(db.journals.items())},
        "segments": {
            key: {str(index): body for index, body in sorted(bodies.items())}
            for key, bodies in sorted(db.segments.items())
        },
        "markers": [
            {"submissionId": submission_id, "attemptId": attempt_id, "createdAt": created_at}
            for created_at, submission_id, attempt_id in sorted((at, *attempt) for attempt, at in db.markers.items())
        ],
        "receipts": dict(sorted(db.receipts.items())),
        "deletions": {key: _write_row(row, DELETION) for key, row in sorted(db.deletions.items())},
        "runs": {key: _write_row(row, RUN) for key, row in sorted(db.runs.items())},
        "streams": {path: _write_stream(stream) for path, stream in sorted(db.streams.items())},
    }


def _write_row(row: Row | DeletionRow, fields: Mapping[str, Field]) -> dict[str, Json]:
    written = {}
    for name, field in fields.items():
        value = getattr(row, field.attribute)
        if value is not None:
            written[name] = write_document(value) if field.check is None else value
    return {**written, **_damage(row)}


def _write_stream(stream: StreamRow) -> dict[str, Json]:
    keys = dict(sorted(stream.keys.items(), key=lambda item: item[1]))
    events = [write_document(text) for text in stream.events]
    return {"closed": stream.closed, "events": events, "keys": keys, **_damage(stream)}


def _damage(row: Row | DeletionRow) -> dict[str, Json]:
    return {"unreadable": list(row.unreadable)} if isinstance(row, Row) and row.unreadable else {}
