"""What Flue's Node.js implementation recorded, replayed on every engine: each result must be the recorded one."""

from pathlib import Path

import pytest

from flue_memdb import ManualClock, MemoryDatabase, memory
from flue_memdb.contract import Adapter
from flue_memdb.verification import read_trace, replay, write_trace
from flue_valkey import valkey
from flue_valkey.servers.server import Server

TRACES = sorted((Path(__file__).parent.parent / "vectors" / "traces").glob("*.jsonl"))
each_trace = pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)


def test_the_traces_are_there() -> None:
    assert len(TRACES) == 227


@each_trace
async def test_the_reference_gives_what_was_recorded(path: Path) -> None:
    databases: list[MemoryDatabase] = []

    def adapter(_: int, clock: ManualClock) -> Adapter:
        if not databases:
            databases.append(MemoryDatabase(clock=clock))
        return memory(databases[0])

    assert await replay(read_trace(path), adapter) == []


@each_trace
async def test_the_valkey_adapter_gives_what_was_recorded(path: Path, server: Server, prefix: str) -> None:
    def adapter(_: int, clock: ManualClock) -> Adapter:
        inspected = server.inspectable
        return valkey(server.runner(), key_prefix=prefix, clock=clock, inspect_server=inspected)

    assert await replay(read_trace(path), adapter) == []


@each_trace
def test_a_trace_that_is_read_and_written_is_the_same(path: Path, tmp_path: Path) -> None:
    trace = read_trace(path)
    write_trace(tmp_path / "again.jsonl", trace)
    assert read_trace(tmp_path / "again.jsonl") == trace
