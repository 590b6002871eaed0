"""Many clients at once: plans of what each calls, and the history of what came of it."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from typing import TypeAlias

from flue_memdb.contract import Json, Stores
from flue_memdb.verification.histories import Call
from flue_memdb.verification.observations import Operation
from flue_memdb.verification.operations import apply

_Kind: TypeAlias = Callable[[random.Random, int], list[Json]]

_INSTANCES = ("a", "b")
_SUBMISSIONS = ("s1", "s2", "s3", "s4")
_EVENT = {"done": True}


def plan(seed: int | str, client: int, operations: int) -> list[Operation]:
    """What a client calls, in order: on few ids, so that the clients meet; by the seed alone, so that it can be
    repeated."""
    choose = random.Random(f"{seed}/{client}")  # noqa: S311 -- repeatable, not secret
    # The same few kinds for all clients of a history: what they do meets more often than where all kinds are mixed.
    others = [kind for kind in _KINDS if kind not in _ALWAYS]
    kinds = [*_ALWAYS, *random.Random(f"{seed}").sample(others, _OTHER_KINDS)]  # noqa: S311
    return [_operation(choose, client, kinds) for _ in range(operations)]


async def run_plan(stores: Stores, client: int, operations: Sequence[Operation]) -> list[Call]:
    """Calls one after the other, each with the time before and after it."""
    calls = []
    for operation in operations:
        began = time.monotonic_ns()
        answer = await apply(stores, operation)
        calls.append(Call(client, operation, began, time.monotonic_ns(), answer))
    return calls


async def run_plans(clients: Sequence[tuple[Stores, int, Sequence[Operation]]]) -> list[Call]:
    """Several clients' plans at once."""
    results = await asyncio.gather(*(run_plan(*client) for client in clients))
    return [call for calls in results for call in calls]


def _operation(choose: random.Random, client: int, kinds: Sequence[_Kind]) -> Operation:
    make = choose.choices(kinds, weights=[_KINDS[kind] for kind in kinds])[0]
    op, *args = make(choose, client)
    return {"op": op, "args": args}


def _attempt(choose: random.Random, client: int) -> Json:
    """Mostly an attempt of the client's own: it is the one that can succeed."""
    owner = client if choose.random() < 0.8 else choose.randrange(8)
    return {"submissionId": choose.choice(_SUBMISSIONS), "attemptId": f"attempt-{owner}"}


def _admit(choose: random.Random, _: int) -> list[Json]:
    submission_id, instance = choose.choice(_SUBMISSIONS), choose.choice(_INSTANCES)
    common = {"agent": "agent", "id": instance, "acceptedAt": "2026-06-03T00:00:00Z"}
    if choose.random() < 0.5:
        return ["submissions.admitDispatch", {"dispatchId": submission_id, "input": choose.randrange(2), **common}]
    return [
        "submissions.admitDirect",
        {"kind": "direct", "submissionId": submission_id, "payload": {"message": "m"}, **common},
    ]


def _claim(choose: random.Random, client: int) -> list[Json]:
    attempt = {"submissionId": choose.choice(_SUBMISSIONS), "attemptId": f"attempt-{client}"}
    return [
        "submissions.claimSubmission",
        {**attempt, "ownerId": f"owner-{client}", "leaseExpiresAt": choose.choice((0, 1, 10**12))},
    ]


def _transition(choose: random.Random, client: int) -> list[Json]:
    name = choose.choice(
        (
            "completeSubmission",
            "requeueSubmissionBeforeInputApplied",
            "requestSubmissionRecovery",
            "markSubmissionInputApplied",
        )
    )
    return [f"submissions.{name}", _attempt(choose, client)]


def _fail(choose: random.Random, client: int) -> list[Json]:
    return ["submissions.failSubmission", _attempt(choose, client), f"client {client}"]


def _replace(choose: random.Random, client: int) -> list[Json]:
    return ["submissions.replaceTurnJournalAttempt", _attempt(choose, client), f"attempt-{choose.randrange(8)}"]


def _outbox(choose: random.Random, client: int) -> list[Json]:
    attempt = _attempt(choose, client)
    step = choose.randrange(3)
    if step == 0:
        return ["submissions.reserveSubmissionTerminal", attempt, {"eventKey": "key", "event": _EVENT}]
    if step == 1:
        return ["submissions.recordSubmissionTerminalOffset", attempt, "key", choose.choice(("0", "1"))]
    return ["submissions.finalizeSubmissionTerminal", attempt, "key"]


