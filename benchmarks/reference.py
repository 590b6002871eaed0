"""How fast the reference is: `python -m benchmarks.reference` prints a table.

Each figure is the best of several rounds: other work on the machine only ever makes one slower.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from itertools import count
from tempfile import TemporaryDirectory
from typing import TypeAlias

from flue_memdb import (
    ClaimRef,
    DirectInput,
    EventStore,
    MemoryDatabase,
    NewRun,
    NewTurnJournal,
    RunStore,
    Stores,
    SubmissionStore,
    encode_cursor,
    format_offset,
    memory,
    session_storage_key,
    utc_text,
)

ROUNDS = 15
STORED = 100_000
SIMPLE_CALLS = 3
STREAM = "events"
IMPORTS = ("import flue_memdb", "import flue_valkey", "from flue_valkey import valkey", "import redis.asyncio")
"""The last is what the one before it cannot do without."""

Figure: TypeAlias = tuple[str, float, str]
"""What was measured, its value and its unit."""

_NOW_MS = 1_780_000_000_000
_names = (f"new-{number}" for number in count())


async def simple_operations(stores: Stores, name: str) -> None:
    """A marker, a segment and a lookup."""
    attempt = ClaimRef(name, "attempt-1", "worker-1", lease_expires_at=_NOW_MS)
    await stores.submissions.insert_attempt_marker(attempt)
    await stores.submissions.append_stream_chunk_segment(name, 0, "some of the output")
    await stores.runs.lookup_run(name)


async def submission_life(stores: Stores, name: str, text: str = "some of the output") -> None:
    """A direct submission from its admission to its end, with one turn: 14 calls. `text` is what the model puts out."""
    submissions = stores.submissions
    claim = ClaimRef(name, "attempt-1", "worker-1", lease_expires_at=_NOW_MS)
    turn = NewTurnJournal(
        submission_id=name,
        session_key=session_storage_key(name),
        kind="direct",
        attempt_id="attempt-1",
        operation_id="operation-1",
        turn_id="turn-1",
        phase="before_provider",
    )
    request = {"name": "search", "arguments": {"query": text}}
    done = {"type": "done", "text": text}
    await submissions.admit_direct(prompt(name, session=name, text=text))
    await submissions.claim_submission(claim)
    await submissions.mark_submission_input_applied(claim)
    await submissions.begin_turn_journal(turn)
    await submissions.update_turn_journal_phase(claim, "provider_started", stream_key=name)
    for index in range(3):
        await submissions.append_stream_chunk_segment(name, index, text)
    await submissions.update_turn_journal_phase(claim, "tool_request_recorded", tool_request=request)
    await submissions.commit_turn_journal(claim, "leaf-1")
    await submissions.reserve_submission_terminal(claim, name, done)
    offset = await stores.events.append_event_once(STREAM, name, done)
    await submissions.record_submission_terminal_offset(claim, name, offset)
    assert await submissions.finalize_submission_terminal(claim, name)


def prompt(name: str, session: str, text: str = "plan") -> DirectInput:
    """A direct prompt for the session."""
    payload = {"message": text}
    return DirectInput(
        submission_id=name, agent="planner", id=session, payload=payload, accepted_at="2026-06-03T09:30:00Z"
    )


async def with_stream() -> Stores:
    """The stores of a new database that has an event stream."""
    adapter = memory(MemoryDatabase(clock=lambda: _NOW_MS))
    await adapter.migrate()
    stores = await adapter.connect()
    await stores.events.create_stream(STREAM)
    return stores


async def add_lives(stores: Stores, lives: int) -> None:
    """Lets so many submissions live."""
    for number in range(lives):
        await submission_life(stores, f"stored-{number}")


async def add_queued(submissions: SubmissionStore, queued: int, sessions: int) -> None:
    """Queues so many prompts, in so many sessions."""
    for number in range(queued):
        await submissions.admit_direct(prompt(f"queued-{number}", session=f"session-{number % sessions}"))


async def add_running(submissions: SubmissionStore, running: int) -> None:
    """Claims so many prompts, each of a session of its own; the lease of every tenth has expired."""
    for number in range(running):
        name = f"running-{number}"
        await submissions.admit_direct(prompt(name, session=name))
        lease = _NOW_MS + (30_000 if number % 10 else -1)
        await submissions.claim_submission(ClaimRef(name, "attempt-1", "worker-1", lease_expires_at=lease))


async def add_runs(runs: RunStore, number_of_runs: int) -> None:
    """Creates so many runs, a second apart, of ten workflows."""
    for number in range(number_of_runs):
        workflow_name = f"flow-{number % 10}"
        await runs.create_run(NewRun(run_id=f"run-{number}", workflow_name=workflow_name, started_at=start_of(number)))


def start_of(number: int) -> str:
    """When the run of that number started."""
    return utc_text(_NOW_MS + 1_000 * number)


async def add_events(events: EventStore, number_of_events: int) -> None:
    """Appends so many events."""
    for number in range(number_of_events):
        await events.append_event(STREAM, number)


def fresh_database_us() -> float:
    """A new database with its adapter, in µs."""

    def thousand() -> None:
        for _ in range(1_000):
            memory()

    return min(_seconds(thousand) for _ in range(ROUNDS)) * 1e6 / 1_000


async def each_second(work: Callable[[Stores, str], Awaitable[None]], stores: Stores, times: int) -> float:
    """How often a second it can be done, one after another."""
    fastest = float("inf")
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        for _ in range(times):
            await work(stores, next(_names))
        fastest = min(fastest, time.perf_counter() - begun)
    return times / fastest


async def call_us(call: Callable[[], Awaitable[object]]) -> float:
    """One call, in µs."""
    fastest = float("inf")
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        await call()
        fastest = min(fastest, time.perf_counter() - begun)
    return fastest * 1e6


def calibration_ms() -> float:
    """A fixed piece of work that has nothing to do with the reference: how fast the machine is just now."""
    return min(_seconds(lambda: sum(number + 1 for number in range(1_000_000))) for _ in range(ROUNDS)) * 1e3


def import_ms(statement: str) -> float:
    """An import in a new interpreter, in ms, without that interpreter's own start.

    It is that of an installed package, whose bytecode is there: the first round writes it, whatever the environment
    says of that.
    """
    code = f"import time; begun = time.perf_counter(); {statement}; print(time.perf_counter() - begun)"
    with TemporaryDirectory() as bytecode:
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": bytecode}
        run = partial(subprocess.run, [sys.executable, "-c", code], env=environment, capture_output=True, check=True)
        return min(float(run().stdout) for _ in range(ROUNDS)) * 1e3


async def figures() -> AsyncIterator[Figure]:
    """The figures, each as soon as it is known."""
    yield "a million additions, for comparison", calibration_ms(), "ms"
    for statement in IMPORTS:
        yield statement, import_ms(statement), "ms"
    yield "fresh database", fresh_database_us(), "µs"
    for stored in (0, STORED):
        stores = await with_stream()
        await add_lives(stores, stored)
        simple = SIMPLE_CALLS * await each_second(simple_operations, stores, 2_000)
        yield f"simple operations beside {stored:,} submissions", simple, "a second"
        lives = await each_second(submission_life, stores, 500)
        yield f"lives of a submission beside {stored:,}", lives, "a second"
    for stored in (1_000, STORED):
        async for figure in _run_pages(stored):
            yield figure
    for stored in (1_000, 10 * STORED):
        events = (await with_stream()).events
        await add_events(events, stored)
        page = partial(events.read_events, STREAM, format_offset(stored // 2))
        yield f"100 events in the middle of {stored:,}", await call_us(page), "µs"
    async for figure in _submission_listings():
        yield figure
    yield "a million additions, once more", calibration_ms(), "ms"


async def _run_pages(stored: int) -> AsyncIterator[Figure]:
    runs = (await with_stream()).runs
    await add_runs(runs, stored)
    middle = encode_cursor(start_of(stored // 2), f"run-{stored // 2}")
    yield f"page of 100 of {stored:,} runs", await call_us(runs.list_runs), "µs"
    yield "  of a status and a workflow", await call_us(partial(runs.list_runs, "active", "flow-1")), "µs"
    yield "  from the middle on", await call_us(partial(runs.list_runs, cursor=middle)), "µs"


async def _submission_listings() -> AsyncIterator[Figure]:
    for sessions in (100, 10_000):
        submissions = (await with_stream()).submissions
        await add_queued(submissions, 10_000, sessions)
        listing = await call_us(submissions.list_runnable_submissions)
        yield f"runnable of 10,000 queued in {sessions:,} sessions", listing, "µs"
    submissions = (await with_stream()).submissions
    await add_running(submissions, 10_000)
    yield "10,000 running", await call_us(submissions.list_running_submissions), "µs"
    yield "1,000 expired of 10,000 running", await call_us(submissions.list_expired_submissions), "µs"


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


async def main() -> None:
    """Prints the table."""
    async for name, value, unit in figures():
        print(f"{name:<50} {value:>12,.{0 if value >= 1_000 else 1}f} {unit}", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
