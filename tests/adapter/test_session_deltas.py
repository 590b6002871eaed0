"""Saves send what changed, loads fetch what is new, and large documents go in parts."""

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from flue_memdb import CorruptRecordError, ManualClock, Stores, StoreUnavailableError, open_stores
from flue_memdb.contract import Json
from flue_valkey import Runner, valkey
from flue_valkey.keyspace import pairs_of, read_keyspace
from flue_valkey.layout import key
from flue_valkey.servers.counting import CountingRunner
from flue_valkey.servers.server import Server
from flue_valkey.store import parts

Document = dict[str, Any]


def document(entries: int, text: str = "") -> Document:
    return {"title": text, "entries": [message(index) for index in range(entries)]}


def message(index: int, text: str = "x" * 440) -> Document:
    return {"id": f"e{index}", "type": "message", "message": {"role": "assistant", "content": text}}


@pytest.fixture
async def counted(
    server: Server, prefix: str, clock: ManualClock, stores: Stores
) -> AsyncIterator[tuple[Stores, CountingRunner]]:
    """A process whose traffic is counted, over the namespace of `stores`, which are another process."""
    runner = CountingRunner(server.runner())
    adapter = valkey(runner, key_prefix=prefix, clock=clock, inspect_server=False)
    connected = await adapter.connect()
    runner.reset()
    yield connected, runner
    await adapter.close()


Counted = tuple[Stores, CountingRunner]


@pytest.mark.parametrize("entries", [1_000, 5_000])
async def test_one_more_entry_sends_little_however_long_the_document(
    entries: int, counted: Counted, stores: Stores
) -> None:
    process, runner = counted
    await process.sessions.save("s", document(entries))
    runner.reset()
    await process.sessions.save("s", document(entries + 1))
    assert runner.traffic.round_trips == 1
    assert runner.traffic.sent_bytes <= 4096
    assert runner.traffic.received_bytes <= 64
    assert await process.sessions.load("s") == document(entries + 1)
    assert await stores.sessions.load("s") == document(entries + 1)


async def test_one_more_of_a_hundred_thousand_entries_sends_as_little(local_server: Server) -> None:
    prefix, runner = local_server.new_prefix(), CountingRunner(local_server.runner())
    async with open_stores(valkey(runner, key_prefix=prefix)) as process:
        await process.sessions.save("s", document(100_000))
        runner.reset()
        await process.sessions.save("s", document(100_001))
        assert runner.traffic.round_trips == 1
        assert runner.traffic.sent_bytes <= 4096
        runner.reset()
        assert len((await process.sessions.load("s") or {})["entries"]) == 100_001
        assert runner.traffic.received_bytes <= 256
    await local_server.remove(prefix)


async def test_thousands_of_small_entries_go_in_one_call(counted: Counted, stores: Stores) -> None:
    process, runner = counted
    many: dict[str, Json] = {"entries": [{"id": f"{index}"} for index in range(4_000)]}
    await process.sessions.save("s", many)
    assert runner.traffic.round_trips == 1
    assert await stores.sessions.load("s") == many


async def test_a_loaded_document_is_known_as_well(counted: Counted, stores: Stores) -> None:
    process, runner = counted
    await stores.sessions.save("s", document(100))
    await process.sessions.load("s")
    runner.reset()
    await process.sessions.save("s", document(101))
    assert runner.traffic.sent_bytes <= 2048
    assert await stores.sessions.load("s") == document(101)


async def test_what_is_unchanged_is_not_fetched(counted: Counted) -> None:
    process, runner = counted
    await process.sessions.save("s", document(100))
    runner.reset()
    assert await process.sessions.load("s") == document(100)
    assert runner.traffic.round_trips == 1
    assert runner.traffic.received_bytes <= 64


async def test_callers_cannot_change_what_is_known(counted: Counted) -> None:
    process, _ = counted
    await process.sessions.save("s", document(2))
    loaded = await process.sessions.load("s")
    assert loaded is not None
    loaded["entries"].clear()
    assert await process.sessions.load("s") == document(2)


