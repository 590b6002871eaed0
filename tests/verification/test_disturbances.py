"""Disturbances: what a crash or a peer leaves, the same for the same seed; and a store that stumbles is found."""

import pytest

from flue_memdb import ManualClock
from flue_memdb.verification import ReferenceEngine, Trace, TraceError, differential, generate, replay, run_sequence
from flue_memdb.verification.comparison import identical
from flue_memdb.verification.disturbances import DISTURBANCES, is_disturbance
from tests.verification.mutants import BrokenEngine, SecondReference

WRITING = {f"disturb.{name}" for name in ("publish", "publishStaged", "beginDeletion", "beginDeletions", "meanwhile")}
HARMLESS = {name for name in DISTURBANCES if not name.startswith("disturb.spoil")} - WRITING
DISPATCH = {"dispatchId": "d", "agent": "a", "id": "s", "input": None, "acceptedAt": "2026-06-03"}


def steps(*calls):
    return [{"at": 1, "client": 0, "op": op, "args": list(args)} for op, *args in calls]


class Undisturbed(SecondReference):
    """A reference whose namespaces disturbances leave as they are."""

    async def open(self, clock, new_id):
        namespace = await super().open(clock, new_id)
        namespace.disturb = self.ignore
        return namespace

    async def ignore(self, *_):
        return None


class Undisturbable(SecondReference):
    """A reference whose namespaces know of no disturbances."""

    async def open(self, clock, new_id):
        namespace = await super().open(clock, new_id)

        class Namespace:
            adapter, keyspace, findings, close = (
                namespace.adapter,
                namespace.keyspace,
                namespace.findings,
                namespace.close,
            )

        return Namespace


async def test_a_minority_of_the_sequences_has_every_disturbance():
    sequences = [await generate(f"disturbances/{seed}") for seed in range(200)]
    disturbed = [sequence for sequence in sequences if any(map(is_disturbance, sequence))]
    assert 40 <= len(disturbed) <= 90
    made = {operation["op"] for sequence in disturbed for operation in sequence if is_disturbance(operation)}
    assert made == set(DISTURBANCES)
    for sequence in disturbed:
        assert all(len(step["args"]) == len(DISTURBANCES[step["op"]]) for step in sequence if is_disturbance(step))


async def test_the_harmless_ones_change_no_answer():
    for seed in range(100):
        made = [step for step in await generate(f"harmless/{seed}") if step["op"] not in DISTURBANCES.keys() - HARMLESS]
        without = [step for step in made if not is_disturbance(step)]
        result = await run_sequence([ReferenceEngine()], made)
        answers = [answer for step, answer in zip(made, result.answers, strict=True) if not is_disturbance(step)]
        assert identical(answers, (await run_sequence([ReferenceEngine()], without)).answers), seed


async def test_what_cannot_be_read_is_settled_by_a_listing_and_says_so_where_it_is_read():
    operations = steps(
        ("submissions.admitDispatch", DISPATCH),
        ("disturb.spoilSubmission", "d", "input"),
        ("submissions.hasUnsettledSubmissions",),
        ("submissions.listRunnableSubmissions",),
        ("submissions.hasUnsettledSubmissions",),
        ("submissions.getSubmission", "d"),
        ("disturb.spoilSubmission", "unknown", "input"),
        ("submissions.getSubmission", "unknown"),
    )
    result = await run_sequence([ReferenceEngine(), SecondReference()], operations)
    assert result.difference is None
    _, nothing, unsettled, runnable, settled, read, _, unknown = result.answers
    assert nothing == {}
    assert (unsettled, runnable, settled) == ({"result": True}, {"result": []}, {"result": False})
    assert read["error"]["kind"] == "corrupt_record"
    assert unknown == {"result": None}
    assert result.outcomes["submissions.getSubmission", "corrupt_record"] == 1


EVENTS = "*map(str, range(after + 1, after + 1 + len(texts)))"

MUTANTS = {
    "a status changes without a place": (
        "store/outbox.py",
        '            row.require("sequence")\n',
        "            pass\n",
    ),
    "a journal counts on": ("store/journal.py", '        journal.require("revision")\n', "        pass\n"),
    "a run is listed unread": ("store/runs.py", "not row.hidden", "True"),
    "a segment has no index": ("store/segments.py", "-1 in segments", "False"),
    "an event is given unread": ("store/events.py", EVENTS + ', "nextOffset"', '"nextOffset"'),
    "a claim needs no payload": ("store/lifecycle.py", '"attemptCount", "payload"', '"attemptCount"'),
    "an outbox is read all the same": ("rows.py", '        self.require("submissionId")\n', ""),
}