def _journal(choose: random.Random, client: int) -> list[Json]:
    attempt = _attempt(choose, client)
    step = choose.randrange(4)
    if step == 0:
        turn = {"operationId": "o", "turnId": f"turn-{client}", "phase": "before_provider", "kind": "direct"}
        return ["submissions.beginTurnJournal", {**attempt, **turn, "sessionKey": "s"}]
    if step == 1:
        return ["submissions.updateTurnJournalPhase", attempt, "provider_started", {"streamKey": "k"}]
    if step == 2:
        return ["submissions.commitTurnJournal", attempt, f"leaf-{client}"]
    return ["submissions.markStreamConsumed", attempt, "k"]


def _look(choose: random.Random, _: int) -> list[Json]:
    return choose.choice(
        (
            ["submissions.listRunnableSubmissions"],
            ["submissions.listRunningSubmissions"],
            ["submissions.listExpiredSubmissions"],
            ["submissions.listPendingTerminalOutboxes"],
            ["submissions.hasUnsettledSubmissions"],
            ["submissions.getSubmission", choose.choice(_SUBMISSIONS)],
            ["submissions.getTurnJournal", choose.choice(_SUBMISSIONS)],
        )
    )


def _renew(choose: random.Random, client: int) -> list[Json]:
    return ["submissions.renewLeases", f"owner-{client}", choose.sample(_SUBMISSIONS, 2)]


def _delete(choose: random.Random, _: int) -> list[Json]:
    session_key = f'agent-session:["{choose.choice(_INSTANCES)}","default","default"]'
    return ["submissions.deleteSession", session_key, {"$tree": choose.choice(("ok", "fail"))}]


def _session(choose: random.Random, client: int) -> list[Json]:
    step = choose.randrange(5)
    if step < 2:
        return ["sessions.save", "session", {"entries": [{"id": f"entry-{client}-{choose.randrange(100)}"}]}]
    return ["sessions.delete", "session"] if step == 2 and choose.random() < 0.3 else ["sessions.load", "session"]


def _event(choose: random.Random, client: int) -> list[Json]:
    path = "stream"
    step = choose.randrange(12)
    if step == 0:
        return ["events.createStream", path]
    if step < 5:
        return ["events.appendEvent", path, {"by": client}]
    if step < 8:
        return ["events.appendEventOnce", path, f"key-{choose.randrange(3)}", choose.choice(("x", "y"))]
    if step == 8 and choose.random() < 0.05:
        return ["events.closeStream", path]
    return (
        ["events.readEvents", path, {"limit": 5, "offset": choose.choice(("-1", "now"))}]
        if step < 11
        else ["events.getStreamMeta", path]
    )


def _run(choose: random.Random, client: int) -> list[Json]:
    run_id = f"run-{choose.randrange(4)}"
    step = choose.randrange(4)
    if step == 0:
        started = f"2026-06-0{choose.randrange(1, 4)}"
        return ["runs.createRun", {"runId": run_id, "workflowName": f"flow-{client % 2}", "startedAt": started}]
    if step == 1:
        return [
            "runs.endRun",
            {"runId": run_id, "endedAt": "2026-06-04", "isError": client % 2 == 0, "durationMs": client},
        ]
    return (
        ["runs.listRuns", {"limit": 2, "status": choose.choice(("active", "completed"))}]
        if step == 2
        else ["runs.getRun", run_id]
    )


def _segment(choose: random.Random, client: int) -> list[Json]:
    if choose.random() < 0.6:
        return ["submissions.appendStreamChunkSegment", "k", choose.randrange(5), f"by {client}"]
    return choose.choice((["submissions.getStreamChunkSegments", "k"], ["submissions.deleteStreamChunkSegments", "k"]))


def _marker(choose: random.Random, client: int) -> list[Json]:
    step = choose.choice(("insertAttemptMarker", "deleteAttemptMarker", "listAttemptMarkers"))
    return [f"submissions.{step}"] if step.startswith("list") else [f"submissions.{step}", _attempt(choose, client)]


_KINDS: dict[_Kind, int] = {
    _admit: 8,
    _claim: 14,
    _transition: 16,
    _fail: 2,
    _replace: 3,
    _outbox: 10,
    _journal: 10,
    _look: 10,
    _renew: 2,
    _delete: 5,
    _session: 8,
    _event: 12,
    _run: 6,
    _segment: 4,
    _marker: 4,
}

_ALWAYS = (_admit, _claim)
_OTHER_KINDS = 5