@pytest.mark.parametrize("what", ["save", "delete"])
async def test_what_another_process_did_is_seen(what: str, counted: Counted, stores: Stores) -> None:
    process, _ = counted
    await process.sessions.save("s", document(3))
    if what == "save":
        await stores.sessions.save("s", document(5, "theirs"))
        assert await process.sessions.load("s") == document(5, "theirs")
    else:
        await stores.sessions.delete("s")
        assert await process.sessions.load("s") is None
    await process.sessions.save("s", document(4, "ours"))
    assert await stores.sessions.load("s") == document(4, "ours")


@pytest.mark.parametrize("seed", range(5))
async def test_any_change_by_any_process_gives_the_whole_document(
    seed: int, counted: Counted, stores: Stores, invariants: Callable[[], Awaitable[list[str]]]
) -> None:
    chance = random.Random(seed)
    entries: list[Document] = []
    for step in range(40):
        kind = chance.choice(["add", "add", "change", "remove", "cut", "title"])
        if kind == "add" or not entries:
            entries = [*entries, message(step, "é" * chance.randrange(4))]
        elif kind == "change":
            entries[chance.randrange(len(entries))] = message(step, "changed")
        elif kind == "remove":
            del entries[chance.randrange(len(entries))]
        elif kind == "cut":
            entries = entries[: chance.randrange(len(entries))]
        saved = {"title": "t" * chance.randrange(3), "entries": entries}
        saver, reader = chance.sample([counted[0], stores], 2)
        await saver.sessions.save("s", saved)
        assert await reader.sessions.load("s") == saved
    assert await invariants() == []


async def test_a_generation_that_a_reader_holds_is_not_changed(counted: Counted, runner: Runner, prefix: str) -> None:
    process, _ = counted
    await process.sessions.save("s", document(3))
    held: bytes = await runner.command("HGET", key(prefix, "session", session_key="s"), "generation")
    stored = key(prefix, "session_generation", session_key="s", generation=held.decode())
    before = sorted(pairs_of(await runner.command("HGETALL", stored)))
    await runner.command("HINCRBY", key(prefix, "session_readers", session_key="s"), held, 1)
    await process.sessions.save("s", document(4))
    assert sorted(pairs_of(await runner.command("HGETALL", stored))) == before
    assert await process.sessions.load("s") == document(4)


@pytest.mark.parametrize("entries", [20, 21], ids=["unchanged", "with another entry"])
@pytest.mark.parametrize(
    "damage",
    [
        ("DEL",),
        ("HDEL", "entry:1"),
        ("HDEL", "entry:18"),
        ("HSET", "entry:0", "?"),
        ("HSET", "entryCount", "9"),
        ("HSET", "session", "?"),
    ],
)
async def test_damage_is_not_carried_on(
    damage: tuple[str, ...], entries: int, counted: Counted, *, stores: Stores, runner: Runner, prefix: str
) -> None:
    process, _ = counted
    await process.sessions.save("s", document(20))
    generation: bytes = await runner.command("HGET", key(prefix, "session", session_key="s"), "generation")
    stored = key(prefix, "session_generation", session_key="s", generation=generation.decode())
    await runner.command(damage[0], stored, *damage[1:])
    await process.sessions.save("s", document(entries))
    assert await stores.sessions.load("s") == document(entries)


async def test_nothing_is_remembered_without_memory_for_it(server: Server, prefix: str, stores: Stores) -> None:
    await stores.sessions.save("s", document(50))
    runner = CountingRunner(server.runner())
    adapter = valkey(runner, key_prefix=prefix, inspect_server=False, session_cache_bytes=0)
    process = await adapter.connect()
    for _ in range(2):
        runner.reset()
        assert await process.sessions.load("s") == document(50)
        assert runner.traffic.received_bytes > 50 * 440
    await adapter.close()


