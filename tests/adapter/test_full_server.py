"""A server that has reached its maxmemory: each operation is done or fails whole, and goes on with memory back."""

from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any

import pytest
from redis.asyncio import Redis

from flue_memdb import (
    Adapter,
    AttemptRef,
    ClaimRef,
    DispatchInput,
    ManualClock,
    MemoryDatabase,
    StoreFullError,
    Stores,
    memory,
)
from flue_memdb.verification import generate
from flue_memdb.verification.comparison import identical
from flue_memdb.verification.observations import Answer
from flue_memdb.verification.shapes import METHODS
from flue_valkey import RedisRunner, Runner, valkey
from flue_valkey.keyspace import scan
from flue_valkey.layout import key
from flue_valkey.runner import Arg, Reply
from flue_valkey.servers.local import LocalServer
from flue_valkey.servers.server import Server
from tests.adapter.clients import Clients

SESSION = 'agent-session:["{}","default","default"]'
AT_LEAST, AT_MOST = 24, 100
OPERATIONS = 60

# What needs memory. Reads and listings do not, nor does what only removes; an operation that begins by removing
# something (an entry of an index) may take a little more memory afterwards, and is done as well.
REFUSED = {
    "sessions.save",
    "submissions.admitDispatch",
    "submissions.admitDirect",
    "submissions.markSubmissionInputApplied",
    "submissions.requestSubmissionRecovery",
    "submissions.requeueSubmissionBeforeInputApplied",
    "submissions.replaceTurnJournalAttempt",
    "submissions.recordSubmissionTerminalOffset",
    "submissions.updateTurnJournalPhase",
    "submissions.commitTurnJournal",
    "submissions.markStreamConsumed",
    "submissions.appendStreamChunkSegment",
    "submissions.insertAttemptMarker",
    "submissions.renewLeases",
    "submissions.deleteSession",
    "runs.createRun",
    "runs.endRun",
    "events.createStream",
    "events.appendEvent",
    "events.appendEventOnce",
    "events.closeStream",
}


class Memory:
    """The memory of a server, which can be taken away and given back, and what stands in it under a prefix."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def take(self) -> None:
        await self._runner.command("CONFIG", "SET", "maxmemory", "1")

    async def give_back(self) -> None:
        await self._runner.command("CONFIG", "SET", "maxmemory", "0")

    async def dump(self, prefix: str) -> dict[bytes, Any]:
        """Every key with its value, byte for byte; a hash by its fields, whose order changes as the server likes."""
        keys = sorted([found async for found in scan(self._runner, prefix)])
        types = await self._runner.pipeline([("TYPE", each) for each in keys])
        reads = [("HGETALL" if kind == b"hash" else "DUMP", each) for each, kind in zip(keys, types, strict=True)]
        values = await self._runner.pipeline(reads)
        return {each: _unordered(value) for each, value in zip(keys, values, strict=True)}


def _unordered(value: Any) -> Any:
    """The fields of a hash as a dict; the dump of another key as it is."""
    return dict(zip(value[::2], value[1::2], strict=True)) if isinstance(value, list) else value


@pytest.fixture
async def own_server(local_server: Server) -> AsyncIterator[Server]:
    """A server of the test's own."""
    async with LocalServer() as server:
        yield server


@pytest.fixture
async def memory_of_server(own_server: Server) -> AsyncIterator[Memory]:
    runner = own_server.runner()
    yield Memory(runner)
    await runner.close()


def is_refusal(answer: Answer) -> bool:
    """Whether an operation failed for want of memory, and says so."""
    said = str(answer.get("error", {}).get("message", ""))
    return said.endswith("the server: has reached maxmemory; nothing was written; free memory on it or raise maxmemory")


