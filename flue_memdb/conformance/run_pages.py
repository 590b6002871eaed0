"""Pages of runs: their order, filters, limits and cursors."""

import base64
import json

import pytest

from flue_memdb.conformance.examples import NOW, new_run, run_end
from flue_memdb.conformance.suite import Contract
from flue_memdb.contract import InvalidCursorError, Json, RunPointer, Stores
from flue_memdb.contract.records import RunStatus


def _cursor(value: Json) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _base64url(text.encode())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


_GOOD = _cursor({"s": NOW, "r": "r1"})
_NO_CURSORS = {
    "empty": "",
    "no base64": "!!!",
    "padded": base64.urlsafe_b64encode(b'{"s":"2026-06-03","r":"r12"}').decode(),
    "of impossible length": _GOOD + "A" * (5 - len(_GOOD) % 4),
    "bits left over": _base64url(b'{"s":"2026-06-03","r":"r123"}')[:-1] + "R",
    "standard alphabet": base64.b64encode(b'{"s":"2026-06-03","r":"\xc3\xbf\xc3\xbf?>"}').rstrip(b"=").decode(),
    "blank before": " " + _GOOD,
    "newline after": _GOOD + "\n",
    "no JSON": _base64url(b"r1"),
    "JSON and more": _base64url(b'{"s":"2026-06-03","r":"r1"}}'),
    "no UTF-8": _base64url(b'{"s":"2026-06-03","r":"\xff"}'),
    "a list": _cursor([NOW, "r1"]),
    "null": _cursor(None),
    "no start": _cursor({"r": "r1"}),
    "no run": _cursor({"s": NOW}),
    "start null": _cursor({"s": None, "r": "r1"}),
    "start in ms": _cursor({"s": 1_780_479_000_000, "r": "r1"}),
    "start no timestamp": _cursor({"s": "yesterday", "r": "r1"}),
    "start no day": _cursor({"s": "2026-02-30", "r": "r1"}),
    "run a number": _cursor({"s": NOW, "r": 1}),
    "run null": _cursor({"s": NOW, "r": None}),
    "a run id": "r1",
}


async def _ids(
    stores: Stores, *, status: RunStatus | None = None, workflow_name: str | None = None, limit: int | None = None
) -> list[list[str]]:
    """The run ids of all pages, a list each, as the cursors lead through them."""
    pages = []
    cursor = None
    while True:
        page = await stores.runs.list_runs(status, workflow_name, limit, cursor)
        pages.append([run.run_id for run in page.runs])
        cursor = page.next_cursor
        if cursor is None:
            return pages
        assert page.runs, "a page with a cursor must not be empty"


