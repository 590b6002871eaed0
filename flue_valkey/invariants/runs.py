"""Runs: each row is in the indexes that it names and in no other, and can be read."""

from collections.abc import AsyncIterator

from flue_memdb.contract import CorruptRecordError, InvalidTimestampError, parse_timestamp, utc_text
from flue_memdb.contract.checks import RUN_STATUSES
from flue_memdb.contract.errors import quoted
from flue_valkey import rows
from flue_valkey.invariants.view import Finding, View, broken, flat, of_each


async def of_run(view: View, name: str, run_id: str) -> AsyncIterator[Finding]:
    """A row, and what the indexes say of it."""
    row = await view.fields(name, run_id)
    label = f"run {quoted(run_id)}"
    status = row.get("status")
    if not row:
        return
    try:
        started_ms = parse_timestamp(row.get("startedAt"))
    except InvalidTimestampError as error:
        yield broken(f"{label}: {error}")
        return
    if row.get("runId") != run_id or row.get("orderKey") != utc_text(started_ms):
        yield broken(f"{label} has the id {quoted(row.get('runId'))} and the order key {quoted(row.get('orderKey'))}")
    if not await view.contains("runs_statuses", status or ""):
        yield broken(f"{label} is {status}, which runs:statuses does not name")
    for index in ("runs", *(f"runs_{each}" for each in RUN_STATUSES)):
        expected = started_ms if index in ("runs", f"runs_{status}") else None
        listed = await view.score(index, run_id)
        if listed != expected:
            yield broken(f"{label} is {status}; in {index} it stands at {listed}, not at {expected}")
    if await view.score("runs_workflow", run_id, row.get("workflowName", "")) != started_ms:
        yield broken(f"{label} is not among the runs of its workflow")
    try:
        rows.run_record("check", run_id, flat(row))
    except CorruptRecordError as error:
        yield broken(f"{error.subject}: {error.found}")


async def of_index(view: View, name: str, *ids: str) -> AsyncIterator[Finding]:
    """An index of runs: each that it lists has a row, and belongs to the workflow or has the status."""
    wanted = ids[0] if ids else name.removeprefix("runs_")

    async def look(run_id: str, _: object) -> Finding | None:
        label = f"{name} {quoted(ids)} lists run {quoted(run_id)}"
        if not await view.exists("run", run_id):
            return broken(f"{label}, which has no row")
        if name != "runs" and wanted not in await view.some("run", ["workflowName", "status"], run_id):
            return broken(f"{label}, which belongs elsewhere")
        return None

    async for finding in of_each(view.entries(name, *ids), look):
        yield finding
