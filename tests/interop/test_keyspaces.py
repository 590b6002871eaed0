"""Databases that Flue's Node.js adapter wrote: this adapter reads in them what was read there, and goes on writing."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from flue_memdb import ManualClock, Stores
from flue_memdb.verification import Operation, apply
from flue_memdb.verification.replay import same_answer
from flue_valkey import Runner, valkey
from flue_valkey.invariants import Finding, findings
from flue_valkey.keyspace import read_keyspace
from flue_valkey.servers.server import Server

KEYSPACES = sorted((Path(__file__).parent.parent / "vectors" / "keyspaces").glob("*.json"))


@dataclass
class Restored:
    """A database as it was recorded, and stores over it."""

    reads: list[dict[str, Any]]
    stores: Stores
    clock: ManualClock
    runner: Runner
    prefix: str

    async def findings(self, kind: str) -> list[Finding]:
        found = await findings(await read_keyspace(self.runner, self.prefix))
        return [finding for finding in found if finding.kind == kind]

    async def apply(self, op: str, *args: Any) -> Any:
        return (await apply(self.stores, {"op": op, "args": list(args)})).get("result")


def test_the_keyspaces_are_there() -> None:
    assert len(KEYSPACES) == 20


@pytest.fixture(params=KEYSPACES, ids=lambda path: path.stem)
async def restored(request: pytest.FixtureRequest, server: Server, runner: Runner) -> AsyncIterator[Restored]:
    recorded = json.loads(request.param.read_text(encoding="utf-8"))
    prefix = recorded["prefix"]
    await server.remove(prefix)
    for command in recorded["restore"]:
        await runner.command(*command)
    clock = ManualClock()
    inspected = server.inspectable
    adapter = valkey(server.runner(), key_prefix=prefix, clock=clock, inspect_server=inspected)
    await adapter.migrate()
    yield Restored(recorded["reads"], await adapter.connect(), clock, runner, prefix)
    await adapter.close()
    await server.remove(prefix)


async def test_each_recorded_read_gives_the_recorded_result(restored: Restored) -> None:
    before = (await read_keyspace(restored.runner, restored.prefix)).as_json()
    for number, read in enumerate(restored.reads):
        restored.clock.set(read["at"])
        expected = {name: read[name] for name in ("result", "error") if name in read}
        got = await apply(restored.stores, read)
        assert same_answer(expected, got), f"read {number}, {read['op']} {read['args']}: {expected} is not {got}"
    assert (await read_keyspace(restored.runner, restored.prefix)).as_json() == before, "reading changed something"


async def test_what_the_peer_wrote_is_not_broken(restored: Restored) -> None:
    assert await restored.findings("broken") == []


async def test_writing_on_keeps_the_invariants(restored: Restored) -> None:
    restored.clock.set(max(read["at"] for read in restored.reads) + 1)
    for operation in _writes(restored.reads):
        answer = await apply(restored.stores, operation)
        assert answer.get("error", {}).get("kind") in (None, "session_being_deleted", "stream_closed"), answer
        assert await restored.findings("broken") == [], f"after {operation}"


async def test_a_document_saved_again_replaces_the_peers_generations(restored: Restored) -> None:
    sessions = {read["args"][0]: read["result"] for read in restored.reads if read["op"] == "sessions.load"}
    restored.clock.set(max(read["at"] for read in restored.reads) + 3_600_001)
    for session_key, document in sessions.items():
        if document is not None:
            await restored.apply("sessions.save", session_key, document)
            assert await restored.apply("sessions.load", session_key) == document
    left = [finding for finding in await restored.findings("left over") if "of session" in finding.text]
    assert left == []


async def test_a_session_that_the_peer_filled_can_be_emptied(restored: Restored) -> None:
    restored.clock.set(max(read["at"] for read in restored.reads) + 60_000)
    keys = {read["result"]["sessionKey"] for read in restored.reads if _is_submission(read)}
    before = await read_keyspace(restored.runner, restored.prefix)
    staged = {ids for ids in before.all("submission_generation") if ids[:1] not in before.all("submission")}
    for submission in [read["result"] for read in restored.reads if _is_submission(read)]:
        await _settle(restored, submission)
    assert await restored.apply("submissions.hasUnsettledSubmissions") is False
    for session_key in keys:
        await restored.apply("submissions.deleteSession", session_key, {"$tree": "ok"})
    space = await read_keyspace(restored.runner, restored.prefix)
    assert space.all("submission") == {}
    held = {
        (submission_id, generation)
        for (submission_id,), readers in space.all("submission_readers").items()
        for generation in readers
    }
    left = space.all("submission_generation").keys()
    assert left == held | staged, "what a reader holds stays, and what the peer staged for no submission"


def _is_submission(read: dict[str, Any]) -> bool:
    return bool(read["op"] == "submissions.getSubmission" and read.get("result"))


async def _settle(restored: Restored, submission: dict[str, Any]) -> None:
    """Brings a submission to its end, whatever its state."""
    submission_id = submission["submissionId"]
    attempt = {"submissionId": submission_id, "attemptId": submission.get("attemptId", "last")}
    if submission["status"] == "terminalizing":
        outboxes = await restored.apply("submissions.listPendingTerminalOutboxes")
        (outbox,) = [outbox for outbox in outboxes if outbox["submissionId"] == submission_id]
        offset = outbox.get("offset", "0000000000000000_0000000000000000")
        await restored.apply("submissions.recordSubmissionTerminalOffset", attempt, outbox["eventKey"], offset)
        assert await restored.apply("submissions.finalizeSubmissionTerminal", attempt, outbox["eventKey"]) is True
    elif submission["status"] != "settled":
        claim = {"ownerId": "owner", "leaseExpiresAt": 0}
        while (await restored.apply("submissions.getSubmission", submission_id))["status"] == "queued":
            heads = await restored.apply("submissions.listRunnableSubmissions")
            (head,) = [head for head in heads if head["sessionKey"] == submission["sessionKey"]]
            head_attempt = {"submissionId": head["submissionId"], "attemptId": "last"}
            assert await restored.apply("submissions.claimSubmission", head_attempt | claim) is not None
            if head["submissionId"] != submission_id:
                assert await restored.apply("submissions.completeSubmission", head_attempt) is True
        await restored.apply("submissions.completeSubmission", attempt)


def _writes(reads: list[dict[str, Any]]) -> list[Operation]:
    """Operations on everything that the reads found."""
    operations: list[Operation] = []

    def add(op: str, *args: Any) -> None:
        operations.append({"op": op, "args": list(args)})

    for read in reads:
        found, args = read.get("result"), read["args"]
        if found is None:
            continue
        if read["op"] == "sessions.load":
            add("sessions.save", args[0], {**found, "entries": found["entries"][:-1]})
        elif read["op"] == "submissions.getSubmission":
            attempt = {"submissionId": args[0], "attemptId": found.get("attemptId", "next")}
            add("submissions.admitDirect" if found["kind"] == "direct" else "submissions.admitDispatch", found["input"])
            add("submissions.claimSubmission", {**attempt, "ownerId": "owner", "leaseExpiresAt": 1})
            add("submissions.requeueSubmissionBeforeInputApplied", attempt)
            add("submissions.insertAttemptMarker", attempt)
            add("submissions.deleteAttemptMarker", attempt)
            add("submissions.failSubmission", attempt, {"$error": "given up"})
        elif read["op"] == "submissions.getTurnJournal":
            attempt = {"submissionId": args[0], "attemptId": found["attemptId"]}
            add("submissions.updateTurnJournalPhase", attempt, "provider_started", {"streamKey": "stream"})
            add("submissions.appendStreamChunkSegment", "stream", 1, "text")
            add("submissions.commitTurnJournal", attempt, "leaf")
        elif read["op"] == "runs.getRun":
            ended = {"runId": args[0], "endedAt": "2026-06-03T00:00:00Z", "isError": True, "durationMs": 1}
            add("runs.endRun", ended)
        elif read["op"] == "events.getStreamMeta":
            add("events.appendEvent", args[0], {"more": True})
            add("events.closeStream", args[0])
    add("submissions.listRunnableSubmissions")
    return operations
