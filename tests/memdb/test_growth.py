"""What an operation of the reference costs does not depend on how much is stored: counted and weighed, not timed."""

import asyncio
import functools
import gc
import sys
import tracemalloc

import pytest

from benchmarks.reference import (
    STREAM,
    add_events,
    add_lives,
    add_queued,
    add_running,
    add_runs,
    prompt,
    simple_operations,
    start_of,
    submission_life,
    with_stream,
)
from flue_memdb import (
    AttemptRef,
    ClaimRef,
    ManualClock,
    MemoryDatabase,
    NewRun,
    RunEnd,
    encode_cursor,
    format_offset,
)
from flue_memdb.contract.limits import LEASE_MS
from flue_memdb.database import DELETIONS_REMEMBERED
from tests.stores import stores_in

SMALL, LARGE = 200, 20_000


@functools.cache
def stores_with(stored):
    """The stores of a database that holds so many of everything, and always the same few that are at work."""

    async def build():
        stores = await with_stream()
        await add_lives(stores, stored // 4)
        await add_runs(stores.runs, stored)
        await add_events(stores.events, stored)
        await add_queued(stores.submissions, 20, 10)
        await add_running(stores.submissions, 20)
        for number in range(stored):
            await stores.sessions.save(f"session-{number}", {"entries": []})
        return stores

    return asyncio.run(build())


def deep_cursor(stored):
    return encode_cursor(start_of(stored // 2), f"run-{stored // 2}")


def ended(stored):
    return RunEnd(run_id=f"run-{stored // 2}", ended_at="2026-06-03", is_error=False, duration_ms=1)


def early_run(name):
    return NewRun(run_id=name, workflow_name="flow-1", started_at="2020-01-01")


OPERATIONS = {
    "the life of a submission": lambda stores, stored: submission_life(stores, "new"),
    "simple operations": lambda stores, stored: simple_operations(stores, "new"),
    "admit_direct, to a session": lambda stores, stored: stores.submissions.admit_direct(prompt("more", "session-1")),
    "admit_direct, again": lambda stores, stored: stores.submissions.admit_direct(prompt("queued-1", "session-1")),
    "claim_submission": lambda stores, stored: stores.submissions.claim_submission(ClaimRef("queued-0", "a", "o", 1)),
    "get_submission": lambda stores, stored: stores.submissions.get_submission("stored-1"),
    "get_turn_journal": lambda stores, stored: stores.submissions.get_turn_journal("stored-1"),
    "get_stream_chunk_segments": lambda stores, stored: stores.submissions.get_stream_chunk_segments("stored-1"),
    "complete_submission": lambda stores, stored: stores.submissions.complete_submission(
        AttemptRef("running-1", "attempt-1")
    ),
    "renew_leases": lambda stores, stored: stores.submissions.renew_leases("worker-1", ["running-2"]),
    "has_unsettled_submissions": lambda stores, stored: stores.submissions.has_unsettled_submissions(),
    "list_runnable_submissions": lambda stores, stored: stores.submissions.list_runnable_submissions(),
    "list_running_submissions": lambda stores, stored: stores.submissions.list_running_submissions(),
    "list_expired_submissions": lambda stores, stored: stores.submissions.list_expired_submissions(),
    "list_pending_terminal_outboxes": lambda stores, stored: stores.submissions.list_pending_terminal_outboxes(),
    "create_run, the oldest": lambda stores, stored: stores.runs.create_run(early_run("new")),
    "end_run": lambda stores, stored: stores.runs.end_run(ended(stored)),
    "get_run": lambda stores, stored: stores.runs.get_run("run-1"),
    "list_runs": lambda stores, stored: stores.runs.list_runs(limit=10),
    "list_runs, of a status": lambda stores, stored: stores.runs.list_runs("active", limit=10),
    "list_runs, of a workflow": lambda stores, stored: stores.runs.list_runs(None, "flow-1", limit=10),
    "list_runs, of both": lambda stores, stored: stores.runs.list_runs("active", "flow-1", limit=10),
    "list_runs, of a status that few have": lambda stores, stored: stores.runs.list_runs("errored", "flow-1"),
    "list_runs, from the middle on": lambda stores, stored: stores.runs.list_runs(limit=10, cursor=deep_cursor(stored)),
    "append_event": lambda stores, stored: stores.events.append_event(STREAM, 1),
    "read_events, from the start on": lambda stores, stored: stores.events.read_events(STREAM, limit=10),
    "read_events, from the middle on": lambda stores, stored: stores.events.read_events(
        STREAM, format_offset(stored // 2), limit=10
    ),
    "get_stream_meta": lambda stores, stored: stores.events.get_stream_meta(STREAM),
    "save": lambda stores, stored: stores.sessions.save("new", {"entries": []}),
    "load": lambda stores, stored: stores.sessions.load("session-1"),
    "delete": lambda stores, stored: stores.sessions.delete("session-1"),
}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_as_many_calls_with_little_stored_as_with_much(operation):
    few, many = calls_made(operation, SMALL), calls_made(operation, LARGE)

    assert few > 0
    assert many == few


@pytest.mark.parametrize("operation", [name for name in OPERATIONS if name.startswith(("list_", "read_"))])
def test_a_page_takes_no_more_memory_than_a_page(operation):
    # A list of all that is stored would take eight bytes for each.
    assert bytes_taken(operation, LARGE) < 8 * LARGE / 4


async def test_deletions_that_are_taken_over_leave_no_more_than_so_many_notes():
    database = MemoryDatabase(clock=(clock := ManualClock()))
    submissions = (await stores_in(database)).submissions
    for number in range(DELETIONS_REMEMBERED + 10):
        await submissions.begin_deletion("s", f"owner-{number}")
        clock.advance(LEASE_MS)
    assert len(database.deletion_heirs) == DELETIONS_REMEMBERED
    assert await submissions.heir_of_deletion(f"owner-{number - 1}") == f"owner-{number}"


def calls_made(operation, stored):
    """How many functions the operation calls, those of C among them."""
    calls = 0

    def count(frame, event, arg):
        nonlocal calls
        calls += event in ("call", "c_call")

    async def counted(work):
        gc.disable()  # the collector may call anything
        sys.setprofile(count)
        try:
            await work
        finally:
            sys.setprofile(None)
            gc.enable()

    asyncio.run(counted(OPERATIONS[operation](stores_with(stored), stored)))
    return calls


def bytes_taken(operation, stored):
    """How much memory the operation had in use at most, beyond what it found."""

    async def weighed(work):
        tracemalloc.start()
        try:
            await work
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    return asyncio.run(weighed(OPERATIONS[operation](stores_with(stored), stored)))