@pytest.mark.parametrize("mutant", MUTANTS)
async def test_a_store_that_stumbles_is_found(mutant):
    engines = [ReferenceEngine(), BrokenEngine(*MUTANTS[mutant])]
    report = await differential(engines, seed="b", sequences=500, max_divergences=1, shrink_seconds=10)
    [divergence] = report.divergences
    assert any(map(is_disturbance, divergence.operations)), str(divergence)
    assert len(divergence.operations) <= 8, str(divergence)


async def test_who_changes_a_status_needs_the_place_in_the_order():
    attempt = {"submissionId": "d", "attemptId": "a1"}
    direct = {"submissionId": "d", "agent": "a", "id": "s", "payload": {"message": "m"}, "acceptedAt": "2026-06-03"}
    operations = steps(
        ("submissions.admitDirect", {**direct, "kind": "direct"}),
        ("submissions.claimSubmission", {**attempt, "ownerId": "o", "leaseExpiresAt": 1}),
        ("disturb.spoilSubmission", "d", "sequence"),
        ("submissions.reserveSubmissionTerminal", attempt, {"eventKey": "key", "event": 1}),
        ("submissions.completeSubmission", attempt),
    )
    *_, reserved, completed = (await run_sequence([ReferenceEngine()], operations)).answers
    assert reserved["error"]["kind"] == completed["error"]["kind"] == "corrupt_record"


UNNAMED = {
    "the field": ("rows.py", 'f"its {name} cannot be read"', '"it cannot be read"'),
    "the record": ("store/sessions.py", 'f"session {quoted(session_key)}", "its', '"a session", "its'),
}


@pytest.mark.parametrize("what", UNNAMED)
async def test_an_error_that_does_not_name_what_was_damaged_is_found(what):
    engines = [ReferenceEngine(), BrokenEngine(*UNNAMED[what])]
    report = await differential(engines, seed="unnamed", sequences=200, max_divergences=1, shrink_seconds=10)
    [divergence] = report.divergences
    assert divergence.difference.got["error"]["kind"] == "corrupt_record", str(divergence)
    assert len(divergence.operations) <= 4, str(divergence)


async def test_an_engine_that_ignores_them_is_found():
    report = await differential([ReferenceEngine(), Undisturbed()], seed=1, sequences=100, max_divergences=1)
    assert len(report.divergences) == 1


async def test_an_engine_without_them_makes_the_run_leave_them_out():
    report = await differential([ReferenceEngine(), Undisturbable()], seed=1, sequences=60)
    assert report.divergences == (), str(report)
    assert not any(outcome == "corrupt_record" for _, outcome in report.outcomes)
    assert report.undeclared == {}


async def test_a_record_that_cannot_be_read_is_an_outcome_that_needs_no_declaration():
    report = await differential([ReferenceEngine()], seed=1, sequences=60)
    assert any(outcome == "corrupt_record" for _, outcome in report.outcomes)
    assert report.undeclared == {}


async def test_the_words_of_a_corrupt_record_are_not_compared():
    def error(kind, message):
        return {"result": [{"error": {"kind": kind, "message": message}}]}

    assert identical(error("corrupt_record", "a"), error("corrupt_record", "b"))
    assert not identical(error("other", "a"), error("other", "b"))
    assert not identical(error("corrupt_record", "a"), error("other", "a"))


async def test_an_unknown_disturbance_is_refused():
    with pytest.raises(ValueError, match="'spoilEverything'"):
        await run_sequence([ReferenceEngine()], steps(("disturb.spoilEverything",)))


async def test_a_replay_makes_them_where_it_can_and_else_refuses():
    spoil = ("disturb.spoilSession", "s", "session")
    lines = steps(("sessions.save", "s", {"entries": []}), spoil, ("sessions.load", "s"))
    answers = (await run_sequence([ReferenceEngine()], lines)).answers
    trace = Trace("disturbed", "test", [{**step, **answer} for step, answer in zip(lines, answers, strict=True)])
    namespace = await ReferenceEngine().open(ManualClock(), lambda: "id")
    assert await replay(trace, lambda client, _: namespace.adapter(client), namespace.disturb) == []
    with pytest.raises(TraceError, match="disturbances"):
        await replay(trace, lambda client, _: namespace.adapter(client))
