"""A differential run finds a store with one line broken within 500 sequences, and makes the sequence short."""

import pytest

from flue_memdb.verification import ReferenceEngine, differential, run_sequence
from tests.verification.mutants import BrokenEngine, SecondReference

REQUEUED = '        del db.running[row.submission_id]\n        reached("requeued")'
TO_THE_END = (
    "        queue = db.session_unsettled[row.session_key]\n"
    "        queue[row.submission_id] = queue.pop(row.submission_id)\n"
)
REPEATED = '        reached("repeated")\n        return format_offset(sequence'
PAGE = "page = list(islice(matching, page_size(limit)))"
CLEARED = "row.attempt_id = row.owner_id = row.started_at"
RESERVATION = "(row.terminal_key, row.terminal_event) == (event_key, event)"
SEGMENTS = "            self.segments.pop(journal.stream_key, None)\n"
COMMITTED = '"committed_before" if journal.committed else journal'
TIMEOUT = "row.timeout_at or now + DEFAULT_TIMEOUT_MS"
EXPIRED = "0 < row.lease_expires_at < now"
MARKED = "db.markers.setdefault(key, db.clock())"
NEXT = "sequence = len(stream.events)\n"

MUTANTS = {
    "a claim ignores the head rule": ("store/lifecycle.py", "db.head(row.session_key) is not row", "False"),
    "a lease expires at its last instant": ("store/leases.py", EXPIRED, "0 < row.lease_expires_at <= now"),
    "a lease of 0 expires": ("store/leases.py", EXPIRED, "row.lease_expires_at < now"),
    "a repeated event gets another offset": ("store/events.py", REPEATED, f"{REPEATED} + (sequence > 2)"),
    "offsets are off by one beyond 100 events": (
        "store/events.py",
        NEXT,
        NEXT.rstrip() + " + (len(stream.events) > 100)\n",
    ),
    "a settled submission stays in the queue": ("database.py", "        _remove(self.session_unsettled, row)\n", ""),
    "a requeue goes to the end": ("store/lifecycle.py", REQUEUED, TO_THE_END + REQUEUED),
    "a requeue keeps the recovery request": (
        "store/lifecycle.py",
        f"{CLEARED} = row.recovery_requested_at = None",
        f"{CLEARED} = None",
    ),
    "a page holds at most 999": ("store/runs.py", "page_size(limit)", "min(page_size(limit), 999)"),
    "runs of one instant come in the order of ids": (
        "store/runs.py",
        PAGE,
        f"{PAGE}\n        page.sort(key=lambda row: (-row.started_ms, row.run_id))",
    ),
    "runs are ordered by the text of their start": (
        "store/runs.py",
        PAGE,
        f"{PAGE}\n        page.sort(key=lambda row: (row.started_at, row.run_id), reverse=True)",
    ),
    "a run that ended stays among the active ones": (
        "run_order.py",
        "            del left[bisect_left(left, _position(row))]\n",
        "",
    ),
    "an earlier result lingers": ("store/runs.py", "row.error = result,", "row.error = result or row.result,"),
    "a deletion leaves the segments": ("database.py", SEGMENTS, "            pass\n"),
    "a direct prompt leaves a receipt": ("store/deletion.py", 'if row.kind == "dispatch":', "if True:"),
    "a committed journal moves along": ("store/journal.py", COMMITTED, "journal"),
    "a reclaim gets a new timeout": ("store/lifecycle.py", TIMEOUT, "now + DEFAULT_TIMEOUT_MS"),
    "a reservation forgets the event": ("store/outbox.py", RESERVATION, "row.terminal_key == event_key"),
    "a marker gets a new time": ("store/markers.py", MARKED, "db.markers[key] = db.clock()"),
    "a settlement leaves no time": ("database.py", '"settled", self.clock(), error', '"settled", None, error'),
}


@pytest.mark.parametrize("mutant", MUTANTS)
async def test_a_broken_line_is_found_and_made_short(mutant):
    engines = [ReferenceEngine(), BrokenEngine(*MUTANTS[mutant])]

    report = await differential(engines, seed="mutants", sequences=500, max_divergences=1, shrink_seconds=60)

    assert report.divergences, f"not found within {report.sequences} sequences of seed {report.seed!r}"
    [divergence] = report.divergences
    assert len(divergence.operations) <= 12, str(divergence)
    again = await run_sequence(engines, divergence.operations)
    assert again.difference is not None
    assert again.difference.kind == divergence.found.kind


async def test_a_second_reference_does_not_diverge():
    report = await differential([ReferenceEngine(), SecondReference()], seed="clean", sequences=60)

    assert report.divergences == (), str(report)
    assert (report.sequences, report.operations) == (60, 3_600)


async def test_reasons_are_compared_where_a_store_gives_reasons():
    wrong_reason = BrokenEngine("store/markers.py", '"kept" if key in db.markers else "inserted"', '"inserted"')
    silent = BrokenEngine("store/connection.py", "class Store:", "reached = None\n\n\nclass Store:")

    found = await differential([ReferenceEngine(), wrong_reason], seed="reasons", sequences=100, max_divergences=1)
    assert [divergence.found.kind for divergence in found.divergences] == ["outcome"]
    assert (await differential([ReferenceEngine(), silent], seed="reasons", sequences=5)).divergences == ()
