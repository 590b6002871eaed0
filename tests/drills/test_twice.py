"""What happened twice, or without anybody's call, is noticed."""

import json

import pytest

from flue_memdb.verification.histories import Call
from flue_valkey.drills.audit import audit
from flue_valkey.drills.load import STREAM
from flue_valkey.keyspace import Keyspace

ATTEMPT = {"submissionId": "s", "attemptId": "a1"}
DISPATCH = {"dispatchId": "s", "agent": "agent", "id": "i", "input": 1, "acceptedAt": "2026-06-03"}


def call(began, op, *args, answer=None):
    return Call(0, {"op": op, "args": list(args)}, began, None if answer is None else began + 1, answer)


def claim(began, attempt_id, count=1, answered=True):
    answer = {"result": {"attemptCount": count}} if answered else None
    return call(began, "submissions.claimSubmission", {**ATTEMPT, "attemptId": attempt_id}, answer=answer)


def space_of(**row):
    fields = {"submissionId": "s", "sequence": "1", "attemptCount": "1", "status": "running", "attemptId": "a1"}
    return Keyspace({"submission": {("s",): fields | row}, "sequence": {(): "1"}})


ADMITTED = call(0, "submissions.admitDispatch", DISPATCH, answer={"result": {"submission": {"sequence": 1}}})
YES = {"result": True}
COMPLETED = call(8, "submissions.completeSubmission", ATTEMPT, answer={"result": True})


@pytest.mark.parametrize(
    ("calls", "space", "text"),
    [
        ([claim(2, "a1"), claim(4, "a2")], space_of(), "submission s has 2 winners of its attempt 1"),
        (
            [claim(2, "a1"), claim(4, "a2", answered=False)],
            space_of(attemptCount="3"),
            "submission s was taken 3 times, where 2 calls may have taken it",
        ),
        ([claim(2, "a1"), COMPLETED, COMPLETED], space_of(status="settled"), "submission s was settled 2 times"),
        (
            [claim(2, "a1")],
            space_of(status="settled"),
            "submission s is settled under a1, which did not settle it",
        ),
        (
            [claim(2, "a1"), claim(4, "a2", count=2)],
            space_of(attemptCount="2", attemptId="a2"),
            "submission s was claimed 2 times, where 0 calls may have requeued it",
        ),
        (
            [
                claim(2, "a1"),
                call(4, "submissions.requeueSubmissionBeforeInputApplied", ATTEMPT, answer=YES),
                COMPLETED,
            ],
            space_of(),
            "submission s was given up more than once by a1: submissions.requeueSubmissionBeforeInputApplied, "
            "submissions.completeSubmission",
        ),
        (
            [claim(2, "a2"), COMPLETED],
            space_of(),
            "submission s obeyed the attempt a1, which never had it: submissions.completeSubmission",
        ),
    ],
)
async def test_a_submission(calls, space, text):
    assert text in (await audit([ADMITTED, *calls], space)).twice


async def test_what_a_corrupt_record_settles_was_settled_by_nobody():
    space = space_of(status="settled", error="The record is corrupt: its kind cannot be read.")
    assert (await audit([ADMITTED, claim(2, "a1")], space)).twice == ()


async def test_what_nobody_knows_of_may_have_happened():
    calls = [ADMITTED, claim(2, "a1", answered=False), call(4, "submissions.completeSubmission", ATTEMPT)]
    found = await audit(calls, space_of(status="settled"))
    assert (found.twice, found.lost, found.unknown) == ((), (), 2)


async def test_an_admission():
    space = space_of()
    space.keys["sequence"] = {(): "2"}
    assert "2 submissions were admitted, where 1 were called for" in (await audit([ADMITTED], space)).twice
    space.keys["submission"][("t",)] = space.keys["submission"][("s",)]
    assert "2 submissions have the sequence 1" in (await audit([ADMITTED], space)).twice


async def test_a_journal():
    space = space_of()
    space.keys["journal"] = {("s",): {"revision": "2"}}
    begun = call(4, "submissions.beginTurnJournal", ATTEMPT, answer={"result": True})
    assert "the journal of submission s has revision 2 of 1 calls" in (await audit([ADMITTED, begun], space)).twice


async def test_an_event():
    event = {"by": "client-0", "number": 1}
    appended = call(2, "events.appendEvent", STREAM, event)
    once, other = json.dumps(event), json.dumps({"by": "nobody"})
    space = Keyspace({"event_entries": {(STREAM,): {"0": once, "1": once, "2": other}}})
    assert (await audit([appended], space)).twice == (
        f"event {once} stands 2 times in stream {STREAM}",
        f"event {other} stands in stream {STREAM}, and nobody appended it",
    )
