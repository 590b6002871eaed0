"""The whole readable state of a namespace, as far as a sequence of operations can have touched it."""

import json
from collections.abc import Iterable

from flue_memdb.contract import Json, Stores, session_storage_key
from flue_memdb.contract.errors import InvalidIdentifierError
from flue_memdb.verification.naming import named_values
from flue_memdb.verification.observations import Operation
from flue_memdb.verification.operations import apply
from flue_memdb.verification.placeholders import expand

_LISTINGS = (
    "submissions.listRunnableSubmissions",
    "submissions.listRunningSubmissions",
    "submissions.listExpiredSubmissions",
    "submissions.listPendingTerminalOutboxes",
    "submissions.listAttemptMarkers",
    "submissions.listPendingSessionDeletions",
)
_READS = {
    "submissionId": ("submissions.getSubmission", "submissions.getTurnJournal"),
    "dispatchId": ("submissions.getSubmission",),
    "streamKey": ("submissions.getStreamChunkSegments",),
    "sessionKey": ("sessions.load",),
    "runId": ("runs.getRun", "runs.lookupRun"),
    "path": ("events.getStreamMeta",),
}
_STATUSES = (None, "active", "completed", "errored")
_MAX_PAGES = 50


async def read_state(stores: Stores, operations: Iterable[Operation]) -> dict[str, Json]:
    """What every listing gives, and what every id, key and path of the operations reads as; errors are data.

    The keys are calls, such as `submissions.getSubmission ["s1"]`, the values their answers. The last one is
    `submissions.hasUnsettledSubmissions []`.
    """
    names = _names(operations)
    state: dict[str, Json] = {}
    for op in _LISTINGS:
        await _read(stores, state, op)
    for name, ops in _READS.items():
        for value in names.get(name, ()):
            for op in ops:
                await _read(stores, state, op, value)
    for path in names.get("path", ()):
        await _read_pages(stores, state, "events.readEvents", [path, {"limit": 1_000}])
    if "runId" in names:
        for workflow in (None, *names.get("workflowName", ())):
            for status in _STATUSES:
                filters = {"status": status, "workflowName": workflow, "limit": 1_000}
                await _read_pages(stores, state, "runs.listRuns", [filters])
    await _read(stores, state, "submissions.hasUnsettledSubmissions")
    return state


async def _read(stores: Stores, state: dict[str, Json], op: str, *args: Json) -> Json:
    """Reads once, and keeps the answer in the state."""
    call = f"{op} {json.dumps(args)}"
    if call not in state:
        state[call] = await apply(stores, {"op": op, "args": [*args]})
    return state[call].get("result")


async def _read_pages(stores: Stores, state: dict[str, Json], op: str, args: list[Json]) -> None:
    """Reads page after page; the options are the last argument. Stops at an error, and at pages without an end."""
    for _ in range(_MAX_PAGES):
        page = await _read(stores, state, op, *args)
        if not isinstance(page, dict):
            return
        if "nextCursor" in page:
            follows = {"cursor": page["nextCursor"]}
        elif not page.get("upToDate", True):
            follows = {"offset": page["nextOffset"]}
        else:
            return
        args = [*args[:-1], {**args[-1], **follows}]


def _names(operations: Iterable[Operation]) -> dict[str, list[Json]]:
    """The values of each name that can be read by, each once, in order."""
    found: dict[str, dict[str, Json]] = {}
    for operation in operations:
        for name, value in named_values(operation):
            for read_as, readable in _readable(operation["op"], name, value):
                found.setdefault(read_as, {})[json.dumps(readable)] = readable
    return {name: list(values.values()) for name, values in found.items()}


def _readable(op: str, name: str, value: Json) -> Iterable[tuple[str, Json]]:
    if not isinstance(value, (str, dict)):
        return
    if name in _READS or name == "workflowName":
        yield name, value
    elif name == "id" and op.startswith("submissions."):
        try:
            yield "sessionKey", session_storage_key(expand(value))
        except InvalidIdentifierError:
            return
