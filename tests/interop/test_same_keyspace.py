"""What this adapter writes, byte by byte, beside what Flue's Node.js adapter wrote for the same operations.

Each of the recorded databases comes from a trace that was recorded, too. Replayed by this adapter it must leave the
same keys, fields, scores and texts. Names of generations are random, so that each stands for what it is: the published
one.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flue_memdb import ManualClock
from flue_memdb.contract import Adapter
from flue_memdb.verification import Trace, read_trace, replay
from flue_valkey import Runner, valkey
from flue_valkey.invariants import findings
from flue_valkey.keyspace import Keyspace, Place, read_keyspace
from flue_valkey.servers.server import Server

VECTORS = Path(__file__).parent.parent / "vectors"
KEYSPACES = {
    path.stem.partition("-")[2]: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((VECTORS / "keyspaces").glob("*.json"))
}

_RECORDED_AFTER = {"special-image-session": 1}
"""So many operations of a trace, if not all."""

_DELETING = "; a session deletion is under way"
_NOT_COMPARED = ("session_readers", "submission_readers", "session_superseded", "deletion_done", "deletion_heir")
"""Who reads now, and helper keys."""


@pytest.mark.parametrize("name", KEYSPACES)
async def test_the_same_operations_leave_what_the_peer_left(
    name: str, server: Server, runner: Runner, prefix: str
) -> None:
    def adapter(_: int, clock: ManualClock) -> Adapter:
        return valkey(server.runner(), key_prefix=prefix, clock=clock, inspect_server=server.inspectable)

    assert await replay(_trace(name), adapter) == []
    written = await read_keyspace(runner, prefix)
    assert await findings(written) == []
    assert dict(_compared(written)) == await _expected(KEYSPACES[name], server, runner)


def _trace(name: str) -> Trace:
    trace = read_trace(VECTORS / "traces" / f"{name}.jsonl")
    assert KEYSPACES[name]["title"].startswith(trace.title)
    return replace(trace, operations=trace.operations[: _RECORDED_AFTER.get(name)])


async def _expected(recorded: dict[str, Any], server: Server, runner: Runner) -> dict[Place, Any]:
    await server.remove(recorded["prefix"])
    for command in recorded["restore"]:
        await runner.command(*command)
    space = await read_keyspace(runner, recorded["prefix"])
    await server.remove(recorded["prefix"])
    expected = dict(_compared(space))
    if recorded["title"].endswith(_DELETING):  # it was begun for the recording, after the trace
        (deletion,) = space.all("deletion")
        del expected["deletion", deletion], expected["deletions", ()]
    # The peer leaves those that it finalises out of one index.
    for (submission_id,), row in space.all("submission").items():
        if row["status"] == "settled":
            expected.setdefault(("settled", ()), {})[submission_id] = int(row["sequence"])
    return expected


def _compared(space: Keyspace) -> Iterator[tuple[Place, Any]]:
    """The keys and their values, without superseded generations and those of no row; the name of a published one is
    `published`."""
    published = {
        (name, *ids): row["generation"] for name in ("session", "submission") for ids, row in space.all(name).items()
    }
    for name, keys in space.keys.items():
        owner, is_of_generations, _ = name.partition("_generation")
        for ids, value in keys.items():
            if (name, *ids) in published:
                yield (name, ids), {**value, "generation": "published"}
            elif not is_of_generations:
                if name not in _NOT_COMPARED:
                    yield (name, ids), value
            elif (generation := published.get((owner, ids[0]))) is not None:
                if name.endswith("s"):
                    yield (name, ids), value[generation]
                elif ids[1] == generation:
                    yield (name, (ids[0], "published")), value
