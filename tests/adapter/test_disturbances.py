"""Disturbances of a namespace: answers stay the same, findings strict, and a script that stumbles is found."""

import asyncio
import json
import re
import shutil
from collections.abc import AsyncIterator
from functools import partial
from importlib import resources
from pathlib import Path

import pytest

from flue_memdb import ClaimRef, DirectInput, ManualClock, Stores
from flue_memdb.verification import Operation, ReferenceEngine, differential, run_sequence
from flue_memdb.verification.generator import generate
from flue_valkey import Runner, scripts, valkey
from flue_valkey.keyspace import read_keyspace
from flue_valkey.layout import key
from flue_valkey.servers.disturbances import Disturbances
from flue_valkey.servers.engine import ValkeyEngine
from flue_valkey.servers.fake import FakeServer
from flue_valkey.servers.part_watch import PartWatch
from flue_valkey.store import parts


def document(text: str) -> dict[str, object]:
    return {"entries": [{"id": "e1", "text": text}]}


@pytest.fixture
def disturbances(runner: Runner, prefix: str, clock: ManualClock) -> Disturbances:
    adapter = partial(valkey, runner, key_prefix=prefix, inspect_server=False)
    return Disturbances(runner, prefix, clock, adapter, PartWatch(lambda: runner))


@pytest.fixture
async def engines() -> AsyncIterator[list[ReferenceEngine | ValkeyEngine]]:
    engines = [ReferenceEngine(), ValkeyEngine(FakeServer())]
    yield engines
    for engine in engines:
        await engine.close()


async def found_by(disturbances: Disturbances, stores: Stores, runner: Runner, prefix: str) -> list[str]:
    async def save(session_key: str) -> None:
        await stores.sessions.save(session_key, document("last"))

    return await disturbances.findings(lambda: read_keyspace(runner, prefix), save)


async def test_what_a_reader_holds_must_stay(
    stores: Stores, disturbances: Disturbances, runner: Runner, prefix: str, clock: ManualClock
) -> None:
    await stores.sessions.save("s", document("held"))
    generation = (await runner.command("HGET", key(prefix, "session", session_key="s"), "generation")).decode()
    await disturbances.make("hold", "s")
    clock.advance(1)
    await stores.sessions.save("s", document("new"))
    assert await found_by(disturbances, stores, runner, prefix) == []

    await disturbances.make("hold", "s")
    generation = (await runner.command("HGET", key(prefix, "session", session_key="s"), "generation")).decode()
    await stores.sessions.save("s", document("newer"))
    await runner.command("DEL", key(prefix, "session_generation", session_key="s", generation=generation))
    assert any("a reader holds" in text for text in await found_by(disturbances, stores, runner, prefix))


async def test_what_a_peer_stages_must_stay(
    stores: Stores, disturbances: Disturbances, runner: Runner, prefix: str, clock: ManualClock
) -> None:
    await stores.sessions.save("s", document("first"))
    clock.advance(1)
    for how in ("whole", "part"):
        await disturbances.make("stage", "s", how)
    assert await found_by(disturbances, stores, runner, prefix) == []
    for name in ("peer-whole-0", "peer-part-1"):
        await runner.command("DEL", key(prefix, "session_generation", session_key="s", generation=name))
    assert any("a peer stages" in text for text in await found_by(disturbances, stores, runner, prefix))


@pytest.mark.parametrize("readmitted", [False, True], ids=["admitted", "deleted and admitted again"])
async def test_a_payload_that_a_peer_stages_may_only_go_with_its_submission(
    stores: Stores, disturbances: Disturbances, runner: Runner, prefix: str, readmitted: bool
) -> None:
    prompt = DirectInput(submission_id="d", agent="a", id="s", payload={"message": "m"}, accepted_at="2026-06-03")
    claim = ClaimRef("d", "a1", "w", lease_expires_at=0)
    await disturbances.make("stagePayload", "d")
    admitted = await stores.submissions.admit_direct(prompt)
    if readmitted:
        await stores.submissions.claim_submission(claim)
        await stores.submissions.complete_submission(claim)
        await stores.submissions.delete_session(admitted.session_key, partial(asyncio.sleep, 0))
        await stores.submissions.admit_direct(prompt)
    assert await found_by(disturbances, stores, runner, prefix) == []
    if not readmitted:
        staged = key(prefix, "submission_generation", submission_id="d", generation="peer-payload-0")
        await runner.command("DEL", staged)
        assert any("a peer stages" in text for text in await found_by(disturbances, stores, runner, prefix))


