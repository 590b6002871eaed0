"""`memory(path=...)`: what was acknowledged is in the file, and nobody else has it open."""

import asyncio
import errno
import json
import os
import stat
import sys
from pathlib import Path

import pytest

from flue_memdb import (
    AdapterClosedError,
    ClaimRef,
    DatabaseFileError,
    DispatchInput,
    InvalidPayloadError,
    ManualClock,
    MemoryDatabase,
    SchemaVersionError,
    SessionBusyError,
    StoreUnavailableError,
    memory,
    open_stores,
    session_storage_key,
)
from flue_memdb.kept import _READS
from flue_memdb.verification import apply, generate
from flue_memdb.verification.retries import RETRIES
from flue_memdb.verification.shapes import METHODS
from flue_memdb.wrapping import OPERATIONS
from tests.stores import stores_in

CREW = session_storage_key("crew")
DISPATCH = DispatchInput(dispatch_id="d1", agent="a", id="crew", input="plan", accepted_at="2026-06-03")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "dev.json"


def kept_in(path):
    return json.loads(path.read_text(encoding="utf-8"))


async def test_what_was_stored_is_there_after_a_restart(path):
    clock = ManualClock(1_780_000_000_000)
    async with open_stores(memory(path=path, clock=clock)) as stores:
        await stores.submissions.admit_dispatch(DISPATCH)
        await stores.submissions.claim_submission(ClaimRef("d1", "a1", "w1", clock() + 30_000))
        await stores.events.create_stream("p")
        await stores.events.append_event("p", {"half": "\ud800", "b": 1, "10": 2})
    clock.advance(30_001)
    async with open_stores(memory(path=str(path), clock=clock)) as stores:
        assert [late.submission_id for late in await stores.submissions.list_expired_submissions()] == ["d1"]
        assert [event.data for event in (await stores.events.read_events("p")).events] == [
            {"10": 2, "half": "\ud800", "b": 1}
        ]


async def test_each_change_is_in_the_file_before_it_returns_and_reads_leave_it_alone(path):
    async with open_stores(memory(path=path)) as stores:
        await stores.sessions.save("s", {"entries": []})
        assert kept_in(path)["sessions"] == {"s": {"entries": []}}
        written = path.stat().st_ino
        await stores.sessions.load("s")
        await stores.submissions.list_runnable_submissions()
        await stores.sessions.delete("another")
        assert path.stat().st_ino == written, "nothing changed, so nothing is written"
        await stores.sessions.delete("s")
        assert path.stat().st_ino != written
        assert kept_in(path)["sessions"] == {}


async def test_nothing_is_done_before_migrate_or_connect(path):
    adapter = memory(path=path)
    assert list(path.parent.iterdir()) == []
    with pytest.raises(SchemaVersionError, match=r"connect: the database in memory: has no .* call migrate\(\) first"):
        await adapter.connect()
    assert kept_in(path) == MemoryDatabase().snapshot()
    await adapter.migrate()
    assert kept_in(path) == {**MemoryDatabase().snapshot(), "schemaVersion": 3}
    await adapter.connect()
    await adapter.close()
    await adapter.close()
    for call in (adapter.migrate(), adapter.connect()):
        with pytest.raises(AdapterClosedError):
            await call
    assert sorted(each.name for each in path.parent.iterdir()) == ["dev.json", "dev.json.lock"]


@pytest.mark.parametrize("wrong", [{"db": MemoryDatabase()}, {"db": MemoryDatabase(), "clock": ManualClock()}])
def test_a_database_and_a_file_at_once_are_refused(path, wrong):
    with pytest.raises(ValueError, match="memory: "):
        memory(path=path, **wrong)


async def test_two_adapters_on_one_file_are_refused(path):
    first, second = memory(path=path), memory(path=path)
    async with open_stores(first) as stores:
        with pytest.raises(DatabaseFileError, match=r"migrate: file '.*dev.json': process \d+ has it open; close it"):
            await second.migrate()
        await stores.sessions.save("s", {"entries": []})
    async with open_stores(second) as stores:
        assert await stores.sessions.load("s") == {"entries": []}


