"""Workflow runs."""

from flue_memdb.contract import (
    CorruptRecordError,
    NewRun,
    RunEnd,
    RunOwner,
    RunPage,
    RunPointer,
    RunRecord,
    encode_cursor,
    utc_text,
)
from flue_memdb.contract.checks import check_id
from flue_memdb.contract.cursors import RunPosition
from flue_memdb.contract.errors import quoted
from flue_memdb.contract.inputs import check_new_run, check_run_end, check_run_query
from flue_memdb.contract.json_text import Json, given_json_text
from flue_memdb.contract.limits import page_size
from flue_memdb.contract.outcomes import reached
from flue_memdb.contract.records import RunStatus
from flue_valkey import rows
from flue_valkey.store import parts
from flue_valkey.store.connection import Store, log


class Runs(Store):
    async def create_run(self, run: NewRun) -> None:
        started_ms = check_new_run("create_run", run)
        documents = _texts(
            "create_run", payload=("input", run.input), traceCarrier=("trace_carrier", run.trace_carrier)
        )
        await self._call(
            "create_run",
            *("runId", run.run_id, "workflowName", run.workflow_name, "startedAt", run.started_at),
            *("orderKey", utc_text(started_ms), *documents),
            run_id=run.run_id,
            workflow_name=run.workflow_name,
            started_ms=started_ms,
        )

    async def end_run(self, end: RunEnd) -> None:
        check_run_end("end_run", end)
        documents = _texts("end_run", result=("result", end.result), error=("error", end.error))
        await self._call(
            "end_run",
            *("endedAt", end.ended_at, "isError", int(end.is_error)),
            *("durationMs", end.duration_ms),
            *documents,
            run_id=end.run_id,
            status="errored" if end.is_error else "completed",
        )

    async def get_run(self, run_id: str) -> RunRecord | None:
        run_id = check_id("get_run", "run_id", run_id)
        tag, *found = await self._call("get_run", run_id=run_id)
        return None if tag == "unknown" else rows.run_record("get_run", run_id, found[0])

    async def lookup_run(self, run_id: str) -> RunOwner | None:
        run_id = check_id("lookup_run", "run_id", run_id)
        tag, *found = await self._call("lookup_run", script="get_run", run_id=run_id)
        return None if tag == "unknown" else rows.run_owner("lookup_run", run_id, found[0])

    async def list_runs(
        self,
        status: RunStatus | None = None,
        workflow_name: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> RunPage:
        after = check_run_query("list_runs", status, workflow_name, limit, cursor)
        size = page_size(limit)
        # One more than the page holds: it shows whether more match.
        runs = await self._runs_behind(after, size + 1, status or "", workflow_name or "")
        page = runs[:size]
        more = len(runs) > size
        reached("more" if more else "last" if page else "none")
        return RunPage(page, encode_cursor(page[-1].started_at, page[-1].run_id) if more else None)

    async def _runs_behind(
        self, after: RunPosition | None, count: int, status: str, workflow_name: str
    ) -> list[RunPointer]:
        runs: list[RunPointer] = []
        while len(runs) < count:
            tag, found, *behind = await self._run(
                "list_runs",
                status=status,
                workflow_name=workflow_name,
                limit=min(count - len(runs), parts.RUNS),
                looks=parts.LOOKS,
                after_ms="" if after is None else after.started_ms,
                after_id="" if after is None else after.run_id,
            )
            for run_id, values in found:
                pointer = _pointer(run_id, values)
                if pointer is not None and (not status or pointer.status == status):
                    runs.append(pointer)
            if tag == "last":
                break
            after = RunPosition(int(behind[0]), behind[1].decode())
        return runs


def _pointer(run_id: bytes, values: rows.Flat) -> RunPointer | None:
    """The pointer of a run; None, with a warning, for one that cannot be read."""
    try:
        return rows.run_pointer("list_runs", run_id.decode(errors="replace"), values)
    except CorruptRecordError as error:
        log.warning("list_runs: run %s cannot be read and is left out: %s", quoted(run_id), error.found)
        return None


def _texts(operation: str, **documents: tuple[str, Json]) -> list[str]:
    """Fields and JSON texts in turn, of those documents that are given; each is named as in errors."""
    texts = {field: given_json_text(value, operation, name) for field, (name, value) in documents.items()}
    return [part for field, text in texts.items() if text is not None for part in (field, text)]