async def test_findings_of_what_was_not_damaged_stay(
    stores: Stores, disturbances: Disturbances, runner: Runner, prefix: str
) -> None:
    for path in ("damaged", "other"):
        await stores.events.create_stream(path)
        await stores.events.append_event(path, 1)
    await disturbances.make("spoilStream", "damaged", "nextOffset")
    assert await found_by(disturbances, stores, runner, prefix) == []
    await runner.command("HSET", key(prefix, "event", path="other"), "nextOffset", 7)
    [text] = await found_by(disturbances, stores, runner, prefix)
    assert "'other'" in text


async def test_the_adapter_answers_as_the_reference_among_disturbances(
    engines: list[ReferenceEngine | ValkeyEngine],
) -> None:
    report = await differential(engines, seed="disturbed adapter", sequences=40)
    assert report.divergences == (), str(report)
    assert any(outcome == "corrupt_record" for _, outcome in report.outcomes)


MUTANTS = {
    "an entry without a row stays": (
        "includes/visit_status.lua",
        'redis.call("ZREM", index, submission_id)',
        "",
        "unlisted",
    ),
    "a half-created stream is closed": (
        "includes/append.lua",
        'row[2] == "1"',
        'row[2] ~= "0"',
        r"halfCreate.*\n.*appendEvent",
    ),
    "a requeue needs no place": (
        "requeue_submission_before_input_applied.lua",
        "if corrupt then",
        "if false then",
        'spoilSubmission.*"sequence"',
    ),
    "a payload need not be there": (
        "claim_submission.lua",
        'if type(payload) == "string" then',
        "if false then",
        r'spoilSubmission.*"payload".*\n.*claimSubmission',
    ),
    "a reader holds nothing": ("includes/sweep_generations.lua", "> 0", "> 1", r"hold .*\n.*save"),
    "what is staged in part is superseded": (
        "includes/superseded_session.lua",
        "or -2) + 2",
        "or -2) + 0",
        r"stage .*\n.*save",
    ),
    "what a peer staged for a submission stays": (
        "admit_submission.lua",
        "submission_generations) > 1",
        "prefix) > 1",
        r"stagePayload.*\n.*admitDispatch",
    ),
    "what a peer staged for a submission is superseded": (
        "admit_submission.lua",
        "return false",
        "return true",
        r"stagePayload.*\n.*admit",
    ),
    "what a peer published is never superseded": (
        "includes/superseded_session.lua",
        "return entries and",
        "return nil and",
        "publishStaged",
    ),
    "who died is counted": (
        "includes/sweep_generations.lua",
        'redis.call("HDEL", readers, generation)',
        "",
        r"hold .*\n",
    ),
    "what is no row stays listed": (
        "settle_corrupt_submission.lua",
        "#seen > 0",
        "#seen >= 0",
        'spoilSubmission.*"row"',
    ),
    "an error names another key": (
        "read_events.lua",
        '{"corrupt", event,',
        '{"corrupt", event_entries,',
        r"spoilStream.*\n.*readEvents",
    ),
    "an error names another field": (
        "includes/open_journal.lua",
        "its revision cannot",
        "its kind cannot",
        'spoilJournal.*"revision"',
    ),
    "an index may be of any type": ("list_runs.lua", "if refused then", "if false then", r"wrongType.*\n.*listRuns"),
    "an older version stays": ("migrate.lua", 'stored ~= "2"', 'stored ~= "0"', r'otherVersion \["2"\]'),
    "a document is never known": ("includes/is_as_known.lua", "return length ==", "return 0 ==", "disturb.publish "),
    "a long id counts nothing": (
        "includes/visit_status.lua",
        " - cost_of_long(submission_id)",
        "",
        r"smallParts.*\n.*claimDispatches",
    ),
    "a part holds one event": (
        "read_events.lua",
        "if left <= 0 then",
        "if true then",
        r"smallParts(.*\n)*.*readEvents",
    ),
    "a stream that was begun anew goes on": (
        "get_stream_chunk_segments.lua",
        "if first > 0 and",
        "if first > 1 and",
        r"meanwhile.*\n.*getStreamChunkSegments",
    ),
    "only so many deletions are pending": (
        "list_pending_session_deletions.lua",
        "#entries < 50",
        "#entries < 51",
        r"beginDeletions.*\n.*listPendingSessionDeletions",
    ),
    "who waits keeps what cannot be read": (
        "settle_corrupt_submission.lua",
        '== "zset" then',
        '~= "zset" then',
        'spoilSubmission.*"attemptCount"',
    ),
    "what is settled says not why": (
        "settle_corrupt_submission.lua",
        ', "error", error)',
        ")",
        "unlisted",
    ),
    "what a peer stages is superseded": (
        "includes/superseded_session.lua",
        "if not published or stamp > tonumber(published) then",
        "if false then",
        r"stage .*\n.*save",
    ),
    "a renewal renews nothing": (
        "renew_session_deletion.lua",
        'redis.call("HSET", deletion',
        'redis.call("HMGET", deletion',
        r'"lapse": \[',
    ),
    "one part takes what many should": (
        "has_unsettled_submissions.lua",
        "left = left - 10",
        "left = left + 10",
        r"smallestParts.*\n(.*addGhost.*\n)*.*hasUnsettled",
    ),
    "a part of a deletion ends too soon": (
        "finish_session_deletion.lua",
        "left = left - 1 -",
        "left = left - 2 -",
        r"bulk.settleDispatches \[\"short",
    ),
    "what a deletion took stays listed": (
        "finish_session_deletion.lua",
        "queued, running, terminalizing, settled,",
        "queued, terminalizing, settled,",
        r'addEntry \["running.*\n.*deleteSession',
    ),
    "who owns a deletion need not be known": (
        "begin_session_deletion.lua",
        "if row[1] then",
        "if row[2] then",
        'spoilDeletion.*"ownerId"',
    ),
    "a stream has gaps": (
        "get_stream_chunk_segments.lua",
        "if not text then",
        "if true then",
        "getStreamChunkSegments",
    ),
    "what goes wrong behind a caller's back": (
        "abandon_session_deletion.lua",
        'return {"abandoned"}',
        'return {"taken"}',
        r'deleteSession.*"\$tree": "fail"',
    ),
}
"""Per mutant: a file of the scripts, a text of it, what takes its place; and steps that may stumble over it."""


