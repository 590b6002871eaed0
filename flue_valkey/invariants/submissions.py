"""Submissions: each row is in the indexes that it names and in no other, has a payload, and can be read."""

from collections.abc import AsyncIterator

from flue_memdb.contract import CorruptRecordError
from flue_memdb.contract.checks import SUBMISSION_STATUSES
from flue_memdb.contract.errors import quoted
from flue_valkey import rows
from flue_valkey.invariants.view import Finding, View, broken, flat, of_each, one, whole

_READ = "check"


async def of_counter(view: View, name: str) -> AsyncIterator[Finding]:
    """The admission counter is a number."""
    counter = await view.text(name)
    if counter is not None and whole(counter) is None:
        yield broken(f"the admission counter is {quoted(counter)}, which is no whole number")


async def of_submission(view: View, name: str, submission_id: str) -> AsyncIterator[Finding]:
    """A row, and what the indexes say of it."""
    row = await view.fields(name, submission_id)
    label = f"submission {quoted(submission_id)}"
    status, sequence = row.get("status"), whole(row.get("sequence"))
    if not row:
        return
    if row.get("submissionId") != submission_id or status not in SUBMISSION_STATUSES:
        yield broken(f"{label} has the id {quoted(row.get('submissionId'))} and the status {quoted(status)}")
        return
    counter = whole(await view.text("sequence")) or 0
    if sequence is None or not 1 <= sequence <= counter:
        yield broken(f"{label} has the sequence {quoted(row.get('sequence'))}; {counter} were admitted")
        return
    if "" in row.values():
        yield broken(f"{label} has an empty field, which should be absent")
        return
    if await view.exists("receipt", submission_id):
        yield broken(f"{label} has a row and a receipt")
    async for finding in _of_indexes(view, label, row, sequence):
        yield finding
    async for finding in _of_content(view, submission_id, row):
        yield finding


async def _of_indexes(view: View, label: str, row: dict[str, str], sequence: int) -> AsyncIterator[Finding]:
    submission_id, status, session_key = row["submissionId"], row["status"], row.get("sessionKey", "")
    for index, ids in (("submissions", ()), ("submissions_order", ()), ("session_submissions", (session_key,))):
        if await view.score(index, submission_id, *ids) != sequence:
            yield broken(f"{label} is not in {index} at {sequence}")
    for other in sorted(SUBMISSION_STATUSES):
        listed = await view.score(other, submission_id)
        if other == status == "settled" and listed is None and "terminalOffset" in row:
            continue  # a peer that finalises it leaves it out
        if listed != (sequence if other == status else None):
            yield broken(f"{label} is {status}; in the index of {other} it stands at {listed}")
    waiting = await view.score("session_unsettled", submission_id, session_key)
    if waiting != (None if status == "settled" else sequence):
        yield broken(f"{label} is {status}; in its session's queue it stands at {waiting}")


async def _of_content(view: View, submission_id: str, row: dict[str, str]) -> AsyncIterator[Finding]:
    payload = await view.fields("submission_generation", submission_id, row.get("generation", ""))
    if not payload:
        yield broken(f"submission {quoted(submission_id)} has no payload")
    try:
        if payload:
            rows.submission(_READ, submission_id, flat(row), flat(payload))
        if row["status"] == "settled":
            rows.submission_row(_READ, submission_id, flat(row)).number(b"settledAt")
        if row["status"] == "terminalizing":
            rows.terminal_outbox(_READ, submission_id, flat(row))
    except CorruptRecordError as error:
        yield broken(f"{error.subject}: {error.found}")


async def of_index(view: View, name: str, *ids: str) -> AsyncIterator[Finding]:
    """An index of submissions: each that it lists has a row, and belongs to the session."""

    async def look(submission_id: str, _: object) -> Finding | None:
        label = f"{' '.join((name, *map(quoted, ids)))} lists submission {quoted(submission_id)}"
        if not await view.exists("submission", submission_id):
            return broken(f"{label}, which has no row")
        if ids and await one(view, "submission", "sessionKey", submission_id) != ids[0]:
            return broken(f"{label} of another session")
        return None

    async for finding in of_each(view.entries(name, *ids), look):
        yield finding


async def of_receipt(view: View, name: str, submission_id: str) -> AsyncIterator[Finding]:
    """The receipt of a deleted dispatch can be read."""
    try:
        row = rows.Row(_READ, f"receipt of {quoted(submission_id)}", flat(await view.fields(name, submission_id)))
        row.instant(b"acceptedAt")
    except CorruptRecordError as error:
        yield broken(f"{error.subject}: {error.found}")