class TestRunPages(Contract):
    """`list_runs`."""

    async def test_no_runs_are_an_empty_page(self, stores: Stores) -> None:
        """Where nothing matches the page is empty, without a cursor."""
        assert await _ids(stores) == [[]]
        await stores.runs.create_run(new_run("r1"))
        assert await _ids(stores, status="errored") == [[]]
        assert await _ids(stores, workflow_name="else") == [[]]

    async def test_a_page_holds_pointers(self, stores: Stores, other: Stores) -> None:
        """A run in a page has its id, workflow, status, start, end and duration, as they are now."""
        await stores.runs.create_run(new_run("r1", input="in", trace_carrier={}))
        pointer = RunPointer(run_id="r1", workflow_name="digest", status="active", started_at=NOW)
        assert (await other.runs.list_runs()).runs == [pointer]
        await stores.runs.end_run(run_end("r1", is_error=True, duration_ms=5, error="broke"))
        (run,) = (await other.runs.list_runs()).runs
        assert (run.status, run.is_error, run.duration_ms) == ("errored", True, 5)
        assert run.ended_at == "2026-06-03T09:31:00.000Z"

    async def test_the_newest_come_first_by_instant(self, stores: Stores) -> None:
        """By the instant of started_at, descending, whatever its text looks like."""
        starts = {
            "r1": "2026-06-03T10:00Z",
            "r2": "2026-06-03T11:00+05:00",
            "r3": "2026-06-03T10:00:00.001",
            "r4": "2026-06-02T23:59",
            "r5": "2026-06-02T24:00",
            "r6": "0001-01-01",
            "r7": "9999-12-31T23:59:59.999Z",
            "r8": "1969-12-31",
        }
        for run_id, started_at in starts.items():
            await stores.runs.create_run(new_run(run_id, started_at))
        for limit in (None, 1, 3):
            ids = [run_id for page in await _ids(stores, limit=limit) for run_id in page]
            assert ids == ["r7", "r3", "r1", "r2", "r5", "r4", "r8", "r6"]

    async def test_runs_of_one_instant_are_ordered_by_id(self, stores: Stores) -> None:
        """Then by run id, descending by code point; from page to page no run is lost or repeated."""
        names = ["r1", "r10", "r2", "R", "é", "\uffff", "😀", "😁", "r", "\0"]
        for number, name in enumerate(names):
            await stores.runs.create_run(
                new_run(name, ("2026-06-03T09:30Z", "2026-06-03T11:30+02:00", NOW)[number % 3])
            )
        for limit in range(1, 5):
            pages = await _ids(stores, limit=limit)
            assert [name for page in pages for name in page] == sorted(names, reverse=True)
            assert all(len(page) == limit for page in pages[:-1])

    async def test_there_is_a_cursor_exactly_when_more_match(self, stores: Stores) -> None:
        """`next_cursor` is given exactly when more match: not for a full last page, nor for runs that do not match."""
        for number in range(6):
            await stores.runs.create_run(new_run(f"r{number}", workflow_name=("even", "odd")[number % 2]))
        assert (await stores.runs.list_runs(limit=6)).next_cursor is None
        assert (await stores.runs.list_runs(limit=7)).next_cursor is None
        assert (await stores.runs.list_runs(limit=5)).next_cursor is not None
        assert (await stores.runs.list_runs(workflow_name="odd", limit=3)).next_cursor is None
        assert (await stores.runs.list_runs(workflow_name="odd", limit=2)).next_cursor is not None
        assert await _ids(stores, limit=3) == [["r5", "r4", "r3"], ["r2", "r1", "r0"]]

    async def test_status_and_workflow_select(self, stores: Stores) -> None:
        """Only runs of the status, of the workflow, or of both, through all pages."""
        for number in range(9):
            run_id = f"r{number}"
            await stores.runs.create_run(new_run(run_id, workflow_name=("a", "b", "ab")[number % 3]))
            if number >= 3:
                await stores.runs.end_run(run_end(run_id, is_error=number >= 6))
        for limit in (None, 1, 2):

            async def listed(status: RunStatus | None, name: str | None, limit: int | None = limit) -> list[str]:
                pages = await _ids(stores, status=status, workflow_name=name, limit=limit)
                return [run_id for page in pages for run_id in page]

            assert await listed("active", None) == ["r2", "r1", "r0"]
            assert await listed("completed", None) == ["r5", "r4", "r3"]
            assert await listed("errored", None) == ["r8", "r7", "r6"]
            assert await listed(None, "a") == ["r6", "r3", "r0"]
            assert await listed("completed", "b") == ["r4"]
            assert await listed("errored", "else") == []

    async def test_a_limit_is_at_least_one_and_at_most_1000(self, stores: Stores) -> None:
        """`limit` None or ≤ 0 means 100; never over 1,000."""
        ids = [f"r{number:04}" for number in range(1_001)]
        for run_id in ids:
            await stores.runs.create_run(new_run(run_id))
        newest = ids[::-1]
        for limit, size in ((None, 100), (0, 100), (-1, 100), (-(10**30), 100), (1, 1), (101, 101), (1_000, 1_000)):
            assert [run.run_id for run in (await stores.runs.list_runs(limit=limit)).runs] == newest[:size]
        for limit in (1_001, 10**30):
            assert await _ids(stores, limit=limit) == [newest[:1_000], newest[1_000:]]

    async def test_a_cursor_is_the_place_after_a_run(self, stores: Stores) -> None:
        """A cursor is base64url without padding of `{"s": started_at, "r": run_id}` as JSON text, started_at as the
        caller wrote it."""
        started_at = "2026-06-03T11:30+02:00"
        for run_id in ("r1", '"é😀"'):
            await stores.runs.create_run(new_run(run_id, started_at))
            await stores.runs.create_run(new_run("earlier", "2020-01-01"))
            assert (await stores.runs.list_runs(limit=1)).next_cursor is not None
        first = await stores.runs.list_runs(limit=1)
        assert first.next_cursor == _cursor({"s": started_at, "r": "r1"})
        second = await stores.runs.list_runs(limit=1, cursor=first.next_cursor)
        assert second.next_cursor == _cursor({"s": started_at, "r": '"é😀"'})
        assert [run.run_id for run in (await stores.runs.list_runs(cursor=second.next_cursor)).runs] == ["earlier"]

    async def test_the_run_of_a_cursor_need_not_be_there(self, stores: Stores) -> None:
        """A cursor is a place in the order: what was created meanwhile before it is not listed, what comes after is."""
        for run_id in ("r2", "r4"):
            await stores.runs.create_run(new_run(run_id))
        for place, expected in (("r3", ["r2"]), ("r9", ["r4", "r2"]), ("r4", ["r2"]), ("r2", []), ("r", [])):
            page = await stores.runs.list_runs(cursor=_cursor({"s": "2026-06-03T09:30Z", "r": place}))
            assert [run.run_id for run in page.runs] == expected

    @pytest.mark.parametrize("cursor", _NO_CURSORS.values(), ids=_NO_CURSORS.keys())
    async def test_what_is_no_cursor_is_refused(self, stores: Stores, cursor: str) -> None:
        """One that does not decode strictly (an empty one too), or holds no timestamp or no text, is an
        `InvalidCursorError`."""
        await stores.runs.create_run(new_run("r1"))
        with pytest.raises(InvalidCursorError):
            await stores.runs.list_runs(cursor=cursor)
