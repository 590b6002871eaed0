"""What an operation costs that does not depend on the machine: round trips, once the server knows the scripts."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any

import pytest

from flue_memdb import ManualClock, Stores
from flue_memdb.conformance.examples import (
    EVENT_KEY,
    NOW_MS,
    OFFSET,
    PATH,
    SESSION,
    STREAM,
    admit,
    attempt,
    claim,
    direct,
    dispatch,
    new_journal,
    new_run,
    nothing_to_delete,
    run_end,
    running,
    session,
    settled,
    submission_of,
    terminalizing,
)
from flue_memdb.verification.shapes import METHODS
from flue_valkey import valkey
from flue_valkey.servers.counting import CountingRunner
from flue_valkey.servers.server import Server

Step = Callable[[Stores], Awaitable[Any]]


async def begin_journal(stores: Stores) -> None:
    await running(stores, direct())
    await stores.submissions.begin_turn_journal(new_journal())


async def hundred_queued(stores: Stores) -> None:
    await asyncio.gather(*(admit(stores, dispatch(f"d{number}", f"i{number}")) for number in range(100)))


async def hundred_running(stores: Stores) -> None:
    claims = (running(stores, dispatch(f"d{number}", f"i{number}"), lease_expires_at=1) for number in range(100))
    await asyncio.gather(*claims)


async def hundred_outboxes(stores: Stores) -> None:
    await asyncio.gather(*(terminalizing(stores, direct(f"p{number}", f"i{number}")) for number in range(100)))


async def hundred_markers(stores: Stores) -> None:
    await asyncio.gather(*(stores.submissions.insert_attempt_marker(attempt(f"d{number}")) for number in range(100)))


async def hundred_segments(stores: Stores) -> None:
    append = stores.submissions.append_stream_chunk_segment
    await asyncio.gather(*(append(STREAM, number, "text") for number in range(100)))


async def hundred_deletions(stores: Stores) -> None:
    begin = stores.submissions.begin_deletion  # type: ignore[attr-defined]
    await asyncio.gather(*(begin(f"s{number}", "dead") for number in range(100)))


async def hundred_runs(stores: Stores) -> None:
    await asyncio.gather(*(stores.runs.create_run(new_run(f"r{number}")) for number in range(101)))


async def hundred_events(stores: Stores) -> None:
    await stores.events.create_stream(PATH)
    await asyncio.gather(*(stores.events.append_event(PATH, {"number": number}) for number in range(101)))


async def outbox_with_offset(stores: Stores) -> None:
    await terminalizing(stores, direct())
    await stores.submissions.record_submission_terminal_offset(attempt("p1"), EVENT_KEY, OFFSET)


async def nothing(_: Stores) -> None:
    pass


ONE_ROUND_TRIP: dict[str, tuple[Step, Step]] = {
    "sessions.save": (nothing, lambda s: s.sessions.save("s", session())),
    "sessions.load": (lambda s: s.sessions.save("s", session()), lambda s: s.sessions.load("s")),
    "sessions.delete": (lambda s: s.sessions.save("s", session()), lambda s: s.sessions.delete("s")),
    "submissions.getSubmission": (lambda s: admit(s, dispatch()), submission_of),
    "submissions.hasUnsettledSubmissions": (hundred_queued, lambda s: s.submissions.has_unsettled_submissions()),
    "submissions.listRunnableSubmissions": (hundred_queued, lambda s: s.submissions.list_runnable_submissions()),
    "submissions.listRunningSubmissions": (hundred_running, lambda s: s.submissions.list_running_submissions()),
    "submissions.listExpiredSubmissions": (hundred_running, lambda s: s.submissions.list_expired_submissions()),
    "submissions.listPendingTerminalOutboxes": (
        hundred_outboxes,
        lambda s: s.submissions.list_pending_terminal_outboxes(),
    ),
    "submissions.admitDispatch": (nothing, lambda s: s.submissions.admit_dispatch(dispatch())),
    "submissions.admitDirect": (nothing, lambda s: s.submissions.admit_direct(direct())),
    "submissions.claimSubmission": (lambda s: admit(s, dispatch()), lambda s: s.submissions.claim_submission(claim())),
    "submissions.markSubmissionInputApplied": (
        lambda s: running(s, dispatch()),
        lambda s: s.submissions.mark_submission_input_applied(attempt()),
    ),
    "submissions.requestSubmissionRecovery": (
        lambda s: running(s, dispatch()),
        lambda s: s.submissions.request_submission_recovery(attempt()),
    ),
    "submissions.requeueSubmissionBeforeInputApplied": (
        lambda s: running(s, dispatch()),
        lambda s: s.submissions.requeue_submission_before_input_applied(attempt()),
    ),
    "submissions.completeSubmission": (
        lambda s: running(s, dispatch()),
        lambda s: s.submissions.complete_submission(attempt()),
    ),
    "submissions.failSubmission": (
        lambda s: running(s, dispatch()),
        lambda s: s.submissions.fail_submission(attempt(), "no"),
    ),
    "submissions.replaceTurnJournalAttempt": (
        begin_journal,
        lambda s: s.submissions.replace_turn_journal_attempt(attempt("p1"), "a2"),
    ),
    "submissions.reserveSubmissionTerminal": (
        lambda s: running(s, direct()),
        lambda s: s.submissions.reserve_submission_terminal(attempt("p1"), EVENT_KEY, "end"),
    ),
    "submissions.recordSubmissionTerminalOffset": (
        lambda s: terminalizing(s, direct()),
        lambda s: s.submissions.record_submission_terminal_offset(attempt("p1"), EVENT_KEY, OFFSET),
    ),
    "submissions.finalizeSubmissionTerminal": (
        outbox_with_offset,
        lambda s: s.submissions.finalize_submission_terminal(attempt("p1"), EVENT_KEY),
    ),
    "submissions.beginTurnJournal": (
        lambda s: running(s, direct()),
        lambda s: s.submissions.begin_turn_journal(new_journal()),
    ),
    "submissions.updateTurnJournalPhase": (
        begin_journal,
        lambda s: s.submissions.update_turn_journal_phase(attempt("p1"), "provider_started"),
    ),
    "submissions.commitTurnJournal": (
        begin_journal,
        lambda s: s.submissions.commit_turn_journal(attempt("p1"), "leaf"),
    ),
    "submissions.markStreamConsumed": (
        begin_journal,
        lambda s: s.submissions.mark_stream_consumed(attempt("p1"), STREAM),
    ),
    "submissions.getTurnJournal": (begin_journal, lambda s: s.submissions.get_turn_journal("p1")),
    "submissions.appendStreamChunkSegment": (
        nothing,
        lambda s: s.submissions.append_stream_chunk_segment(STREAM, 0, "text"),
    ),
    "submissions.getStreamChunkSegments": (hundred_segments, lambda s: s.submissions.get_stream_chunk_segments(STREAM)),
    "submissions.deleteStreamChunkSegments": (nothing, lambda s: s.submissions.delete_stream_chunk_segments(STREAM)),
    "submissions.insertAttemptMarker": (nothing, lambda s: s.submissions.insert_attempt_marker(attempt())),
    "submissions.deleteAttemptMarker": (nothing, lambda s: s.submissions.delete_attempt_marker(attempt())),
    "submissions.listAttemptMarkers": (hundred_markers, lambda s: s.submissions.list_attempt_markers()),
    "submissions.renewLeases": (
        hundred_running,
        lambda s: s.submissions.renew_leases("w1", [f"d{number}" for number in range(100)]),
    ),
    "submissions.listPendingSessionDeletions": (
        hundred_deletions,
        lambda s: s.submissions.list_pending_session_deletions(),
    ),
    "runs.createRun": (nothing, lambda s: s.runs.create_run(new_run())),
    "runs.endRun": (lambda s: s.runs.create_run(new_run()), lambda s: s.runs.end_run(run_end())),
    "runs.getRun": (lambda s: s.runs.create_run(new_run()), lambda s: s.runs.get_run("r1")),
    "runs.lookupRun": (lambda s: s.runs.create_run(new_run()), lambda s: s.runs.lookup_run("r1")),
    "runs.listRuns": (hundred_runs, lambda s: s.runs.list_runs(limit=100, status="active", workflow_name="digest")),
    "events.createStream": (nothing, lambda s: s.events.create_stream(PATH)),
    "events.appendEvent": (lambda s: s.events.create_stream(PATH), lambda s: s.events.append_event(PATH, 1)),
    "events.appendEventOnce": (
        lambda s: s.events.create_stream(PATH),
        lambda s: s.events.append_event_once(PATH, "key", 1),
    ),
    "events.readEvents": (hundred_events, lambda s: s.events.read_events(PATH, limit=100)),
    "events.closeStream": (lambda s: s.events.create_stream(PATH), lambda s: s.events.close_stream(PATH)),
    "events.getStreamMeta": (lambda s: s.events.create_stream(PATH), lambda s: s.events.get_stream_meta(PATH)),
}

MORE_ROUND_TRIPS = {"submissions.deleteSession"}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW_MS)


@pytest.fixture
async def counted(server: Server, prefix: str, clock: ManualClock) -> AsyncIterator[tuple[Stores, CountingRunner]]:
    runner = CountingRunner(server.runner())
    adapter = valkey(runner, key_prefix=prefix, clock=clock, inspect_server=False)
    await adapter.migrate()
    yield await adapter.connect(), runner
    await adapter.close()


def test_every_operation_is_counted() -> None:
    assert {*ONE_ROUND_TRIP} | MORE_ROUND_TRIPS == {*METHODS}


@pytest.mark.parametrize("operation", ONE_ROUND_TRIP)
async def test_an_operation_is_one_round_trip(operation: str, counted: tuple[Stores, CountingRunner]) -> None:
    stores, runner = counted
    before, call = ONE_ROUND_TRIP[operation]
    await before(stores)
    runner.reset()
    await call(stores)
    assert runner.traffic.round_trips == runner.traffic.commands == 1


async def test_segments_with_gaps_are_one_round_trip(counted: tuple[Stores, CountingRunner]) -> None:
    stores, runner = counted
    append = stores.submissions.append_stream_chunk_segment
    await asyncio.gather(*(append(STREAM, 3 * number, "text") for number in range(100)))
    runner.reset()
    assert len(await stores.submissions.get_stream_chunk_segments(STREAM)) == 100
    assert runner.traffic.round_trips == 1


async def test_the_life_of_a_submission_is_14_round_trips(counted: tuple[Stores, CountingRunner]) -> None:
    stores, runner = counted
    await stores.events.create_stream(PATH)
    runner.reset()
    calls = life_of_a_submission(stores)
    for call in calls:
        assert await call
    assert len(calls) == runner.traffic.round_trips == 14
    assert (await submission_of(stores, "p1")).status == "settled"


def life_of_a_submission(stores: Stores) -> list[Coroutine[Any, Any, object]]:
    submissions, one = stores.submissions, attempt("p1")
    return [
        submissions.admit_direct(direct()),
        submissions.claim_submission(claim("p1")),
        submissions.mark_submission_input_applied(one),
        submissions.begin_turn_journal(new_journal()),
        submissions.update_turn_journal_phase(one, "provider_started"),
        *(submissions.append_stream_chunk_segment(STREAM, index, "text") for index in range(3)),
        submissions.update_turn_journal_phase(one, "tool_request_recorded", tool_request={"name": "search"}),
        submissions.commit_turn_journal(one, "leaf"),
        submissions.reserve_submission_terminal(one, EVENT_KEY, "end"),
        stores.events.append_event_once(PATH, EVENT_KEY, "end"),
        submissions.record_submission_terminal_offset(one, EVENT_KEY, OFFSET),
        submissions.finalize_submission_terminal(one, EVENT_KEY),
    ]


async def test_deleting_a_session_of_500_submissions_is_4_round_trips(counted: tuple[Stores, CountingRunner]) -> None:
    stores, runner = counted
    for number in range(500):
        await settled(stores, dispatch(f"d{number}"))
    runner.reset()
    await stores.submissions.delete_session(SESSION, nothing_to_delete)
    assert runner.traffic.round_trips <= 4
    assert await stores.submissions.get_submission("d499") is None
