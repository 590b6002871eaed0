"""What always holds in a `MemoryDatabase`: every index agrees with the rows, and nothing is left behind."""

from collections.abc import Iterator

from flue_memdb.contract.checks import RUN_STATUSES
from flue_memdb.database import MemoryDatabase


def findings(db: MemoryDatabase) -> list[str]:
    """What contradicts the invariants, a sentence each."""
    return [*_of_submissions(db), *_of_sessions(db), *_of_runs(db), *_of_streams(db)]


def _of_submissions(db: MemoryDatabase) -> Iterator[str]:
    sequences = [row.sequence for row in db.submissions.values()]
    if len(set(sequences)) != len(sequences) or any(not 1 <= sequence <= db.admissions for sequence in sequences):
        yield f"the sequences {sequences} are not distinct numbers from 1 to {db.admissions}"
    for submission_id, row in db.submissions.items():
        if submission_id in db.receipts:
            yield f"submission {submission_id!r} has a row and a receipt"
        if (submission_id in db.running) != (row.status == "running"):
            yield f"submission {submission_id!r} is {row.status}, which the index of running ones contradicts"
        if (submission_id in db.terminalizing) != (row.status == "terminalizing"):
            yield f"submission {submission_id!r} is {row.status}, which the index of terminalizing ones contradicts"
        if (submission_id in db.session_unsettled.get(row.session_key, {})) != (row.status != "settled"):
            yield f"submission {submission_id!r} is {row.status}, which its session's queue contradicts"
        if submission_id not in db.session_submissions.get(row.session_key, {}):
            yield f"submission {submission_id!r} is missing from its session"
        if (row.status in ("running", "terminalizing")) and row.attempt_id is None:
            yield f"submission {submission_id!r} is {row.status} without an attempt"
        if row.status == "terminalizing" and None in (row.terminal_key, row.terminal_event):
            yield f"submission {submission_id!r} is terminalizing without an event and its key"
        if (row.status == "settled") != (row.settled_at is not None):
            yield f"submission {submission_id!r} is {row.status}, which settled_at {row.settled_at} contradicts"
    for name, index in (("running", db.running), ("terminalizing", db.terminalizing)):
        for submission_id in index.keys() - db.submissions.keys():
            yield f"the index of {name} ones holds {submission_id!r}, which has no row"


def _of_sessions(db: MemoryDatabase) -> Iterator[str]:
    for name, index in (("sessions", db.session_submissions), ("queues", db.session_unsettled)):
        for session_key, rows in index.items():
            if not rows:
                yield f"the index of {name} holds an empty session {session_key!r}"
            if [row.sequence for row in rows.values()] != sorted(row.sequence for row in rows.values()):
                yield f"the index of {name} is not in admission order in session {session_key!r}"
            for submission_id in rows.keys() - db.submissions.keys():
                yield f"the index of {name} holds {submission_id!r}, which has no row"
    for session_key in db.deletions.keys() & db.session_unsettled.keys():
        yield f"session {session_key!r} has a deletion marker and unsettled work"


def _of_runs(db: MemoryDatabase) -> Iterator[str]:
    in_order = sorted(db.runs.values(), key=lambda row: (row.started_ms, row.run_id), reverse=True)
    for status in (None, *RUN_STATUSES):
        for workflow_name in (None, *sorted({row.workflow_name for row in in_order})):
            expected = [
                row.run_id
                for row in in_order
                if status in (None, row.status) and workflow_name in (None, row.workflow_name)
            ]
            if list(db.run_order.newest_first(status, workflow_name, None)) != expected:
                yield f"the order of runs with status {status!r} and workflow {workflow_name!r} contradicts the runs"


def _of_streams(db: MemoryDatabase) -> Iterator[str]:
    for stream_key, segments in db.segments.items():
        if not segments:
            yield f"stream key {stream_key!r} has no segments"
    for path, stream in db.streams.items():
        if len(set(stream.keys.values())) < len(stream.keys):
            yield f"several event keys of stream {path!r} stand for one sequence"
        for key, sequence in stream.keys.items():
            if not isinstance(key, str) or not 0 <= sequence < len(stream.events):
                yield f"event key {key!r} of stream {path!r} stands for sequence {sequence}, which does not exist"
