"""Live steps: what a tail and a subscription give while clients write, and that a run notices where they do not."""

from collections import Counter

import pytest

from flue_memdb.verification import ReferenceEngine, differential, generate, run_sequence
from flue_memdb.verification import lockstep as running
from flue_valkey.servers.engine import ValkeyEngine
from flue_valkey.servers.fake import FakeServer
from tests.verification.mutants import BrokenEngine

PATH = "p"


def steps(*calls):
    return [{"at": 1, "client": 0, "op": op, "args": list(args)} for op, *args in calls]


def by(client, op, *args):
    return {"client": client, "op": f"events.{op}", "args": list(args)}


def events(*numbers):
    return [{"data": number, "offset": f"{0:016}_{number:016}"} for number in numbers]


async def followed(*calls):
    """What the last of these calls gave, which is a live step, on the reference and on fakeredis."""
    result = await run_sequence([ReferenceEngine(), ValkeyEngine(FakeServer())], steps(*calls))
    assert result.difference is None
    return result.answers[-1]


async def test_a_tail_gives_what_is_there_and_what_comes_until_the_end():
    answer = await followed(
        ("events.createStream", PATH),
        ("events.appendEvent", PATH, 0),
        ("events.appendEvent", PATH, 1),
        (
            "live.follow",
            PATH,
            f"{0:016}_{0:016}",
            [by(1, "appendEvent", PATH, 2), by(0, "appendEventOnce", PATH, "k", 3), by(0, "closeStream", PATH)],
        ),
    )
    assert answer["result"] == {"events": events(1, 2, 3), "ended": True, "told": 2}
    assert [each.get("result") for each in answer["during"]] == [*(each["offset"] for each in events(2, 3)), None]


async def test_a_tail_from_now_on_has_looked_before_anything_comes():
    answer = await followed(
        ("events.createStream", PATH),
        ("events.appendEvent", PATH, 0),
        ("live.follow", PATH, "now", [by(1, "appendEvent", PATH, 1), by(1, "appendEvent", "missing", 1)]),
    )
    assert answer["result"] == {"events": events(1), "ended": False, "told": 0}
    assert answer["during"][1]["error"]["kind"] == "stream_not_found"


async def test_a_stream_may_be_created_while_it_is_followed():
    answer = await followed(
        ("live.follow", PATH, "-1", [by(0, "createStream", PATH), by(0, "appendEvent", PATH, 0)]),
    )
    assert answer["result"] == {"events": events(0), "ended": False, "told": 1}


@pytest.mark.parametrize(
    ("path", "offset", "kind"), [("", "-1", "invalid_identifier"), (PATH, "first", "invalid_offset")]
)
async def test_bad_input_is_the_answer(path, offset, kind):
    answer = await followed(("live.follow", path, offset, [by(0, "createStream", PATH)]))
    assert answer["error"]["kind"] == kind
    assert "during" not in answer


async def test_what_cannot_be_read_is_not_given():
    answer = await followed(
        ("events.createStream", PATH),
        ("events.appendEvent", PATH, 0),
        ("disturb.spoilStream", PATH, "0"),
        ("live.follow", PATH, "-1", []),
    )
    assert answer["error"]["kind"] == "corrupt_record"


async def test_generated_sequences_follow_streams_in_every_way():
    seen = Counter()
    for number in range(200):
        operations = await generate(f"live/{number}")
        result = await run_sequence([ReferenceEngine()], operations)
        for operation, answer in zip(operations, result.answers, strict=True):
            if operation["op"] == "live.follow" and "result" in answer:
                given = answer["result"]
                clients = {each["client"] for each in operation["args"][2]}
                seen["events"] += len(given["events"]) > 1
                seen["ended"] += given["ended"]
                seen["told"] += given["told"]
                seen["another's"] += operation["client"] not in clients and len(given["events"]) > 0 < len(clients)
                seen["both"] += len(clients) > 1
    assert min(seen.values()) > 0, seen
    assert len(seen) == 5


@pytest.mark.parametrize(
    ("file", "old", "new", "kind"),
    [
        ("store/connection.py", "self._database.tails.wake(path)", "pass", "answer"),
        ("store/connection.py", "self._database.tails.wake_all()", "pass", "closed"),
        ("store/connection.py", "self.subscriptions.notify(path)", "pass", "answer"),
        ("store/events.py", 'self._connection.require_open("subscribe")', "pass", "closed"),
        ("store/events.py", 'self._connection.require_open("tail")', "pass", "closed"),
        ("contract/checks.py", 'found = "is empty"', 'found = "is nothing"', "answer"),
    ],
)
async def test_a_run_notices_what_is_not_told(monkeypatch, file, old, new, kind):
    monkeypatch.setattr(running, "_ANSWER_WITHIN_S", 1.0)
    engines = [ReferenceEngine(), BrokenEngine(file, old, new)]
    report = await differential(engines, seed="told", sequences=200, max_divergences=1, shrink_seconds=0)
    [divergence] = report.divergences
    assert divergence.found.kind == kind, str(divergence)
