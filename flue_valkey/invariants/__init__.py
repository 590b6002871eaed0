"""What always holds in a namespace: every index agrees with the rows, records can be read, and nothing is left behind.

A finding is `broken` when a reader could be misled, `left over` when something lies about that nobody reads. A peer's
gaps that are no damage (docs/storage-format.md, "What always holds") are at most left over. One module a subject; each
check looks at one key and at what it leads to, so that a namespace of any size can be checked key by key.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

from flue_memdb.contract.checks import SUBMISSION_STATUSES
from flue_valkey.invariants import events, generations, recovery, runs, submissions
from flue_valkey.invariants.view import Finding, View, broken, left_over
from flue_valkey.keyspace import Place

__all__ = ["Finding", "View", "findings", "stream_findings"]

_Check = Callable[..., AsyncIterator[Finding]]

_CHECKS: Final[dict[str, _Check]] = {
    "sequence": submissions.of_counter,
    "submission": submissions.of_submission,
    "receipt": submissions.of_receipt,
    **dict.fromkeys(("submissions", "submissions_order", *SUBMISSION_STATUSES), submissions.of_index),
    **dict.fromkeys(("session_submissions", "session_unsettled"), submissions.of_index),
    "session": generations.of_session,
    **dict.fromkeys(("session_generation", "submission_generation"), generations.of_generation),
    **dict.fromkeys(("session_generations", "submission_generations"), generations.of_list),
    **dict.fromkeys(("session_readers", "submission_readers"), generations.of_readers),
    "journal": recovery.of_journal,
    "stream_segments": recovery.of_segments,
    "marker": recovery.of_marker,
    "markers": recovery.of_markers,
    "deletion": recovery.of_deletion,
    **dict.fromkeys(("journals", "stream_segment_keys", "deletions", "events"), recovery.of_index),
    "run": runs.of_run,
    **dict.fromkeys(("runs", "runs_active", "runs_completed", "runs_errored", "runs_workflow"), runs.of_index),
    "event": events.of_stream,
    **dict.fromkeys(("event_entries", "event_order"), events.of_part),
    "event_keys": events.of_keys,
}


async def findings(view: View) -> list[Finding]:
    """All that contradicts the invariants; empty if all is well."""
    return [finding async for finding in stream_findings(view)]


async def stream_findings(view: View, looked_at: Callable[[int], None] | None = None) -> AsyncIterator[Finding]:
    """As `findings`, each when it is found; `looked_at` is told how many keys were looked at."""
    told: set[Finding] = set()
    async for page in view.pages():
        of_keys = await asyncio.gather(*(_of_key(view, place) for place in page.places))
        found = [broken(text) for text in page.misfits]
        found += [left_over(f"helper key {key} has no time to live") for key in page.lasting]
        for finding in found + [each for of_key in of_keys for each in of_key]:
            if finding not in told:
                told.add(finding)
                yield finding
        if looked_at is not None:
            looked_at(len(page.places) + len(page.misfits))


async def _of_key(view: View, place: Place) -> list[Finding]:
    name, ids = place
    if name not in _CHECKS:
        return []
    found = [finding async for finding in _CHECKS[name](view, name, *ids)]
    if not found:
        return []
    # Somebody may have been writing in between: what contradicts is still there the second time.
    again = {finding async for finding in _CHECKS[name](view, name, *ids)}
    return [finding for finding in found if finding in again]
