"""Records and documents as people read them."""

import re
from typing import Any

from flue_memdb.contract import Json, StreamEvent, utc_text
from flue_memdb.verification.values import camel
from flue_valkey.cli.db.tables import table
from flue_valkey.cli.texts import counted, shown

_INSTANTS = frozenset(
    camel(name)
    for name in (
        "accepted_at",
        "started_at",
        "input_applied_at",
        "recovery_requested_at",
        "timeout_at",
        "lease_expires_at",
        "created_at",
        "updated_at",
        "stream_consumed_at",
    )
)
_MAX_MS = 253_402_300_799_999


def record_text(record: dict[str, Json]) -> str:
    """A record in two columns: words for names, UTC for instants, JSON text for documents."""
    return table((_words(name), _value(name, value)) for name, value in record.items())


def document_text(name: str, document: dict[str, Json]) -> str:
    """A document, a member a line."""
    return f"{name}\n" + table((f"  {member}", _plain(value)) for member, value in document.items())


def entries_text(entries: list[Any]) -> str:
    """The entries of a session, one a row."""
    return f"{counted(len(entries), 'entry', 'entries')}\n" + table(
        (f"  {entry['id']}", shown({name: value for name, value in entry.items() if name != "id"})) for entry in entries
    )


def event_line(event: StreamEvent) -> str:
    """An event with its offset."""
    return f"{event.offset}  {shown(event.data)}"


def _words(name: str) -> str:
    return re.sub(r"(?=[A-Z])", " ", name).lower()


def _value(name: str, value: Json) -> str:
    if name in _INSTANTS and isinstance(value, int):
        return "none" if value == 0 else utc_text(value) if value <= _MAX_MS else f"{value:,} ms"
    return _plain(value)


def _plain(value: Json) -> str:
    return value if isinstance(value, str) else shown(value)