def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, old: str, new: str) -> None:
    """Replaces the scripts by those with `old` replaced by `new` in one file; `old` must stand there exactly once."""
    with resources.as_file(resources.files(scripts)) as folder:
        shutil.copytree(folder, tmp_path / "scripts")
    path = tmp_path / "scripts" / file
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
    for name in scripts.SCRIPTS:
        monkeypatch.setitem(scripts.SCRIPTS, name, scripts.load(name, tmp_path / "scripts"))


GENERATED: list[list[Operation]] = []
"""The sequences that were generated so far: they are the same for all mutants."""


async def sequences(steps: str) -> AsyncIterator[list[Operation]]:
    """Of 500 generated ones those with such steps, of which each is a line."""
    for number in range(500):
        if number == len(GENERATED):
            GENERATED.append(await generate(f"stumbling scripts/{number}"))
        operations = GENERATED[number]
        if re.search(steps, "\n".join(f"{step['op']} {json.dumps(step['args'])}" for step in operations)):
            yield operations


@pytest.mark.parametrize("mutant", MUTANTS)
async def test_a_script_that_stumbles_is_found(
    mutant: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    engines: list[ReferenceEngine | ValkeyEngine],
) -> None:
    *change, steps = MUTANTS[mutant]
    broken(tmp_path, monkeypatch, *change)
    async for operations in sequences(steps):
        if (await run_sequence(engines, operations)).difference is not None:
            monkeypatch.undo()
            assert (await run_sequence(engines, operations)).difference is None
            return
    pytest.fail("not found")


async def test_a_stale_entry_is_mended_by_the_listing_that_meets_it(
    engines: list[ReferenceEngine | ValkeyEngine],
) -> None:
    given = {"dispatchId": "d", "agent": "a", "id": "s", "input": None, "acceptedAt": "2026-06-03"}
    calls = [
        ("submissions.admitDispatch", [given]),
        ("disturb.addEntry", ["running", "d"]),
        ("disturb.addGhost", ["queue", "nobody", 'agent-session:["s","default","default"]']),
        ("submissions.listRunningSubmissions", []),
        ("submissions.listRunnableSubmissions", []),
    ]
    operations: list[Operation] = [{"at": 1, "client": 0, "op": op, "args": args} for op, args in calls]
    result = await run_sequence(engines, operations)
    assert result.difference is None
    assert result.answers[3] == {"result": []}
    assert [found["submissionId"] for found in result.answers[4]["result"]] == ["d"]


async def test_parts_are_the_smallest_until_the_namespace_is_closed(clock: ManualClock) -> None:
    usual = dict(vars(parts))
    spaces = [await ValkeyEngine(FakeServer()).open(clock, lambda: "new") for _ in range(2)]
    for space in spaces:
        await space.disturb("smallestParts")  # type: ignore[attr-defined]
    assert (parts.BYTES, parts.LEASES) == (1, 1)
    for space in spaces:
        await space.close()
    assert vars(parts) == usual
