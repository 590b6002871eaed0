"""Every parameter of every operation, open for a value: a call by `operation.parameter`, one table for each type."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from flue_memdb.conformance.examples import (
    EVENT_KEY,
    NOW_MS,
    OFFSET,
    PATH,
    SESSION,
    STREAM,
    attempt,
    claim,
    direct,
    dispatch,
    image,
    new_journal,
    new_run,
    nothing_to_delete,
    run_end,
    session,
)
from flue_memdb.contract import AttemptRef, Durability, Lease, Stores

OpenCall: TypeAlias = Callable[[Stores, Any], Awaitable[object]]

_P1 = attempt("p1")

_WITH_ATTEMPT: dict[str, OpenCall] = {
    "mark_submission_input_applied": lambda s, ref: s.submissions.mark_submission_input_applied(ref),
    "request_submission_recovery": lambda s, ref: s.submissions.request_submission_recovery(ref),
    "requeue": lambda s, ref: s.submissions.requeue_submission_before_input_applied(ref),
    "complete_submission": lambda s, ref: s.submissions.complete_submission(ref),
    "fail_submission": lambda s, ref: s.submissions.fail_submission(ref, "broke"),
    "replace_turn_journal_attempt": lambda s, ref: s.submissions.replace_turn_journal_attempt(ref, "a2"),
    "reserve_submission_terminal": lambda s, ref: s.submissions.reserve_submission_terminal(ref, EVENT_KEY, "end"),
    "record_offset": lambda s, ref: s.submissions.record_submission_terminal_offset(ref, EVENT_KEY, OFFSET),
    "finalize_submission_terminal": lambda s, ref: s.submissions.finalize_submission_terminal(ref, EVENT_KEY),
    "update_turn_journal_phase": lambda s, ref: s.submissions.update_turn_journal_phase(ref, "provider_started"),
    "commit_turn_journal": lambda s, ref: s.submissions.commit_turn_journal(ref, "l1"),
    "mark_stream_consumed": lambda s, ref: s.submissions.mark_stream_consumed(ref, STREAM),
    "insert_attempt_marker": lambda s, ref: s.submissions.insert_attempt_marker(ref),
    "delete_attempt_marker": lambda s, ref: s.submissions.delete_attempt_marker(ref),
}


def _with_submission_id(call: OpenCall) -> OpenCall:
    return lambda stores, value: call(stores, AttemptRef(value, "a1"))


def _with_attempt_id(call: OpenCall) -> OpenCall:
    return lambda stores, value: call(stores, AttemptRef("p1", value))


IDS: dict[str, OpenCall] = {
    "admit_dispatch.dispatch_id": lambda s, v: s.submissions.admit_dispatch(dispatch(v)),
    "admit_dispatch.agent": lambda s, v: s.submissions.admit_dispatch(dispatch(agent=v)),
    "admit_dispatch.id": lambda s, v: s.submissions.admit_dispatch(dispatch(instance=v)),
    "admit_direct.submission_id": lambda s, v: s.submissions.admit_direct(direct(v)),
    "admit_direct.agent": lambda s, v: s.submissions.admit_direct(direct("p9", agent=v)),
    "admit_direct.id": lambda s, v: s.submissions.admit_direct(direct("p9", instance=v)),
    "get_submission.submission_id": lambda s, v: s.submissions.get_submission(v),
    "claim_submission.submission_id": lambda s, v: s.submissions.claim_submission(claim(v)),
    "claim_submission.attempt_id": lambda s, v: s.submissions.claim_submission(claim("p2", v)),
    "claim_submission.owner_id": lambda s, v: s.submissions.claim_submission(claim("p2", owner_id=v)),
    **{f"{name}.submission_id": _with_submission_id(call) for name, call in _WITH_ATTEMPT.items()},
    **{f"{name}.attempt_id": _with_attempt_id(call) for name, call in _WITH_ATTEMPT.items()},
    "replace_turn_journal_attempt.next_attempt_id": lambda s, v: s.submissions.replace_turn_journal_attempt(_P1, v),
    "replace_turn_journal_attempt.owner_id": lambda s, v: s.submissions.replace_turn_journal_attempt(
        _P1, "a2", Lease(v, NOW_MS)
    ),
    "record_offset.offset": lambda s, v: s.submissions.record_submission_terminal_offset(_P1, EVENT_KEY, v),
    "begin_turn_journal.submission_id": lambda s, v: s.submissions.begin_turn_journal(new_journal(v)),
    "begin_turn_journal.attempt_id": lambda s, v: s.submissions.begin_turn_journal(new_journal(attempt_id=v)),
    "begin_turn_journal.operation_id": lambda s, v: s.submissions.begin_turn_journal(new_journal(operation_id=v)),
    "begin_turn_journal.turn_id": lambda s, v: s.submissions.begin_turn_journal(new_journal(turn_id=v)),
    "commit_turn_journal.committed_leaf_id": lambda s, v: s.submissions.commit_turn_journal(_P1, v),
    "get_turn_journal.submission_id": lambda s, v: s.submissions.get_turn_journal(v),
    "renew_leases.owner_id": lambda s, v: s.submissions.renew_leases(v, ["p1"]),
    "renew_leases.submission_ids": lambda s, v: s.submissions.renew_leases("w1", ["p1", v]),
    "create_run.run_id": lambda s, v: s.runs.create_run(new_run(v)),
    "create_run.workflow_name": lambda s, v: s.runs.create_run(new_run("r9", workflow_name=v)),
    "end_run.run_id": lambda s, v: s.runs.end_run(run_end(v)),
    "get_run.run_id": lambda s, v: s.runs.get_run(v),
    "lookup_run.run_id": lambda s, v: s.runs.lookup_run(v),
    "create_stream.path": lambda s, v: s.events.create_stream(v),
    "append_event.path": lambda s, v: s.events.append_event(v, "a"),
    "append_event_once.path": lambda s, v: s.events.append_event_once(v, "k", "a"),
    "read_events.path": lambda s, v: s.events.read_events(v),
    "close_stream.path": lambda s, v: s.events.close_stream(v),
    "get_stream_meta.path": lambda s, v: s.events.get_stream_meta(v),
}
"""Ids, owners, names, leaves and paths that must be given."""

KEYS: dict[str, OpenCall] = {
    "save.session_key": lambda s, v: s.sessions.save(v, session()),
    "load.session_key": lambda s, v: s.sessions.load(v),
    "delete.session_key": lambda s, v: s.sessions.delete(v),
    "reserve_submission_terminal.event_key": lambda s, v: s.submissions.reserve_submission_terminal(_P1, v, "end"),
    "record_offset.event_key": lambda s, v: s.submissions.record_submission_terminal_offset(_P1, v, OFFSET),
    "finalize_submission_terminal.event_key": lambda s, v: s.submissions.finalize_submission_terminal(_P1, v),
    "begin_turn_journal.session_key": lambda s, v: s.submissions.begin_turn_journal(new_journal(session_key=v)),
    "mark_stream_consumed.stream_key": lambda s, v: s.submissions.mark_stream_consumed(_P1, v),
    "append_stream_chunk_segment.stream_key": lambda s, v: s.submissions.append_stream_chunk_segment(v, 0, "body"),
    "get_stream_chunk_segments.stream_key": lambda s, v: s.submissions.get_stream_chunk_segments(v),
    "delete_stream_chunk_segments.stream_key": lambda s, v: s.submissions.delete_stream_chunk_segments(v),
    "delete_session.session_key": lambda s, v: s.submissions.delete_session(v, nothing_to_delete),
    "append_event_once.key": lambda s, v: s.events.append_event_once(PATH, v, "a"),
}
"""Session, stream and event keys that must be given."""

OPTIONAL_IDS: dict[str, OpenCall] = {
    "begin_turn_journal.checkpoint_leaf_id": lambda s, v: s.submissions.begin_turn_journal(
        new_journal(checkpoint_leaf_id=v)
    ),
    "update_turn_journal_phase.checkpoint_leaf_id": lambda s, v: s.submissions.update_turn_journal_phase(
        _P1, "provider_started", checkpoint_leaf_id=v
    ),
    "list_runs.workflow_name": lambda s, v: s.runs.list_runs(workflow_name=v),
}
"""Ids that may be None."""

OPTIONAL_KEYS: dict[str, OpenCall] = {
    "update_turn_journal_phase.stream_key": lambda s, v: s.submissions.update_turn_journal_phase(
        _P1, "provider_started", stream_key=v
    ),
}
"""Keys that may be None."""

NUMBERS: dict[str, OpenCall] = {
    "claim_submission.lease_expires_at": lambda s, v: s.submissions.claim_submission(claim("p2", lease_expires_at=v)),
    "replace_turn_journal_attempt.lease_expires_at": lambda s, v: s.submissions.replace_turn_journal_attempt(
        _P1, "a2", Lease("w2", v)
    ),
    "mark_submission_input_applied.max_retry": lambda s, v: s.submissions.mark_submission_input_applied(
        _P1, Durability(v, 0)
    ),
    "mark_submission_input_applied.timeout_at": lambda s, v: s.submissions.mark_submission_input_applied(
        _P1, Durability(3, v)
    ),
    "append_stream_chunk_segment.segment_index": lambda s, v: s.submissions.append_stream_chunk_segment(
        STREAM, v, "body"
    ),
    "end_run.duration_ms": lambda s, v: s.runs.end_run(run_end(duration_ms=v)),
}
"""Whole numbers."""

LIMITS: dict[str, OpenCall] = {
    "list_runs.limit": lambda s, v: s.runs.list_runs(limit=v),
    "read_events.limit": lambda s, v: s.events.read_events(PATH, limit=v),
}
"""Any int, or None."""

DOCUMENTS: dict[str, OpenCall] = {
    "save.data": lambda s, v: s.sessions.save(SESSION, session(more=v)),
    "save.entries": lambda s, v: s.sessions.save(SESSION, session({"id": "e1", "more": v})),
    "admit_dispatch.input": lambda s, v: s.submissions.admit_dispatch(dispatch(input=v)),
    "admit_dispatch.trace_carrier": lambda s, v: s.submissions.admit_dispatch(dispatch(trace_carrier=v)),
    "admit_dispatch.extra": lambda s, v: s.submissions.admit_dispatch(dispatch(extra={"more": v})),
    "admit_direct.payload": lambda s, v: s.submissions.admit_direct(
        direct("p9", payload={"message": "m", "images": [image()], "more": v})
    ),
    "admit_direct.images": lambda s, v: s.submissions.admit_direct(
        direct("p9", payload={"message": "m", "images": [image() | {"more": v}]})
    ),
    "admit_direct.trace_carrier": lambda s, v: s.submissions.admit_direct(direct("p9", trace_carrier=v)),
    "admit_direct.extra": lambda s, v: s.submissions.admit_direct(direct("p9", extra={"more": v})),
    "reserve_submission_terminal.event": lambda s, v: s.submissions.reserve_submission_terminal(_P1, EVENT_KEY, v),
    "begin_turn_journal.tool_request": lambda s, v: s.submissions.begin_turn_journal(new_journal(tool_request=v)),
    "update_turn_journal_phase.tool_request": lambda s, v: s.submissions.update_turn_journal_phase(
        _P1, "tool_request_recorded", tool_request=v
    ),
    "create_run.input": lambda s, v: s.runs.create_run(new_run("r9", input=v)),
    "create_run.trace_carrier": lambda s, v: s.runs.create_run(new_run("r9", trace_carrier=v)),
    "end_run.result": lambda s, v: s.runs.end_run(run_end(result=v)),
    "end_run.error": lambda s, v: s.runs.end_run(run_end(error=v)),
    "append_event.event": lambda s, v: s.events.append_event(PATH, v),
    "append_event_once.event": lambda s, v: s.events.append_event_once(PATH, "k", v),
}
"""JSON documents."""

NAMES: dict[str, OpenCall] = {
    "begin_turn_journal.kind": lambda s, v: s.submissions.begin_turn_journal(new_journal(kind=v)),
    "begin_turn_journal.phase": lambda s, v: s.submissions.begin_turn_journal(new_journal(phase=v)),
    "update_turn_journal_phase.phase": lambda s, v: s.submissions.update_turn_journal_phase(_P1, v),
}
"""One of a set of names, which must be given."""

OPTIONAL_NAMES: dict[str, OpenCall] = {
    "list_runs.status": lambda s, v: s.runs.list_runs(status=v),
}
"""One of a set of names, or None."""

TEXTS: dict[str, OpenCall] = {
    "append_stream_chunk_segment.body": lambda s, v: s.submissions.append_stream_chunk_segment(STREAM, 9, v),
    "fail_submission.error": lambda s, v: s.submissions.fail_submission(_P1, v),
}
"""Texts of any length."""

RECORDS: dict[str, OpenCall] = {
    "admit_dispatch": lambda s, v: s.submissions.admit_dispatch(v),
    "admit_direct": lambda s, v: s.submissions.admit_direct(v),
    "claim_submission": lambda s, v: s.submissions.claim_submission(v),
    **_WITH_ATTEMPT,
    "begin_turn_journal": lambda s, v: s.submissions.begin_turn_journal(v),
    "create_run": lambda s, v: s.runs.create_run(v),
    "end_run": lambda s, v: s.runs.end_run(v),
}
"""Records of the contract."""