PROCESS = """
import asyncio, sys
from flue_memdb import memory, open_stores

async def main():
    async with open_stores(memory(path=sys.argv[1])) as stores:
        await stores.events.create_stream("p")
        number = len((await stores.events.read_events("p", limit=1_000)).events)
        while True:
            await stores.events.append_event("p", number)
            print(number, flush=True)
            number += 1

asyncio.run(main())
"""


async def test_a_process_that_is_killed_while_it_writes_loses_nothing_that_was_acknowledged(path):
    acknowledged = -1
    for lines in (1, 2, 3, 5, 8, 13, 21):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", PROCESS, str(path), cwd=ROOT, stdout=asyncio.subprocess.PIPE
        )
        try:
            for _ in range(lines):
                acknowledged = int(await process.stdout.readline())
            with pytest.raises(DatabaseFileError, match=f"process {process.pid} has it open"):
                await memory(path=path).connect()
        finally:
            process.kill()
            rest, _ = await process.communicate()
        acknowledged = int(rest.split()[-1]) if rest else acknowledged
        async with open_stores(memory(path=path)) as stores:
            events = [event.data for event in (await stores.events.read_events("p", limit=1_000)).events]
        assert events == list(range(len(events)))
        assert len(events) - 1 in (acknowledged, acknowledged + 1)


FORKED = """
import asyncio, os, sys
from flue_memdb import memory, open_stores

adapter = memory(path=sys.argv[1])

async def opened():
    await adapter.migrate()
    return await adapter.connect()

async def saved(name):
    await stores.sessions.save(name, {"entries": []})

async def reopened():
    await adapter.close()
    async with open_stores(memory(path=sys.argv[1])):
        pass

stores = asyncio.run(opened())
may_end, end = os.pipe()
if os.fork() == 0:
    os.close(end)
    try:
        asyncio.run(saved("forked"))
    except Exception as error:
        print(type(error).__name__, error, flush=True)
    os.read(may_end, 1)
else:
    asyncio.run(saved("own"))
    asyncio.run(reopened())
    os.close(end)
    os.wait()
"""


async def test_a_process_that_was_forked_writes_nothing_over_and_holds_no_lock(path):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", FORKED, str(path), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    assert process.returncode == 0
    assert said.decode().startswith(
        f"DatabaseFileError save: file '{path}': was opened by process {process.pid}, before"
    )
    assert list(kept_in(path)["sessions"]) == ["own"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", r"is no JSON \(Expecting value: line 1 column 1"),
        (b'{"format": "flue_memdb 1", "admiss', "is no JSON"),
        (b"\xff\xfe\xfd", "is no JSON"),
        (b"[]", r"holds no whole database \(snapshot: is \[\]\)"),
        (b"{}", r"holds no whole database \(snapshot\['format'\]: is None\)"),
    ],
)
async def test_a_broken_file_is_refused_and_stays_as_it_is(path, content, said):
    path.write_bytes(content)
    for call in ("migrate", "connect"):
        with pytest.raises(DatabaseFileError, match=said) as refused:
            await getattr(memory(path=path), call)()
        assert str(refused.value).startswith(f"{call}: file {str(path)!r}: ")
        assert str(refused.value).endswith("; put a copy in its place, or move it away to begin with an empty database")
    assert path.read_bytes() == content
    path.unlink()
    async with open_stores(memory(path=path)) as stores:
        assert await stores.runs.get_run("r") is None


async def test_a_place_that_cannot_be_used_is_refused(tmp_path):
    circle = tmp_path / "circle"
    circle.symlink_to(tmp_path / "back")
    (tmp_path / "back").symlink_to(circle)
    for path, said in (
        (tmp_path / "none" / "dev.json", "No such file"),
        (circle, "Too many levels of symbolic links"),
        (circle / "dev.json", "Too many levels of symbolic links"),
        (f"{tmp_path}/\0", "embedded null"),
    ):
        with pytest.raises(DatabaseFileError, match=f"cannot be used .*{said}.*; check that its directory is there"):
            await memory(path=path).migrate()


async def test_what_is_no_regular_file_is_refused_before_it_is_read_and_nothing_is_put_beside_it(tmp_path):
    directory, pipe = tmp_path / "directory", tmp_path / "pipe"
    directory.mkdir()
    os.mkfifo(pipe)
    for path in (directory, pipe, os.devnull):
        with pytest.raises(DatabaseFileError, match="is no regular file; give the path of a file, or of one that is"):
            await memory(path=path).migrate()
    assert sorted(tmp_path.iterdir()) == [directory, pipe]