async def test_every_operation_is_done_or_fails_whole(own_server: Server, memory_of_server: Memory) -> None:
    """Each is tried while the server is full. What it refuses leaves no trace, and is done once there is memory again;
    in either case the answer is that of the reference, which never was full."""
    refused: set[str] = set()
    done: set[str] = set()
    for number in range(AT_MOST):
        if number >= AT_LEAST and refused >= REFUSED:
            break
        clock = ManualClock()
        database = MemoryDatabase(clock=clock)
        prefix = own_server.new_prefix()
        reference = Clients(partial(memory, database))
        full = Clients(partial(_adapter, own_server, prefix, clock))
        for operation in await generate(f"full {number}", OPERATIONS):
            if operation["op"] not in METHODS:
                continue
            clock.set(operation["at"])
            await full.connect(operation["client"])
            before = await memory_of_server.dump(prefix)
            await memory_of_server.take()
            answer = await full.observe(operation)
            await memory_of_server.give_back()
            if is_refusal(answer):
                assert await memory_of_server.dump(prefix) == before, operation
                refused.add(operation["op"])
                answer = await full.observe(operation)
            elif "error" not in answer:
                done.add(operation["op"])
            expected = await reference.observe(operation)
            assert identical(answer, expected), f"sequence {number}, {operation}: {answer}, not {expected}"
        await full.close()
    assert refused == REFUSED
    assert done >= METHODS.keys() - REFUSED


def _adapter(server: Server, prefix: str, clock: ManualClock) -> Adapter:
    return valkey(server.runner(), key_prefix=prefix, clock=clock, inspect_server=False)


async def admit(stores: Stores, submission_id: str, session: str) -> None:
    await stores.submissions.admit_dispatch(
        DispatchInput(dispatch_id=submission_id, agent="a", id=session, input=None, accepted_at="2026-06-03")
    )


CORRUPT = {
    "a row that cannot be read": ("HSET", "submission", {"submission_id": "broken"}, "attemptCount", "many"),
    "a row without a session": ("HDEL", "submission", {"submission_id": "broken"}, "sessionKey"),
    "a row without a payload": ("HDEL", "submission", {"submission_id": "broken"}, "generation"),
    "an entry without a row": ("DEL", "submission", {"submission_id": "broken"}),
    "a queue that is gone": ("DEL", "session_unsettled", {"session_key": SESSION.format("broken")}),
}


@pytest.mark.parametrize("damage", CORRUPT)
async def test_listings_go_on_over_what_is_corrupt(damage: str, own_server: Server, memory_of_server: Memory) -> None:
    """What is corrupt may be settled or not while the server is full; what is sound is neither settled nor moved."""
    runner = own_server.runner()
    adapter = valkey(own_server.runner(), inspect_server=False, clock=ManualClock(10))
    await adapter.migrate()
    stores = await adapter.connect()
    for submission_id in ("broken", "queued", "running", "ended"):
        await admit(stores, submission_id, submission_id)
    for submission_id in ("running", "ended"):
        assert await stores.submissions.claim_submission(ClaimRef(submission_id, "a1", "o", 1)) is not None
    command, name, ids, *args = CORRUPT[damage]
    await runner.command(command, key("flue", name, **ids), *args)
    before = await memory_of_server.dump("flue")
    await memory_of_server.take()
    for _ in range(2):
        runnable = await stores.submissions.list_runnable_submissions()
        assert [each.submission_id for each in runnable if each.submission_id != "broken"] == ["queued"]
        assert len(await stores.submissions.list_expired_submissions()) == 2
        assert len(await stores.submissions.list_running_submissions()) == 2
        assert await stores.submissions.list_pending_terminal_outboxes() == []
    after = await memory_of_server.dump("flue")
    for submission_id in ("queued", "running", "ended"):
        row = key("flue", "submission", submission_id=submission_id).encode()
        queue = key("flue", "session_unsettled", session_key=SESSION.format(submission_id)).encode()
        assert (after[row], after[queue]) == (before[row], before[queue])
    await memory_of_server.give_back()
    assert await stores.submissions.complete_submission(AttemptRef("ended", "a1")) is True
    assert await stores.submissions.claim_submission(ClaimRef("queued", "a1", "o", 1)) is not None
    await adapter.close()
    await runner.close()


