"""Workflow runs: from `create_run` to `end_run`."""

import asyncio
import json

import pytest

from flue_memdb.conformance.examples import NOW, new_run, run_end
from flue_memdb.conformance.picture import nothing_changes
from flue_memdb.conformance.suite import Contract
from flue_memdb.contract import UNSET, Json, RunEnd, RunOwner, RunRecord, Stores

_ACTIVE = RunRecord(run_id="r1", workflow_name="digest", status="active", started_at=NOW)


async def _run(stores: Stores, run_id: str = "r1") -> RunRecord:
    run = await stores.runs.get_run(run_id)
    assert run is not None
    return run


class TestRuns(Contract):
    """`create_run`, `end_run`, `get_run` and `lookup_run`."""

    async def test_a_new_run_is_active(self, stores: Stores, other: Stores) -> None:
        """`create_run` makes an `active` record without end, result and error."""
        await stores.runs.create_run(new_run("r1"))
        assert await other.runs.get_run("r1") == _ACTIVE

    async def test_a_run_keeps_what_it_was_given(self, stores: Stores) -> None:
        """Input and trace carrier are kept as given, and started_at is the caller's text."""
        started_at = "2026-06-03T11:30+02:00"
        run = new_run("r1", started_at, input={"b": [1.0], "a": None}, trace_carrier={"traceparent": "00-1", "x": {}})
        await stores.runs.create_run(run)
        stored = await _run(stores)
        assert stored.started_at == started_at
        assert json.dumps(stored.input) == '{"b": [1], "a": null}'
        assert stored.trace_carrier == {"traceparent": "00-1", "x": {}}

    @pytest.mark.parametrize("value", [UNSET, None, False, 0, "", {}, []], ids=ascii)
    async def test_not_given_is_not_null(self, stores: Stores, value: Json) -> None:
        """A run that was not given an input has none, which is not the same as null; so for result and error."""
        await stores.runs.create_run(new_run("r1", input=value, trace_carrier=value))
        await stores.runs.end_run(run_end("r1", result=value, error=value))
        run = await _run(stores)
        for stored in (run.input, run.trace_carrier, run.result, run.error):
            assert stored == value
            assert type(stored) is type(value)

    async def test_a_known_run_is_not_created_again(self, stores: Stores, other: Stores) -> None:
        """If the run id is known nothing changes, whether the run is active or has ended."""
        await stores.runs.create_run(new_run("r1", input=1))
        again = new_run("r1", "2020-01-01", workflow_name="else", input=2)
        async with nothing_changes(stores):
            await other.runs.create_run(again)
        await stores.runs.end_run(run_end("r1", result=3))
        async with nothing_changes(stores):
            await other.runs.create_run(again)

    async def test_of_concurrent_creations_one_wins(self, stores: Stores, other: Stores) -> None:
        """Two callers never both win: the run is the one that was first."""
        await asyncio.gather(
            *(some.runs.create_run(new_run("r1", input=n)) for n, some in enumerate((stores, other) * 3))
        )
        first = await _run(stores)
        assert await other.runs.get_run("r1") == first
        assert len((await stores.runs.list_runs()).runs) == 1

    @pytest.mark.parametrize(("is_error", "status"), [(False, "completed"), (True, "errored")])
    async def test_a_run_ends_as_given(self, stores: Stores, other: Stores, is_error: bool, status: str) -> None:
        """`end_run` sets the status, ended_at, is_error, duration_ms, result and error; the rest stays."""
        await stores.runs.create_run(new_run("r1", input="in"))
        end = RunEnd(run_id="r1", ended_at="2026-06-04", is_error=is_error, duration_ms=0, result={"n": 1}, error="e")
        await stores.runs.end_run(end)
        assert await other.runs.get_run("r1") == RunRecord(
            run_id="r1",
            workflow_name="digest",
            status=status,  # type: ignore[arg-type] # it is one of the two
            started_at=NOW,
            input="in",
            ended_at="2026-06-04",
            is_error=is_error,
            duration_ms=0,
            result={"n": 1},
            error="e",
        )

    async def test_an_earlier_end_does_not_linger(self, stores: Stores) -> None:
        """A run that ends again is as given now: an earlier result or error is gone."""
        await stores.runs.create_run(new_run("r1"))
        await stores.runs.end_run(run_end("r1", result="well"))
        await stores.runs.end_run(run_end("r1", ended_at="2026-06-05", is_error=True, duration_ms=7, error="broke"))
        run = await _run(stores)
        assert (run.status, run.ended_at, run.is_error, run.duration_ms) == ("errored", "2026-06-05", True, 7)
        assert (run.result, run.error) == (UNSET, "broke")
        await stores.runs.end_run(run_end("r1"))
        run = await _run(stores)
        assert (run.status, run.is_error, run.result, run.error) == ("completed", False, UNSET, UNSET)

    async def test_an_unknown_run_does_not_end(self, stores: Stores) -> None:
        """`end_run` of an unknown id does nothing, and makes no run."""
        async with nothing_changes(stores):
            await stores.runs.end_run(run_end("r1"))

    async def test_an_unknown_run_is_none(self, stores: Stores) -> None:
        """`get_run` and `lookup_run` give None for an unknown id."""
        await stores.runs.create_run(new_run("r2"))
        assert await stores.runs.get_run("r1") is None
        assert await stores.runs.lookup_run("r1") is None

    async def test_a_lookup_gives_the_workflow(self, stores: Stores, other: Stores) -> None:
        """`lookup_run` gives run id and workflow name only, before and after the end."""
        await stores.runs.create_run(new_run("r1", workflow_name="a/b 😀"))
        assert await other.runs.lookup_run("r1") == RunOwner("r1", "a/b 😀")
        await stores.runs.end_run(run_end("r1"))
        assert await other.runs.lookup_run("r1") == RunOwner("r1", "a/b 😀")

    async def test_a_caller_who_changes_a_document_changes_nothing_stored(self, stores: Stores) -> None:
        """Neither what was given nor what was returned is what is stored."""
        given: Json = {"list": ["kept"]}
        await stores.runs.create_run(new_run("r1", input=given, trace_carrier=given))
        await stores.runs.end_run(run_end("r1", result=given, error=given))
        given["list"].append("given")
        read = await _run(stores)
        for document in (read.input, read.trace_carrier, read.result, read.error):
            document["list"].append("returned")
        again = await _run(stores)
        assert [again.input, again.trace_carrier, again.result, again.error] == [{"list": ["kept"]}] * 4
