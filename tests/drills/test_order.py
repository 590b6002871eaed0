"""What contradicts the order of time is noticed, from the ledgers alone."""

import pytest

from flue_memdb.verification.histories import Call
from flue_valkey.drills.order import out_of_order

SESSION = 'agent-session:["i","default","default"]'


def call(began, ended, op, *args, answer=None):
    return Call(0, {"op": op, "args": list(args)}, began, ended, answer)


def attempt(submission_id):
    return {"submissionId": submission_id, "attemptId": f"attempt of {submission_id}"}


def complete(began, ended, submission_id):
    return call(began, ended, "submissions.completeSubmission", attempt(submission_id), answer={"result": True})


def claim(began, ended, submission_id, sequence):
    taken = {"submissionId": submission_id, "sessionKey": SESSION, "sequence": sequence, "attemptCount": 1}
    return call(began, ended, "submissions.claimSubmission", attempt(submission_id), answer={"result": taken})


def deletion(began, ended, tree):
    answer = None if ended is None else {}
    return call(began, ended, "submissions.deleteSession", SESSION, {"$tree": tree}, answer=answer)


@pytest.mark.parametrize(
    ("op", "answer"),
    [
        ("listRunnableSubmissions", {"result": [{"submissionId": "s"}]}),
        ("listPendingTerminalOutboxes", {"result": [{"submissionId": "s"}]}),
        ("getSubmission", {"result": {"submissionId": "s", "status": "queued"}}),
    ],
)
def test_a_settled_submission_that_comes_back(op, answer):
    settled = complete(1, 2, "s")
    args = ["s"] if op == "getSubmission" else []
    [text] = out_of_order([settled, call(3, 4, f"submissions.{op}", *args, answer=answer)])
    assert text.startswith("submission s was settled, and then: client 0 [3, 4]")
    assert out_of_order([settled, call(2, 4, f"submissions.{op}", *args, answer=answer)]) == []


def test_an_attempt_that_has_something_after_its_settlement():
    mark = call(5, 6, "submissions.requeueSubmissionBeforeInputApplied", attempt("s"), answer={"result": True})
    assert len(out_of_order([complete(1, 2, "s"), mark])) == 1


def test_a_claim_that_overtakes_the_head():
    head, later = claim(1, 2, "s", 1), claim(3, 4, "t", 2)
    assert out_of_order([head, later]) == ["submission t was claimed before s, the head, was settled"]
    assert out_of_order([head, later, complete(5, 6, "s")]) != []
    assert out_of_order([head, complete(2, 6, "s"), later]) == []
    assert out_of_order([head, call(2, None, "submissions.completeSubmission", attempt("s")), later]) == []


def test_a_waiter_that_reports_success_for_a_deletion_that_failed():
    [text] = out_of_order([deletion(1, 4, "fail")])
    assert text.startswith(f"a deletion of {SESSION} that failed was reported as a success")
    assert len(out_of_order([deletion(1, 4, "fail"), deletion(5, 6, "ok")])) == 1
    assert out_of_order([deletion(1, 4, "fail"), deletion(3, 6, "ok")]) == []
    assert out_of_order([deletion(1, 4, "fail"), deletion(3, None, "ok")]) == []


def test_a_document_that_is_older_than_its_save():
    old, new = {"number": 1, "entries": []}, {"number": 2, "entries": []}
    saves = [call(at, at, "sessions.save", "k", data, answer={}) for at, data in ((1, old), (2, new))]
    assert out_of_order([*saves, call(3, 4, "sessions.load", "k", answer={"result": new})]) == []
    [text] = out_of_order([*saves, call(3, 4, "sessions.load", "k", answer={"result": old})])
    assert text.startswith("session k reads as")


def test_an_error_that_nothing_explains():
    refused, odd = ({"error": {"kind": kind, "message": "m"}} for kind in ("session_busy", "corrupt_record"))
    assert out_of_order([call(1, 2, "submissions.getSubmission", "s", answer=refused)]) == []
    [text] = out_of_order([call(1, 2, "submissions.getSubmission", "s", answer=odd)])
    assert text.startswith("nothing explains this error: client 0 [1, 2] submissions.getSubmission")