class TestLargeDocuments:
    """Here a part is 4 KiB, so that a document of some entries is a large one."""

    @pytest.fixture(autouse=True)
    def small_parts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(parts, "BYTES", 4096)
        monkeypatch.setattr(parts, "READ", 4096)

    async def test_they_go_out_and_come_in_in_parts(self, counted: Counted, stores: Stores) -> None:
        process, runner = counted
        await stores.sessions.save("s", document(100))
        assert await process.sessions.load("s") == document(100)
        assert runner.traffic.round_trips > 10
        assert runner.traffic.largest_bytes < 6000
        await process.sessions.delete("s")
        await process.sessions.save("s", document(99))
        assert runner.traffic.largest_bytes < 6000
        assert await stores.sessions.load("s") == document(99)

    async def test_a_single_large_entry_is_one_part(self, stores: Stores, counted: Counted) -> None:
        saved = {"entries": [message(0), message(1, "y" * 20_000), message(2)]}
        await stores.sessions.save("s", saved)
        assert await counted[0].sessions.load("s") == saved

    async def test_parts_that_are_not_published_go_by_themselves(
        self, counted: Counted, stores: Stores, runner: Runner, prefix: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        process, counting = counted
        await stores.sessions.save("s", document(1))
        sent = counting.eval

        async def fails_at_last(script: str, *args: Any) -> Any:
            if "session_superseded" in script:
                raise ConnectionError("gone")
            return await sent(script, *args)

        monkeypatch.setattr(counting, "eval", fails_at_last)
        with pytest.raises(StoreUnavailableError):
            await process.sessions.save("s", document(50))
        assert await stores.sessions.load("s") == document(1)
        (staged,) = (await read_keyspace(runner, prefix)).all("session_staged")
        seconds: int = await runner.command(
            "TTL", key(prefix, "session_staged", session_key=staged[0], generation=staged[1])
        )
        assert 0 < seconds <= 600

    async def test_parts_that_have_lapsed_are_missed(
        self, counted: Counted, stores: Stores, runner: Runner, prefix: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        process, counting = counted
        sent = counting.eval

        async def loses_parts(script: str, *args: Any) -> Any:
            if "session_superseded" in script:
                (staged,) = (await read_keyspace(runner, prefix)).all("session_staged")
                await runner.command("DEL", key(prefix, "session_staged", session_key=staged[0], generation=staged[1]))
            return await sent(script, *args)

        monkeypatch.setattr(counting, "eval", loses_parts)
        with pytest.raises(StoreUnavailableError, match="nothing was written"):
            await process.sessions.save("s", document(50))
        assert await stores.sessions.load("s") is None

    @pytest.mark.parametrize("replaced", [1, 2, 100])
    async def test_a_document_that_is_replaced_while_it_is_read_is_read_whole(
        self, replaced: int, counted: Counted, stores: Stores, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        process, counting = counted
        await stores.sessions.save("s", document(50))
        sent = counting.eval
        left = replaced
        saved = document(50)

        async def replaces(script: str, *args: Any) -> Any:
            nonlocal left, saved
            reply = await sent(script, *args)
            if left:
                left -= 1
                saved = document(50, f"{left} left")
                await stores.sessions.save("s", saved)
            return reply

        monkeypatch.setattr(counting, "eval", replaces)
        loaded = await process.sessions.load("s")
        assert loaded is not None
        if replaced == 100:  # it never stands still: some version of it, and whole
            assert loaded["entries"] == saved["entries"]
        else:
            assert loaded == saved

    async def test_a_document_that_is_damaged_while_it_is_read_is_corrupt(
        self, counted: Counted, stores: Stores, runner: Runner, prefix: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        process, counting = counted
        await stores.sessions.save("s", document(50))
        (generation,) = (await read_keyspace(runner, prefix)).all("session_generation")
        sent = counting.eval

        async def damages(*args: Any) -> Any:
            reply = await sent(*args)
            stored = key(prefix, "session_generation", session_key="s", generation=generation[1])
            await runner.command("SET", stored, "?")
            return reply

        monkeypatch.setattr(counting, "eval", damages)
        with pytest.raises(CorruptRecordError, match="is a string and no hash"):
            await process.sessions.load("s")
