"""Databases with something in them, and stores with faults."""

from itertools import count

import pytest

from flue_memdb import (
    AttemptRef,
    ClaimRef,
    DirectInput,
    DispatchInput,
    Faults,
    ManualClock,
    MemoryDatabase,
    NewRun,
    NewTurnJournal,
    RunEnd,
    memory,
    open_stores,
    session_storage_key,
)

CREW = session_storage_key("crew")


@pytest.fixture
async def filled():
    """A database with something of everything."""
    numbers = count(1)
    clock = ManualClock(1_780_000_000_000)
    database = MemoryDatabase(clock=clock, new_id=lambda: f"id-{next(numbers)}")
    async with open_stores(memory(database)) as stores:
        await stores.sessions.save(CREW, {"leafId": "e1", "entries": [{"id": "e1", "n": 1e21}]})
        plan = DispatchInput(
            dispatch_id="d1", agent="planner", id="crew", input={"b": 1, "a": None}, accepted_at="2026-06-03"
        )
        await stores.submissions.admit_dispatch(plan)
        prompt = DirectInput(
            submission_id="p1", agent="planner", id="solo", payload={"message": "hé"}, accepted_at="2026-06-03"
        )
        await stores.submissions.admit_direct(prompt)
        clock.advance(5)
        for submission_id in ("d1", "p1"):
            await stores.submissions.claim_submission(ClaimRef(submission_id, "a1", "w1", clock() + 30_000))
        attempt = AttemptRef("d1", "a1")
        await stores.submissions.insert_attempt_marker(attempt)
        journal = NewTurnJournal(
            submission_id="d1",
            session_key=CREW,
            kind="dispatch",
            attempt_id="a1",
            operation_id="o1",
            turn_id="t1",
            phase="before_provider",
        )
        await stores.submissions.begin_turn_journal(journal)
        for index in (10, 9):
            await stores.submissions.append_stream_chunk_segment("d1:t1", index, f"piece {index}")
        await stores.submissions.reserve_submission_terminal(AttemptRef("p1", "a1"), "p1:end", {"$text": "no text"})
        await stores.runs.create_run(
            NewRun(run_id="r1", workflow_name="digest", started_at="2026-06-03T09:30Z", input=None)
        )
        end = RunEnd(run_id="r1", ended_at="2026-06-03T09:31Z", is_error=False, duration_ms=60_000, result=[1.0])
        await stores.runs.end_run(end)
        await stores.events.create_stream("runs/r1")
        await stores.events.append_event_once("runs/r1", "z", {"type": "start"})
        await stores.events.append_event("runs/r1", "end")
        await stores.events.close_stream("runs/r1")

        async def tree():
            nonlocal pending
            pending = database.snapshot()["deletions"]

        pending = None
        old = DispatchInput(dispatch_id="d0", agent="planner", id="old", input=0, accepted_at="2026-06-01")
        await stores.submissions.admit_dispatch(old)
        await stores.submissions.claim_submission(ClaimRef("d0", "a1", "w1", clock()))
        await stores.submissions.complete_submission(AttemptRef("d0", "a1"))
        await stores.submissions.delete_session(session_storage_key("old"), tree)
    database.restore({**database.snapshot(), "deletions": pending})
    return database


@pytest.fixture
def clock():
    return ManualClock(1_780_000_000_000)


@pytest.fixture
def faults(clock):
    return Faults(clock=clock)


@pytest.fixture
async def stores(faults, clock):
    async with open_stores(faults.around(memory(clock=clock))) as stores:
        yield stores
