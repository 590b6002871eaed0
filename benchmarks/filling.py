"""What fills a server, many calls at a time. Ids are as long as usual ones."""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Final

from benchmarks.measure import PAYLOAD
from benchmarks.reference import STREAM, prompt, start_of
from flue_memdb import AttemptRef, ClaimRef, DispatchInput, NewRun, NewTurnJournal, RunEnd, Stores, session_storage_key

ATTEMPT: Final = "attempt-1"
OWNER: Final = "worker-1"
FLOWS: Final = 10

_AT_ONCE: Final = 500
_LONG_PAST: Final = 1


async def all_of(calls: Iterable[Awaitable[object]]) -> None:
    """Makes the calls, some hundred at a time, in their order."""
    waiting: list[Awaitable[object]] = []
    for call in calls:
        waiting.append(call)
        if len(waiting) == _AT_ONCE:
            await asyncio.gather(*waiting)
            waiting = []
    await asyncio.gather(*waiting)


def id_of(kind: str, number: int) -> str:
    """An id of 36 characters."""
    return f"{kind}-{number:0{35 - len(kind)}}"


def session_of(number: int) -> str:
    """The key of a session that submissions are for."""
    return session_storage_key(id_of("session", number))


def claim_of(submission_id: str) -> ClaimRef:
    """The first claim of a submission, whose lease has expired."""
    return ClaimRef(submission_id, ATTEMPT, OWNER, lease_expires_at=_LONG_PAST)


async def add_runs(stores: Stores, runs: int) -> None:
    """Runs of some flows, a second apart. Those of every other flow have ended."""
    names = [id_of("run", number) for number in range(runs)]
    await all_of(
        stores.runs.create_run(NewRun(run_id=name, workflow_name=f"flow-{number % FLOWS}", started_at=start_of(number)))
        for number, name in enumerate(names)
    )
    await all_of(
        stores.runs.end_run(RunEnd(run_id=name, ended_at=start_of(runs), is_error=False, duration_ms=1))
        for name in names[::2]
    )


async def add_events(stores: Stores, events: int, text: str = PAYLOAD) -> None:
    """Events of one stream."""
    await all_of(stores.events.append_event(STREAM, text) for _ in range(events))


async def add_queued(stores: Stores, submissions: int, sessions: int) -> None:
    """Queued prompts, in turn of so many sessions."""
    await all_of(
        stores.submissions.admit_direct(prompt(id_of("queued", number), id_of("session", number % sessions), PAYLOAD))
        for number in range(submissions)
    )


async def add_running(stores: Stores, submissions: int) -> list[str]:
    """Running prompts, each of a session of its own, and their ids."""
    await add_queued(stores, submissions, sessions=submissions)
    names = [id_of("queued", number) for number in range(submissions)]
    await all_of(stores.submissions.claim_submission(claim_of(name)) for name in names)
    return names


async def add_terminalizing(stores: Stores, submissions: int) -> None:
    """Prompts whose last event is reserved."""
    attempts = [AttemptRef(name, ATTEMPT) for name in await add_running(stores, submissions)]
    await all_of(stores.submissions.reserve_submission_terminal(one, "end", PAYLOAD) for one in attempts)


async def add_markers(stores: Stores, markers: int) -> None:
    """Attempt markers."""
    attempts = (AttemptRef(id_of("marked", number), ATTEMPT) for number in range(markers))
    await all_of(stores.submissions.insert_attempt_marker(one) for one in attempts)


async def add_deletions(stores: Stores, deletions: int) -> None:
    """Deletions that were cut off: their processes died in the callback, as it were."""
    begin = stores.submissions.begin_deletion  # type: ignore[attr-defined]  # by itself it is no operation of the contract
    await all_of(begin(session_of(number), id_of("owner", number)) for number in range(deletions))


async def add_segments(stores: Stores, stream_key: str, segments: int, text: str = PAYLOAD) -> None:
    """Segments of a stream."""
    append = stores.submissions.append_stream_chunk_segment
    await all_of(append(stream_key, index, text) for index in range(segments))


async def add_settled(stores: Stores, session: int, dispatches: int, segments: int) -> None:
    """Settled dispatches of a session, each with a journal and so many segments."""
    submissions = stores.submissions
    for number in range(dispatches):
        claim = claim_of(id_of(f"settled-{session}", number))
        name = claim.submission_id
        dispatch = DispatchInput(
            dispatch_id=name, agent="planner", id=id_of("session", session), input=PAYLOAD, accepted_at="2026-06-03"
        )
        turn = NewTurnJournal(
            submission_id=name,
            session_key=session_of(session),
            kind="dispatch",
            attempt_id=ATTEMPT,
            operation_id="operation-1",
            turn_id="turn-1",
            phase="before_provider",
        )
        await asyncio.gather(  # what is sent first is done first
            submissions.admit_dispatch(dispatch),
            submissions.claim_submission(claim),
            submissions.begin_turn_journal(turn),
            submissions.update_turn_journal_phase(claim, "provider_started", stream_key=name),
            submissions.complete_submission(claim),
        )
        await add_segments(stores, name, segments)
