"""The order of runs, for every filter of a listing."""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterator
from typing import TypeAlias

from flue_memdb.contract.cursors import RunPosition
from flue_memdb.contract.records import RunStatus
from flue_memdb.rows import RunRow

Filter: TypeAlias = tuple[RunStatus | None, str | None]


class RunOrder:
    """The positions of all runs, of those of a status, of a workflow, and of both, so that a page costs by the page."""

    def __init__(self) -> None:
        self._ascending: defaultdict[Filter, list[RunPosition]] = defaultdict(list)

    def add(self, row: RunRow) -> None:
        """Gives a new run its place."""
        for workflow_name in (None, row.workflow_name):
            insort(self._ascending[None, workflow_name], _position(row))
            insort(self._ascending[row.status, workflow_name], _position(row))

    def change_status(self, row: RunRow, status: RunStatus) -> None:
        """Sets the status of a run, and keeps the lists of those with one right."""
        for workflow_name in (None, row.workflow_name):
            left = self._ascending[row.status, workflow_name]
            del left[bisect_left(left, _position(row))]
            insort(self._ascending[status, workflow_name], _position(row))
        row.status = status

    def newest_first(
        self, status: RunStatus | None, workflow_name: str | None, after: RunPosition | None
    ) -> Iterator[str]:
        """The ids of the runs that match, from behind a position on."""
        ascending = self._ascending.get((status, workflow_name), [])
        end = len(ascending) if after is None else bisect_left(ascending, after)
        return (ascending[at].run_id for at in reversed(range(end)))


def _position(row: RunRow) -> RunPosition:
    return RunPosition(row.started_ms, row.run_id)
