"""What a client of a drill does: an app's work on shared sessions, with everything that recovers it.

All that is written has a name of its own, so that each effect can be told from every other.
"""

import asyncio
import itertools
import random
import time
from collections.abc import Callable, Coroutine
from typing import Any

from flue_memdb.clock import Clock
from flue_memdb.contract import Json
from flue_memdb.contract.limits import LEASE_MS
from flue_memdb.verification.observations import Answer
from flue_valkey.drills.caller import Caller

STREAM = "log"
_A_SESSION = 3
_AT = "2026-06-03T00:00:00Z"
_PAUSE_S = 0.005


def instance(client: int, number: int) -> str:
    """The agent instance of a client's admission of that number."""
    return f"{client}-{number // _A_SESSION}"


class Client:
    """One client. `clients` says how many there are: they work for each other. `patience_s` is how long it tries to
    settle what is unsettled in the end."""

    def __init__(
        self, caller: Caller, choose: random.Random, clock: Clock, clients: int, patience_s: float = 30.0
    ) -> None:
        self._caller = caller
        self._choose = choose
        self._clock = clock
        self._clients = clients
        self._patience_s = patience_s
        self._name = f"client-{caller.client}"
        self._numbers = itertools.count()
        self._admissions = itertools.count()
        self._admitted = 0
        self._left: list[tuple[Json, Json]] = []

    def units(self) -> dict[Callable[[], Coroutine[Any, Any, None]], int]:
        """What it does, with how often in proportion."""
        return {
            self._admit: 10,
            self._work: 10,
            self._take_over: 4,
            self._come_back_late: 3,
            self._intrude: 4,
            self._publish: 3,
            self._delete: 3,
            self._save: 4,
            self._append: 5,
            self._run: 3,
            self._look: 6,
        }

    async def run(self, finished: Callable[[], bool], *, settles: bool) -> None:
        """Works until `finished`. One that `settles` goes on until nothing is unsettled, or clearly stays so."""
        await self._caller.answered("events.createStream", STREAM)
        units, weights = zip(*self.units().items(), strict=True)
        while not finished():
            await self._choose.choices(units, weights)[0]()
        deadline = time.monotonic() + self._patience_s
        while settles and time.monotonic() < deadline:
            if (await self._caller.answered("submissions.hasUnsettledSubmissions")).get("result") is not True:
                return
            for unit in (self._work, self._take_over, self._publish, self._resume_deletion):
                await unit()
            await asyncio.sleep(_PAUSE_S)

    async def _admit(self) -> None:
        number = self._admitted = next(self._admissions)
        common = {"agent": "agent", "id": instance(self._caller.client, number), "acceptedAt": _AT}
        submission_id = f"{self._name}/{number}"
        op, document = "submissions.admitDispatch", {"dispatchId": submission_id, "input": number, **common}
        if self._choose.random() < 0.4:
            op = "submissions.admitDirect"
            document = {"kind": "direct", "submissionId": submission_id, "payload": {"message": "m"}, **common}
        while _kind(await self._caller.answered(op, document)) == "session_being_deleted":
            await asyncio.sleep(_PAUSE_S)
            await self._resume_deletion()

    async def _work(self) -> None:
        heads = (await self._caller.answered("submissions.listRunnableSubmissions")).get("result")
        if heads:
            submission = self._choose.choice(heads[:3])
            attempt = self._attempt(submission)
            claim = {**attempt, "ownerId": self._name, "leaseExpiresAt": self._clock() + LEASE_MS}
            if await self._took(attempt, "submissions.claimSubmission", claim):
                await self._turn(submission, attempt)

    async def _take_over(self) -> None:
        expired = (await self._caller.answered("submissions.listExpiredSubmissions")).get("result")
        if expired:
            submission = self._choose.choice(expired)
            attempt = self._attempt(submission)
            old = {"submissionId": submission["submissionId"], "attemptId": submission["attemptId"]}
            lease = {"ownerId": self._name, "leaseExpiresAt": self._clock() + LEASE_MS}
            replace = ("submissions.replaceTurnJournalAttempt", old, attempt["attemptId"], lease)
            if await self._took(attempt, *replace):
                await self._turn(submission, attempt)

    async def _took(self, attempt: Json, op: str, *args: Json) -> bool:
        """Whether the submission is this attempt's now. Where that is not known, the submission tells."""
        answer = await self._caller.once(op, *args)
        if answer is not None:
            return answer.get("result") is not None
        found = await self._caller.answered("submissions.getSubmission", attempt["submissionId"])
        return bool((found.get("result") or {}).get("attemptId") == attempt["attemptId"])

    async def _turn(self, submission: Json, attempt: Json) -> None:
        """One attempt, from its marker to its end, which may be to leave everything lying about."""
        call, fate = self._caller.answered, self._choose.random()
        await call("submissions.insertAttemptMarker", attempt)
        if fate < 0.1:
            await call("submissions.requeueSubmissionBeforeInputApplied", attempt)
        elif (await call("submissions.markSubmissionInputApplied", attempt)).get("result") is True:
            if fate < 0.25:
                self._left.append((submission, attempt))
                return
            await self._speak(submission, attempt)
            await call("submissions.renewLeases", self._name, [attempt["submissionId"]])
            await self._settle(submission, attempt, fate)
        await call("submissions.deleteAttemptMarker", attempt)

    async def _speak(self, submission: Json, attempt: Json) -> None:
        call, stream_key = self._caller.answered, f"stream of {attempt['attemptId']}"
        turn = {"operationId": "o", "turnId": attempt["attemptId"], "phase": "before_provider"}
        about = {"sessionKey": submission["sessionKey"], "kind": submission["kind"]}
        await call("submissions.beginTurnJournal", {**attempt, **turn, **about})
        await call("submissions.updateTurnJournalPhase", attempt, "provider_started", {"streamKey": stream_key})
        for index in range(2):
            await call("submissions.appendStreamChunkSegment", stream_key, index, f"{stream_key}: {index}")
        await call("submissions.markStreamConsumed", attempt, stream_key)
        await call("submissions.commitTurnJournal", attempt, f"leaf of {attempt['attemptId']}")
        if self._choose.random() < 0.5:
            await call("submissions.deleteStreamChunkSegments", stream_key)

    async def _settle(self, submission: Json, attempt: Json, fate: float) -> None:
        if submission["kind"] == "direct":
            ending = {"eventKey": f"end of {attempt['submissionId']}", "event": {"end": attempt["submissionId"]}}
            outbox = (await self._caller.answered("submissions.reserveSubmissionTerminal", attempt, ending)).get(
                "result"
            )
            if outbox and fate < 0.9:
                await self._finalize(outbox)
        elif fate < 0.35:
            await self._caller.answered("submissions.failSubmission", attempt, f"failed by {attempt['attemptId']}")
        else:
            await self._caller.answered("submissions.completeSubmission", attempt)

    async def _finalize(self, outbox: Json) -> None:
        attempt = {"submissionId": outbox["submissionId"], "attemptId": outbox["attemptId"]}
        key = outbox["eventKey"]
        offset = (await self._caller.answered("events.appendEventOnce", STREAM, key, outbox["event"])).get("result")
        if offset:
            await self._caller.answered("submissions.recordSubmissionTerminalOffset", attempt, key, offset)
            await self._caller.answered("submissions.finalizeSubmissionTerminal", attempt, key)

    async def _come_back_late(self) -> None:
        """Goes on with an attempt that was left; somebody else may have taken the submission over by now."""
        if self._left:
            submission, attempt = self._left.pop(self._choose.randrange(len(self._left)))
            await self._caller.answered("submissions.requeueSubmissionBeforeInputApplied", attempt)
            await self._settle(submission, attempt, self._choose.random())

    async def _intrude(self) -> None:
        """Tries what is not its turn: a claim of whatever there is, or a transition under an attempt that never was."""
        whose = self._choose.randrange(self._clients)
        submission_id = f"client-{whose}/{max(0, self._admitted - self._choose.randrange(6))}"
        attempt = self._attempt({"submissionId": submission_id})
        if self._choose.random() < 0.5:
            claim = {**attempt, "ownerId": self._name, "leaseExpiresAt": self._clock() + LEASE_MS}
            if await self._took(attempt, "submissions.claimSubmission", claim):
                found = (await self._caller.answered("submissions.getSubmission", submission_id)).get("result")
                if found:
                    await self._turn(found, attempt)
        else:
            end = self._choose.choice(("completeSubmission", "requeueSubmissionBeforeInputApplied"))
            await self._caller.answered(f"submissions.{end}", attempt)

    async def _publish(self) -> None:
        outboxes = (await self._caller.answered("submissions.listPendingTerminalOutboxes")).get("result")
        if outboxes:
            await self._finalize(self._choose.choice(outboxes))

    async def _delete(self) -> None:
        number = max(0, self._admitted - self._choose.randrange(4) * _A_SESSION)
        whose = instance(self._choose.randrange(self._clients), number)
        tree = "fail" if self._choose.random() < 0.3 else "ok"
        session_key = f'agent-session:["{whose}","default","default"]'
        await self._caller.answered("submissions.deleteSession", session_key, {"$tree": tree})

    async def _resume_deletion(self) -> None:
        """Goes on with a deletion that may be nobody's any more, as a process does that starts."""
        pending = (await self._caller.answered("submissions.listPendingSessionDeletions")).get("result")
        if pending:
            await self._caller.answered("submissions.deleteSession", self._choose.choice(pending), {"$tree": "ok"})

    async def _save(self) -> None:
        number, session_key = next(self._numbers), f"document of {self._name}"
        entries = [{"id": f"entry-{index}", "text": f"{number}"} for index in range(number % 7)]
        await self._caller.answered("sessions.save", session_key, {"number": number, "entries": entries})
        if self._choose.random() < 0.5:
            await self._caller.answered("sessions.load", session_key)

    async def _append(self) -> None:
        event = {"by": self._name, "number": next(self._numbers)}
        if self._choose.random() < 0.5:
            await self._caller.once("events.appendEvent", STREAM, event)  # again could be twice
        else:
            await self._caller.answered("events.appendEventOnce", STREAM, f"{self._name}/{event['number']}", event)

    async def _run(self) -> None:
        run_id = f"{self._name}/{next(self._numbers)}"
        await self._caller.answered("runs.createRun", {"runId": run_id, "workflowName": "flow", "startedAt": _AT})
        ended = {"runId": run_id, "endedAt": _AT, "isError": False, "durationMs": 1}
        await self._caller.answered("runs.endRun", ended)

    async def _look(self) -> None:
        looks = (
            ("submissions.listRunningSubmissions",),
            ("submissions.listAttemptMarkers",),
            ("submissions.getSubmission", f"{self._name}/{self._choose.randrange(self._admitted + 1)}"),
            ("runs.listRuns", {"limit": 3}),
            ("events.readEvents", STREAM, {"limit": 3}),
        )
        await self._caller.answered(*self._choose.choice(looks))

    def _attempt(self, submission: Json) -> Json:
        return {"submissionId": submission["submissionId"], "attemptId": f"{self._name}/{next(self._numbers)}"}


def _kind(answer: Answer) -> str | None:
    kind: str | None = answer.get("error", {}).get("kind")
    return kind