async def test_a_system_without_such_locks_is_refused(path, monkeypatch):
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with pytest.raises(DatabaseFileError, match="this system has no lock for it"):
        await memory(path=path).migrate()


async def test_what_a_crash_left_of_a_write_is_written_over(path):
    async with open_stores(memory(path=path)) as stores:
        await stores.sessions.save("s", {"entries": []})
    (path.parent / "dev.json.new").write_text("{", encoding="utf-8")
    async with open_stores(memory(path=path)) as stores:
        assert await stores.sessions.load("s") == {"entries": []}
        await stores.sessions.delete("s")
    assert kept_in(path)["sessions"] == {}
    assert not (path.parent / "dev.json.new").exists()


async def test_a_write_that_fails_is_told_and_made_up_for(path, monkeypatch):
    async with open_stores(memory(path=path)) as stores:
        before = path.read_bytes()

        def full(*_):
            raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr("os.fsync", full)
            with pytest.raises(
                StoreUnavailableError,
                match=r"save: file '.*dev.json': could not be written .*No space.*; "
                "check that there is room, and that the file and its directory may be written; a write may",
            ):
                await stores.sessions.save("s", {"entries": []})
        assert path.read_bytes() == before
        await stores.sessions.save("t", {"entries": []})
        assert sorted(kept_in(path)["sessions"]) == ["s", "t"]


async def test_the_file_keeps_its_mode_and_a_link_stays_one(tmp_path):
    path, link = tmp_path / "there" / "dev.json", tmp_path / "link.json"
    path.parent.mkdir()
    path.write_text(json.dumps(MemoryDatabase().snapshot()), encoding="utf-8")
    path.chmod(0o600)
    link.symlink_to(path)
    async with open_stores(memory(path=link)) as stores:
        await stores.sessions.save("s", {"entries": []})
        with pytest.raises(DatabaseFileError, match="has it open"):
            await memory(path=path).connect()
    assert link.is_symlink()
    assert kept_in(path)["sessions"] == {"s": {"entries": []}}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_the_marker_of_a_deletion_is_kept_before_its_callback(path):
    async with open_stores(memory(path=path)) as stores:

        async def tree():
            assert list(kept_in(path)["deletions"]) == [CREW]
            await stores.sessions.delete(CREW)
            with pytest.raises(SessionBusyError):
                await stores.submissions.delete_session(CREW, tree)

        async def failing():
            raise KeyError("no such tree")

        await stores.submissions.delete_session(CREW, tree)
        assert kept_in(path)["deletions"] == {}
        with pytest.raises(KeyError):
            await stores.submissions.delete_session(CREW, delete_session_tree=failing)
        assert kept_in(path)["deletions"] == {}
        with pytest.raises(InvalidPayloadError, match="gave None, which cannot be awaited"):
            await stores.submissions.delete_session(CREW, lambda: None)
        deletion = asyncio.create_task(stores.submissions.delete_session(CREW, asyncio.Event().wait))
        while not kept_in(path)["deletions"]:  # noqa: ASYNC110 -- there is no event to wait for
            await asyncio.sleep(0)
        deletion.cancel()
        await asyncio.wait([deletion])
        assert kept_in(path)["deletions"] == {}


def test_what_counts_as_a_read_changes_nothing():
    writes = {METHODS[op][1] for op in RETRIES}
    assert {operation for operation in OPERATIONS if not operation.startswith(_READS)} == writes


async def test_a_file_that_is_opened_again_and_again_is_the_reference(tmp_path):
    for seed in range(8):
        path, clock = tmp_path / f"{seed}.json", ManualClock()
        database = MemoryDatabase(clock=clock)
        sequence = [line for line in await generate(f"kept/{seed}") if line["op"] in METHODS]
        reference = await stores_in(database)
        for begin in range(0, len(sequence), 7):
            async with open_stores(memory(path=path, clock=clock)) as stores:
                for operation in sequence[begin : begin + 7]:
                    clock.set(max(clock(), operation["at"]))
                    expected = await apply(reference, operation)
                    assert (await apply(stores, operation), kept_in(path)) == (expected, database.snapshot()), (
                        f"generate('kept/{seed}'): {operation}"
                    )
