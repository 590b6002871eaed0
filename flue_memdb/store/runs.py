"""Workflow runs."""

from itertools import islice

from flue_memdb.contract.checks import check_id
from flue_memdb.contract.cursors import encode_cursor
from flue_memdb.contract.inputs import NewRun, RunEnd, check_new_run, check_run_end, check_run_query
from flue_memdb.contract.json_text import given_json_text
from flue_memdb.contract.limits import page_size
from flue_memdb.contract.outcomes import reached
from flue_memdb.contract.records import RunOwner, RunPage, RunRecord, RunStatus
from flue_memdb.rows import RunRow
from flue_memdb.store.connection import Store


class Runs(Store):
    async def create_run(self, run: NewRun) -> None:
        started_ms = check_new_run("create_run", run)
        given, carrier = (
            given_json_text(run.input, "create_run", "input"),
            given_json_text(run.trace_carrier, "create_run", "trace_carrier"),
        )
        db = await self._database("create_run")
        known = db.runs.get(run.run_id)
        if known is not None:
            known.require("row")
            reached("kept")
            return
        row = RunRow(run.run_id, run.workflow_name, run.started_at, started_ms, given, carrier)
        db.runs[run.run_id] = row
        db.run_order.add(row)
        reached("created")

    async def end_run(self, end: RunEnd) -> None:
        check_run_end("end_run", end)
        result, error = given_json_text(end.result, "end_run", "result"), given_json_text(end.error, "end_run", "error")
        db = await self._database("end_run")
        row = db.runs.get(end.run_id)
        if row is None:
            reached("unknown")
            return
        row.require("row")
        reached("ended" if row.status == "active" else "ended_again")
        db.run_order.change_status(row, "errored" if end.is_error else "completed")
        row.ended_at, row.is_error, row.duration_ms = end.ended_at, end.is_error, end.duration_ms
        row.result, row.error = result, error

    async def get_run(self, run_id: str) -> RunRecord | None:
        run_id = check_id("get_run", "run_id", run_id)
        db = await self._database("get_run")
        row = db.runs.get(run_id)
        reached("unknown" if row is None else "found")
        return None if row is None else row.record()

    async def lookup_run(self, run_id: str) -> RunOwner | None:
        run_id = check_id("lookup_run", "run_id", run_id)
        db = await self._database("lookup_run")
        row = db.runs.get(run_id)
        reached("unknown" if row is None else "found")
        if row is None:
            return None
        row.require("row", "runId")
        return RunOwner(row.run_id, row.workflow_name)

    async def list_runs(
        self,
        status: RunStatus | None = None,
        workflow_name: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> RunPage:
        after = check_run_query("list_runs", status, workflow_name, limit, cursor)
        db = await self._database("list_runs")
        rows = (db.runs[run_id] for run_id in db.run_order.newest_first(status, workflow_name, after))
        matching = (row for row in rows if not row.hidden)
        page = list(islice(matching, page_size(limit)))
        more = next(matching, None) is not None
        reached("more" if more else "last" if page else "none")
        next_cursor = encode_cursor(page[-1].started_at, page[-1].run_id) if more else None
        return RunPage([row.pointer() for row in page], next_cursor)