async def test_what_a_full_server_cannot_settle_is_settled_with_memory_back(
    own_server: Server, memory_of_server: Memory, caplog: pytest.LogCaptureFixture
) -> None:
    """Putting work back into the index of queued ones takes memory: until there is some, it stays where it is."""
    runner = own_server.runner()
    adapter = valkey(own_server.runner(), inspect_server=False)
    await adapter.migrate()
    stores = await adapter.connect()
    await admit(stores, "lost", "s")
    await runner.command("ZREM", key("flue", "queued"), "lost")
    await runner.command("ZADD", key("flue", "running"), 1, "lost")
    before = await memory_of_server.dump("flue")
    await memory_of_server.take()
    assert await stores.submissions.list_running_submissions() == []
    assert await memory_of_server.dump("flue") == before
    assert "submission b'lost' could not be moved: list_running_submissions: the server: has reached" in caplog.text
    await memory_of_server.give_back()
    assert await stores.submissions.list_running_submissions() == []
    assert [each.submission_id for each in await stores.submissions.list_runnable_submissions()] == ["lost"]
    await adapter.close()
    await runner.close()


async def test_a_deletion_that_runs_out_of_memory_halfway_ends(own_server: Server, memory_of_server: Memory) -> None:
    adapter = valkey(own_server.runner(), inspect_server=False)
    await adapter.migrate()
    stores = await adapter.connect()
    for submission_id in ("d1", "d2"):
        await admit(stores, submission_id, "s")
        assert await stores.submissions.claim_submission(ClaimRef(submission_id, "a1", "o", 1)) is not None
        assert await stores.submissions.complete_submission(AttemptRef(submission_id, "a1")) is True
    await stores.submissions.delete_session(SESSION.format("s"), memory_of_server.take)
    assert await stores.submissions.list_pending_session_deletions() == []
    assert await stores.submissions.get_submission("d1") is None
    await memory_of_server.give_back()
    await admit(stores, "d3", "s")
    assert [each.submission_id for each in await stores.submissions.list_runnable_submissions()] == ["d3"]
    await adapter.close()


class RunsOut(RedisRunner):
    """A runner on whose server memory ends after its next script."""

    def __init__(self, client: Redis, memory: Memory) -> None:
        super().__init__(client)
        self._memory = memory
        self.armed = False

    async def eval(self, script: str, keys: Sequence[Arg], args: Sequence[Arg]) -> Reply:
        reply = await super().eval(script, keys, args)
        if self.armed:
            self.armed = False
            await self._memory.take()
        return reply


async def test_a_large_document_that_finds_no_room_halfway_leaves_the_old_one(
    own_server: Server, memory_of_server: Memory
) -> None:
    runner = RunsOut(Redis.from_url(str(own_server.url)), memory_of_server)
    adapter = valkey(runner, inspect_server=False)
    await adapter.migrate()
    stores = await adapter.connect()
    old = {"entries": [{"id": "old"}]}
    large = {"entries": [{"id": str(number), "text": "x" * 700_000} for number in range(3)]}
    await stores.sessions.save("s", old)
    before = await memory_of_server.dump("flue")
    runner.armed = True
    with pytest.raises(StoreFullError):
        await stores.sessions.save("s", large)
    assert runner.armed is False
    after = await memory_of_server.dump("flue")
    left = after.keys() - before.keys()
    assert [name.startswith(b"flue:py:staged:") for name in left] == [True], "what was sent is gone in ten minutes"
    assert {name: value for name, value in after.items() if name not in left} == before
    assert await stores.sessions.load("s") == old
    await memory_of_server.give_back()
    await stores.sessions.save("s", large)
    assert await stores.sessions.load("s") == large
    await adapter.close()
