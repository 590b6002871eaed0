"""Builders of the records that the tests work with, and of the states that a submission can be in.

Every builder has a default for every field, so that a test names only what it is about. Times are around `NOW_MS`, at
which the tests' clock starts.
"""

from typing import Any

from flue_memdb.contract import (
    Admitted,
    AttemptRef,
    ClaimRef,
    DirectInput,
    DispatchInput,
    Json,
    NewRun,
    NewTurnJournal,
    RunEnd,
    Stores,
    Submission,
    TerminalOutbox,
    session_storage_key,
)

NOW_MS = 1_780_479_000_000
NOW = "2026-06-03T09:30:00.000Z"
LEASE_MS = 30_000
HOUR_MS = 3_600_000

INSTANCE = "crew"
SESSION = session_storage_key(INSTANCE)
STREAM = "chunks/turn-1"
PATH = "runs/r1"
EVENT_KEY = "p1:end"
OFFSET = "0000000000000000_0000000000000004"


def dispatch(dispatch_id: str = "d1", instance: str = INSTANCE, **fields: Any) -> DispatchInput:
    """A dispatch to the default session of `instance`."""
    given = {"agent": "planner", "input": {"text": "plan the day"}, "accepted_at": NOW, **fields}
    return DispatchInput(dispatch_id=dispatch_id, id=instance, **given)


def direct(submission_id: str = "p1", instance: str = INSTANCE, **fields: Any) -> DirectInput:
    """A direct prompt to the default session of `instance`."""
    given = {"agent": "planner", "payload": {"message": "hello"}, "accepted_at": NOW, **fields}
    return DirectInput(submission_id=submission_id, id=instance, **given)


def attempt(submission_id: str = "d1", attempt_id: str = "a1") -> AttemptRef:
    """The attempt that `claim` begins."""
    return AttemptRef(submission_id, attempt_id)


def claim(submission_id: str = "d1", attempt_id: str = "a1", **fields: Any) -> ClaimRef:
    """A claim by the owner `w1` with a lease of 30 s."""
    given = {"owner_id": "w1", "lease_expires_at": NOW_MS + LEASE_MS, **fields}
    return ClaimRef(submission_id, attempt_id, **given)


def new_journal(submission_id: str = "p1", **fields: Any) -> NewTurnJournal:
    """The beginning of a turn of the attempt `a1`."""
    given: dict[str, Any] = {
        "session_key": SESSION,
        "kind": "direct",
        "attempt_id": "a1",
        "operation_id": "o1",
        "turn_id": "t1",
        "phase": "before_provider",
        **fields,
    }
    return NewTurnJournal(submission_id=submission_id, **given)


def new_run(run_id: str = "r1", started_at: str = NOW, **fields: Any) -> NewRun:
    """A run of the workflow `digest`."""
    return NewRun(run_id=run_id, started_at=started_at, **{"workflow_name": "digest", **fields})


def run_end(run_id: str = "r1", **fields: Any) -> RunEnd:
    """The end of a run that went well and took a minute."""
    given = {"ended_at": "2026-06-03T09:31:00.000Z", "is_error": False, "duration_ms": 60_000, **fields}
    return RunEnd(run_id=run_id, **given)


def entry(entry_id: str = "e1", text: str = "hello") -> dict[str, Json]:
    """A session entry: a user's message."""
    return {"id": entry_id, "type": "message", "message": {"role": "user", "content": text}}


def session(*entries: Json, **rest: Json) -> dict[str, Json]:
    """A session document; without entries given it has one."""
    return {**rest, "entries": list(entries or (entry(),))}


def image(data: str = "aGVsbG8=") -> dict[str, Json]:
    """An image block, as it stands in a prompt or in a message."""
    return {"type": "image", "data": data, "mimeType": "image/png"}


def nested(levels: int) -> Json:
    """A list in a list in a list, so many levels deep."""
    value: Json = []
    for _ in range(levels - 1):
        value = [value]
    return value


async def admit(stores: Stores, record: DispatchInput | DirectInput) -> Submission:
    """Admits either kind of input, which must be new or the same again."""
    if isinstance(record, DirectInput):
        return await stores.submissions.admit_direct(record)
    answer = await stores.submissions.admit_dispatch(record)
    assert isinstance(answer, Admitted)
    return answer.submission


async def running(stores: Stores, record: DispatchInput | DirectInput, **fields: Any) -> Submission:
    """Admits the input and claims it; `fields` are those of the claim."""
    submission = await admit(stores, record)
    claimed = await stores.submissions.claim_submission(claim(submission.submission_id, **fields))
    assert claimed is not None
    return claimed


async def settled(stores: Stores, record: DispatchInput | DirectInput) -> Submission:
    """Admits the input, claims and completes it."""
    submission = await running(stores, record)
    assert await stores.submissions.complete_submission(attempt(submission.submission_id))
    return submission


async def terminalizing(stores: Stores, record: DirectInput, event: Json = "the end") -> TerminalOutbox:
    """Admits the prompt, claims it and reserves its last event."""
    submission = await running(stores, record)
    outbox = await stores.submissions.reserve_submission_terminal(attempt(submission.submission_id), EVENT_KEY, event)
    assert outbox is not None
    return outbox


async def submission_of(stores: Stores, submission_id: str = "d1") -> Submission:
    """A submission that must be there."""
    submission = await stores.submissions.get_submission(submission_id)
    assert submission is not None
    return submission


async def nothing_to_delete() -> None:
    """The callback of a deletion that has nothing to do."""
