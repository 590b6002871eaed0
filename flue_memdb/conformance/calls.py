"""Every operation of the four stores, with good arguments."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from flue_memdb.conformance.examples import (
    EVENT_KEY,
    OFFSET,
    PATH,
    SESSION,
    STREAM,
    attempt,
    claim,
    direct,
    dispatch,
    new_journal,
    new_run,
    nothing_to_delete,
    run_end,
    session,
)
from flue_memdb.contract import Stores

Call: TypeAlias = Callable[[Stores], Awaitable[object]]

CALLS: dict[str, Call] = {
    "save": lambda stores: stores.sessions.save(SESSION, session()),
    "load": lambda stores: stores.sessions.load(SESSION),
    "delete": lambda stores: stores.sessions.delete(SESSION),
    "admit_dispatch": lambda stores: stores.submissions.admit_dispatch(dispatch()),
    "admit_direct": lambda stores: stores.submissions.admit_direct(direct()),
    "get_submission": lambda stores: stores.submissions.get_submission("d1"),
    "has_unsettled_submissions": lambda stores: stores.submissions.has_unsettled_submissions(),
    "list_runnable_submissions": lambda stores: stores.submissions.list_runnable_submissions(),
    "list_running_submissions": lambda stores: stores.submissions.list_running_submissions(),
    "list_expired_submissions": lambda stores: stores.submissions.list_expired_submissions(),
    "list_pending_terminal_outboxes": lambda stores: stores.submissions.list_pending_terminal_outboxes(),
    "claim_submission": lambda stores: stores.submissions.claim_submission(claim()),
    "mark_submission_input_applied": lambda stores: stores.submissions.mark_submission_input_applied(attempt()),
    "request_submission_recovery": lambda stores: stores.submissions.request_submission_recovery(attempt()),
    "requeue_submission_before_input_applied": lambda stores: (
        stores.submissions.requeue_submission_before_input_applied(attempt())
    ),
    "complete_submission": lambda stores: stores.submissions.complete_submission(attempt()),
    "fail_submission": lambda stores: stores.submissions.fail_submission(attempt(), "broke"),
    "replace_turn_journal_attempt": lambda stores: stores.submissions.replace_turn_journal_attempt(attempt(), "a2"),
    "reserve_submission_terminal": lambda stores: stores.submissions.reserve_submission_terminal(
        attempt(), EVENT_KEY, "end"
    ),
    "record_submission_terminal_offset": lambda stores: stores.submissions.record_submission_terminal_offset(
        attempt(), EVENT_KEY, OFFSET
    ),
    "finalize_submission_terminal": lambda stores: stores.submissions.finalize_submission_terminal(
        attempt(), EVENT_KEY
    ),
    "begin_turn_journal": lambda stores: stores.submissions.begin_turn_journal(new_journal()),
    "update_turn_journal_phase": lambda stores: stores.submissions.update_turn_journal_phase(
        attempt(), "provider_started"
    ),
    "commit_turn_journal": lambda stores: stores.submissions.commit_turn_journal(attempt(), "l1"),
    "mark_stream_consumed": lambda stores: stores.submissions.mark_stream_consumed(attempt(), STREAM),
    "get_turn_journal": lambda stores: stores.submissions.get_turn_journal("d1"),
    "append_stream_chunk_segment": lambda stores: stores.submissions.append_stream_chunk_segment(STREAM, 0, "body"),
    "get_stream_chunk_segments": lambda stores: stores.submissions.get_stream_chunk_segments(STREAM),
    "delete_stream_chunk_segments": lambda stores: stores.submissions.delete_stream_chunk_segments(STREAM),
    "insert_attempt_marker": lambda stores: stores.submissions.insert_attempt_marker(attempt()),
    "delete_attempt_marker": lambda stores: stores.submissions.delete_attempt_marker(attempt()),
    "list_attempt_markers": lambda stores: stores.submissions.list_attempt_markers(),
    "renew_leases": lambda stores: stores.submissions.renew_leases("w1", ["d1"]),
    "delete_session": lambda stores: stores.submissions.delete_session(SESSION, nothing_to_delete),
    "list_pending_session_deletions": lambda stores: stores.submissions.list_pending_session_deletions(),
    "create_run": lambda stores: stores.runs.create_run(new_run()),
    "end_run": lambda stores: stores.runs.end_run(run_end()),
    "get_run": lambda stores: stores.runs.get_run("r1"),
    "lookup_run": lambda stores: stores.runs.lookup_run("r1"),
    "list_runs": lambda stores: stores.runs.list_runs(),
    "create_stream": lambda stores: stores.events.create_stream(PATH),
    "append_event": lambda stores: stores.events.append_event(PATH, "a"),
    "append_event_once": lambda stores: stores.events.append_event_once(PATH, "k", "a"),
    "read_events": lambda stores: stores.events.read_events(PATH),
    "close_stream": lambda stores: stores.events.close_stream(PATH),
    "get_stream_meta": lambda stores: stores.events.get_stream_meta(PATH),
}
