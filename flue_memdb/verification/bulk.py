"""Bulk steps: one line for many ordinary calls, for what matters only beyond many records, such as the limits of pages.

- `bulk.appendEvents [path, count, start]`: appends the events start, start + 1 …
- `bulk.appendSegments [streamKey, count, start]`: segments with these indexes, in descending order;
- `bulk.createRuns [prefix, count, start]`: runs PREFIX-START …, seven of them at each instant, of two workflows;
- `bulk.admitDispatches [prefix, count, start]`: dispatches PREFIX-START … for three instances;
- `bulk.endRuns [prefix, count, start]`: the runs PREFIX-START … end;
- `bulk.claimDispatches [prefix, count, start]`: dispatches PREFIX-START …, each for an instance of its own, claimed
  with a lease that ends at its number;
- `bulk.settleDispatches [prefix, count, start]`: dispatches PREFIX-START … for the instance PREFIX, each claimed and
  completed.
"""

from collections.abc import Callable, Iterator

from flue_memdb.contract import Json, utc_text

_RUNS_AN_INSTANT = 7
_FIRST_START_MS = 1_750_000_000_000


_Calls = list[tuple[str, list[Json]]]


def _append_event(path: str, number: int) -> _Calls:
    return [("events.appendEvent", [path, number])]


def _append_segment(stream_key: str, number: int) -> _Calls:
    return [("submissions.appendStreamChunkSegment", [stream_key, number, f"segment {number}"])]


def _create_run(prefix: str, number: int) -> _Calls:
    run: dict[str, Json] = {
        "runId": f"{prefix}-{number}",
        "workflowName": ("bulk", "other")[number % 2],
        "startedAt": utc_text(_FIRST_START_MS + number // _RUNS_AN_INSTANT),
    }
    return [("runs.createRun", [run])]


def _admit_dispatch(prefix: str, number: int) -> _Calls:
    return [("submissions.admitDispatch", [_dispatch(f"{prefix}-{number}", f"{prefix}-{number % 3}", number)])]


def _end_run(prefix: str, number: int) -> _Calls:
    ended_at = utc_text(_FIRST_START_MS + number)
    end: dict[str, Json] = {"runId": f"{prefix}-{number}", "endedAt": ended_at, "isError": False, "durationMs": number}
    return [("runs.endRun", [end])]


def _claim_dispatch(prefix: str, number: int) -> _Calls:
    name = f"{prefix}-{number}"
    claim: dict[str, Json] = {"submissionId": name, "attemptId": "bulk", "ownerId": "bulk", "leaseExpiresAt": number}
    return [
        ("submissions.admitDispatch", [_dispatch(name, name, number)]),
        ("submissions.claimSubmission", [claim]),
    ]


def _settle_dispatch(prefix: str, number: int) -> _Calls:
    attempt = {"submissionId": f"{prefix}-{number}", "attemptId": "bulk"}
    return [
        ("submissions.admitDispatch", [_dispatch(f"{prefix}-{number}", prefix, number)]),
        ("submissions.claimSubmission", [{**attempt, "ownerId": "bulk", "leaseExpiresAt": 0}]),
        ("submissions.completeSubmission", [attempt]),
    ]


def _dispatch(dispatch_id: str, instance: str, number: int) -> dict[str, Json]:
    accepted_at = utc_text(_FIRST_START_MS + number)
    return {"dispatchId": dispatch_id, "agent": "bulk", "id": instance, "input": number, "acceptedAt": accepted_at}


BULK: dict[str, Callable[[str, int], _Calls]] = {
    "bulk.appendEvents": _append_event,
    "bulk.appendSegments": _append_segment,
    "bulk.createRuns": _create_run,
    "bulk.admitDispatches": _admit_dispatch,
    "bulk.endRuns": _end_run,
    "bulk.claimDispatches": _claim_dispatch,
    "bulk.settleDispatches": _settle_dispatch,
}
"""Per bulk step, its calls for one number."""


def single_calls(operation: dict[str, Json]) -> Iterator[dict[str, Json]]:
    """The ordinary operations of a bulk step, in order."""
    name, count, start = operation["args"]
    numbers = range(start, start + count)
    if operation["op"] == "bulk.appendSegments":
        numbers = numbers[::-1]
    for number in numbers:
        for op, args in BULK[operation["op"]](name, number):
            yield {**operation, "op": op, "args": args}
