"""Bulk steps: one line for many ordinary calls, for what matters only beyond many records, such as the limits of pages.

- `bulk.appendEvents [path, count, start]`: appends the events start, start + 1 …
- `bulk.appendSegments [streamKey, count, start]`: segments with these indexes, in descending order;
- `bulk.createRuns [prefix, count, start]`: runs PREFIX-START …, seven of them at each instant, of two workflows;
- `bulk.admitDispatches [prefix, count, start]`: dispatches PREFIX-START … for three instances.
"""

from collections.abc import Callable, Iterator

from flue_memdb.contract import Json, utc_text

_RUNS_AN_INSTANT = 7
_FIRST_START_MS = 1_750_000_000_000


def _append_event(path: str, number: int) -> tuple[str, list[Json]]:
    return "events.appendEvent", [path, number]


def _append_segment(stream_key: str, number: int) -> tuple[str, list[Json]]:
    return "submissions.appendStreamChunkSegment", [stream_key, number, f"segment {number}"]


def _create_run(prefix: str, number: int) -> tuple[str, list[Json]]:
    return "runs.createRun", [
        {
            "runId": f"{prefix}-{number}",
            "workflowName": ("bulk", "other")[number % 2],
            "startedAt": utc_text(_FIRST_START_MS + number // _RUNS_AN_INSTANT),
        }
    ]


def _admit_dispatch(prefix: str, number: int) -> tuple[str, list[Json]]:
    return "submissions.admitDispatch", [
        {
            "dispatchId": f"{prefix}-{number}",
            "agent": "bulk",
            "id": f"{prefix}-{number % 3}",
            "input": number,
            "acceptedAt": utc_text(_FIRST_START_MS + number),
        }
    ]


BULK: dict[str, Callable[[str, int], tuple[str, list[Json]]]] = {
    "bulk.appendEvents": _append_event,
    "bulk.appendSegments": _append_segment,
    "bulk.createRuns": _create_run,
    "bulk.admitDispatches": _admit_dispatch,
}
"""Per bulk step, its call for one number."""


def single_calls(operation: dict[str, Json]) -> Iterator[dict[str, Json]]:
    """The ordinary operations of a bulk step, in order."""
    name, count, start = operation["args"]
    numbers = range(start, start + count)
    if operation["op"] == "bulk.appendSegments":
        numbers = numbers[::-1]
    for number in numbers:
        op, args = BULK[operation["op"]](name, number)
        yield {**operation, "op": op, "args": args}
