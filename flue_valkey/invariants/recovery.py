"""What recovers a turn: journals, stream segments and attempt markers; and the markers of deletions."""

from collections.abc import AsyncIterator

from flue_memdb.contract import CorruptRecordError
from flue_memdb.contract.errors import quoted
from flue_valkey import rows
from flue_valkey.invariants.view import Finding, View, broken, flat, of_each
from flue_valkey.layout import base64url, from_base64url

_ROWS = {
    "journals": "journal",
    "stream_segment_keys": "stream_segments",
    "deletions": "deletion",
    "events": "event",
}


async def of_index(view: View, name: str) -> AsyncIterator[Finding]:
    """An index of what is no submission and no run: each that it lists has a row."""

    async def look(id_: str, _: object) -> Finding | None:
        if await view.exists(_ROWS[name], id_):
            return None
        return broken(f"{name} lists {quoted(id_)}, which has no row")

    async for finding in of_each(view.entries(name), look):
        yield finding


async def of_journal(view: View, name: str, submission_id: str) -> AsyncIterator[Finding]:
    """A journal: it is listed, and can be read."""
    if not await view.contains("journals", submission_id):
        yield broken(f"journals does not list {quoted(submission_id)}")
    row = await view.fields(name, submission_id)
    if "" in row.values():
        yield broken(f"journal of submission {quoted(submission_id)} has an empty field, which should be absent")
    try:
        rows.turn_journal("check", submission_id, flat(row))
    except CorruptRecordError as error:
        yield broken(f"{error.subject}: {error.found}")


async def of_segments(view: View, name: str, stream_key: str) -> AsyncIterator[Finding]:
    """The segments of a stream: they are listed, and numbered."""
    if not await view.contains("stream_segment_keys", stream_key):
        yield broken(f"stream_segment_keys does not list {quoted(stream_key)}")
    label = f"segments of stream {quoted(stream_key)}"
    async for index, body in view.entries(name, stream_key):
        try:
            row = rows.Row("check", label, flat({index: body}))
            row.indexes()
            row.text(index.encode())
        except CorruptRecordError as error:
            yield broken(f"{error.subject}: {error.found}")


async def of_marker(view: View, name: str, submission_id: str, attempt_id: str) -> AsyncIterator[Finding]:
    """An attempt marker: it is listed, and can be read."""
    label = f"marker of attempt {quoted(attempt_id)} at submission {quoted(submission_id)}"
    if not await view.contains("markers", f"{base64url(submission_id)}.{base64url(attempt_id)}"):
        yield broken(f"markers does not list the {label}")
    try:
        rows.Row("check", label, flat(await view.fields(name, submission_id, attempt_id))).number(b"createdAt")
    except CorruptRecordError as error:
        yield broken(f"{error.subject}: {error.found}")


async def of_markers(view: View, name: str) -> AsyncIterator[Finding]:
    """The set of markers: each has a row."""

    async def look(member: str, _: object) -> Finding | None:
        try:
            submission_id, attempt_id = map(from_base64url, member.split("."))
        except ValueError:
            return broken(f"markers lists {quoted(member)}, which names no attempt")
        if await view.exists("marker", submission_id, attempt_id):
            return None
        return broken(f"markers lists {quoted(member)}, which has no row")

    async for finding in of_each(view.entries(name), look):
        yield finding


async def of_deletion(view: View, name: str, session_key: str) -> AsyncIterator[Finding]:
    """A deletion marker: it is listed, can be read, and the session has no unsettled work."""
    label = f"deletion of session {quoted(session_key)}"
    fields = await view.fields(name, session_key)
    listed = await view.score("deletions", session_key)
    if listed is None:
        yield broken(f"deletions does not list {quoted(session_key)}")
    elif fields.get("startedAt") != str(listed):
        yield broken(f"{label} started at {quoted(fields.get('startedAt'))}, listed {listed}")
    if await view.count("session_unsettled", session_key):
        yield broken(f"session {quoted(session_key)} has a deletion marker and unsettled work")
    try:
        row = rows.Row("check", label, flat(fields))
        for field in ("cutoff", "startedAt", "leaseExpiresAt"):
            row.number(field.encode())
        row.text(b"ownerId")
        row.one_of(b"phase", ("snapshot",))
    except CorruptRecordError as error:
        yield broken(f"{error.subject}: {error.found}")
