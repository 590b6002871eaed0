"""A database can begin with what a trace leads to, or with a snapshot."""

import json
from pathlib import Path

import pytest

from flue_memdb import ClaimRef, DispatchInput, InvalidInputError, ManualClock, MemoryDatabase, memory, open_stores
from flue_memdb.verification import Trace, TraceError, record

TRACES = sorted((Path(__file__).parents[1] / "vectors" / "traces").rglob("*.jsonl"))
AT = 1_780_479_000_000
RUN = {"runId": "r1", "workflowName": "digest", "startedAt": "2026-06-03"}


def step(op, *args, **answer):
    return {"at": AT, "client": 0, "op": op, "args": [*args], **answer}


async def test_the_operations_of_a_trace_happen_when_it_says(tmp_path):
    clock, path = ManualClock(AT), tmp_path / "trace.jsonl"
    recorded = MemoryDatabase(clock=clock)
    async with open_stores(record(memory(recorded), path, clock=clock)) as stores:
        await stores.submissions.admit_dispatch(
            DispatchInput(dispatch_id="d1", agent="a", id="crew", input="plan", accepted_at="2026-06-03")
        )
        clock.advance(5)
        await stores.submissions.claim_submission(ClaimRef("d1", "a1", "w1", clock() + 30_000))
    seeded = MemoryDatabase(clock=ManualClock(9))
    await seeded.seed(path)
    assert seeded.snapshot() == recorded.snapshot()
    assert seeded.submissions["d1"].started_at == AT + 5
    assert seeded.clock() == 9


@pytest.mark.parametrize("path", TRACES[::20], ids=lambda path: path.stem)
async def test_recorded_traces_seed_a_database_that_a_snapshot_seeds_alike(tmp_path, path):
    first, second = MemoryDatabase(), MemoryDatabase()
    await first.seed(str(path))
    (tmp_path / "snapshot.json").write_text(json.dumps(first.snapshot(), indent=2), encoding="utf-8")
    await second.seed(tmp_path / "snapshot.json")
    assert json.dumps(first.snapshot()) == json.dumps(second.snapshot())


async def test_the_recorded_traces_are_there():
    assert len(TRACES[::20]) > 5


async def test_a_trace_that_was_written_by_hand_needs_no_answers():
    database = MemoryDatabase()
    trace = Trace("by hand", "by hand", [step("runs.createRun", RUN), step("runs.lookupRun", "r1")])
    await database.seed(trace)
    async with open_stores(memory(database)) as stores:
        assert (await stores.runs.lookup_run("r1")).workflow_name == "digest"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            step("events.appendEvent", "p", 1),
            "seed: by hand: operation 1 events.appendEvent: expected {}, got {'error'",
        ),
        (step("runs.forget", "r1"), "there is no operation 'runs.forget'"),
        (step("runs.lookupRun", "r1", result=None), "operation 1 runs.lookupRun: expected {'result': None}, got"),
    ],
)
async def test_a_trace_that_cannot_have_been_so_stores_nothing(line, said):
    database = MemoryDatabase()
    with pytest.raises(TraceError) as refused:
        await database.seed(Trace("by hand", "by hand", [step("runs.createRun", RUN), line]))
    assert said in str(refused.value)
    assert database.runs == {}


async def test_a_failure_that_the_trace_tells_of_is_fine():
    database = MemoryDatabase()
    await database.seed(Trace("t", "t", [step("events.appendEvent", "p", 1, error={"kind": "stream_not_found"})]))
    assert database.streams == {}


async def test_a_snapshot_seeds_an_empty_database_only(filled):
    database = MemoryDatabase()
    await database.seed(filled.snapshot())
    assert database.snapshot() == filled.snapshot()
    with pytest.raises(ValueError, match="the database is not empty"):
        await database.seed(filled.snapshot())
    with pytest.raises(InvalidInputError, match=r"snapshot\['format'\]"):
        await MemoryDatabase().seed({})


async def test_a_file_that_is_neither_is_refused(tmp_path):
    (tmp_path / "seed").write_text("hello", encoding="utf-8")
    with pytest.raises(ValueError, match="seed is neither a trace nor JSON"):
        await MemoryDatabase().seed(tmp_path / "seed")
    for content in (b"\xff", b'{"flueTrace": 1, "schema": 3}\n\xff'):
        (tmp_path / "seed").write_bytes(content)
        with pytest.raises(ValueError, match=r"seed(: this is no text in UTF-8| is neither a trace nor JSON)"):
            await MemoryDatabase().seed(tmp_path / "seed")
    with pytest.raises(FileNotFoundError):
        await MemoryDatabase().seed(tmp_path / "none")
