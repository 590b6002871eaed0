"""Workflow runs."""

from flue_memdb.contract.checks import RUN_STATUSES, check_id, check_limit, check_one_of
from flue_memdb.contract.cursors import decode_cursor, encode_cursor
from flue_memdb.contract.inputs import NewRun, RunEnd, check_new_run, check_run_end
from flue_memdb.contract.json_text import Json, json_text
from flue_memdb.contract.limits import page_size
from flue_memdb.contract.outcomes import reached
from flue_memdb.contract.records import RunOwner, RunPage, RunRecord, RunStatus
from flue_memdb.contract.unset import UNSET
from flue_memdb.store.connection import Store
from flue_memdb.store.rows import RunRow


class Runs(Store):
    async def create_run(self, run: NewRun) -> None:
        started_ms = check_new_run("create_run", run)
        given, carrier = (
            _text("create_run", "input", run.input),
            _text("create_run", "trace_carrier", run.trace_carrier),
        )
        runs = self._database("create_run").runs
        reached("kept" if run.run_id in runs else "created")
        runs.setdefault(run.run_id, RunRow(run.run_id, run.workflow_name, run.started_at, started_ms, given, carrier))

    async def end_run(self, end: RunEnd) -> None:
        check_run_end("end_run", end)
        result, error = _text("end_run", "result", end.result), _text("end_run", "error", end.error)
        row = self._database("end_run").runs.get(end.run_id)
        if row is None:
            reached("unknown")
            return
        reached("ended" if row.status == "active" else "ended_again")
        row.status = "errored" if end.is_error else "completed"
        row.ended_at, row.is_error, row.duration_ms = end.ended_at, end.is_error, end.duration_ms
        row.result, row.error = result, error

    async def get_run(self, run_id: str) -> RunRecord | None:
        check_id("get_run", "run_id", run_id)
        row = self._database("get_run").runs.get(run_id)
        reached("unknown" if row is None else "found")
        return None if row is None else row.record()

    async def lookup_run(self, run_id: str) -> RunOwner | None:
        check_id("lookup_run", "run_id", run_id)
        row = self._database("lookup_run").runs.get(run_id)
        reached("unknown" if row is None else "found")
        return None if row is None else RunOwner(row.run_id, row.workflow_name)

    async def list_runs(
        self,
        status: RunStatus | None = None,
        workflow_name: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> RunPage:
        if status is not None:
            check_one_of("list_runs", "status", status, RUN_STATUSES)
        if workflow_name is not None:
            check_id("list_runs", "workflow_name", workflow_name)
        check_limit("list_runs", limit)
        after = None if cursor is None else decode_cursor(cursor, "list_runs")
        matching = [
            row
            for row in self._database("list_runs").runs.values()
            if (status is None or row.status == status)
            and (workflow_name is None or row.workflow_name == workflow_name)
            and (after is None or (row.started_ms, row.run_id) < after)
        ]
        matching.sort(key=lambda row: (row.started_ms, row.run_id), reverse=True)
        page = matching[: page_size(limit)]
        more = len(matching) > len(page)
        reached("more" if more else "last" if page else "none")
        next_cursor = encode_cursor(page[-1].started_at, page[-1].run_id) if more else None
        return RunPage([row.pointer() for row in page], next_cursor)


def _text(operation: str, name: str, value: Json) -> str | None:
    return None if value is UNSET else json_text(value, operation, name)
