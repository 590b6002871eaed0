"""Generations: what a peer's reader holds stays while it reads, and nothing piles up."""

from collections.abc import Awaitable, Callable

import pytest

from flue_memdb import DispatchInput, ManualClock, Stores
from flue_valkey import Runner
from flue_valkey.keyspace import read_keyspace
from flue_valkey.layout import key

HOUR_MS = 3_600_000


def document(text: str) -> dict[str, object]:
    return {"entries": [{"id": "e1", "text": text}]}


class Peer:
    """What a Node.js process does while it reads or writes a session."""

    def __init__(self, runner: Runner, prefix: str) -> None:
        self._runner = runner
        self._prefix = prefix

    def key(self, name: str, **ids: str) -> str:
        return key(self._prefix, name, session_key="s", **ids)

    async def hold(self) -> str:
        generation: bytes = await self._runner.command("HGET", self.key("session"), "generation")
        await self._runner.command("HINCRBY", self.key("session_readers"), generation, 1)
        return generation.decode()

    async def let_go(self, generation: str) -> None:
        await self._runner.command("HDEL", self.key("session_readers"), generation)

    async def stage(self, generation: str, at: int) -> None:
        await self._runner.command("ZADD", self.key("session_generations"), at, generation)
        fields = ["session", "{}", "entryCount", "0"]
        await self._runner.command("HSET", self.key("session_generation", generation=generation), *fields)

    async def publish(self, generation: str) -> None:
        await self._runner.command("HSET", self.key("session"), "generation", generation)

    async def generations(self) -> set[str]:
        stored = (await read_keyspace(self._runner, self._prefix)).all("session_generation")
        return {generation for _, generation in stored}


@pytest.fixture
def peer(runner: Runner, prefix: str) -> Peer:
    return Peer(runner, prefix)


async def test_a_superseded_generation_goes_at_once(stores: Stores, peer: Peer) -> None:
    for number in range(5):
        await stores.sessions.save("s", document(str(number)))
        assert len(await peer.generations()) == 1


async def test_a_generation_that_a_reader_holds_stays_until_it_is_let_go(stores: Stores, peer: Peer) -> None:
    await stores.sessions.save("s", document("held"))
    held = await peer.hold()
    await stores.sessions.save("s", document("new"))
    assert held in await peer.generations()
    assert await stores.sessions.load("s") == document("new")
    await peer.let_go(held)
    await stores.sessions.save("s", document("newer"))
    assert len(await peer.generations()) == 1


async def test_a_reader_that_died_keeps_nothing_for_more_than_an_hour(
    stores: Stores, peer: Peer, clock: ManualClock, invariants: Callable[[], Awaitable[list[str]]]
) -> None:
    await stores.sessions.save("s", document("held"))
    held = await peer.hold()
    clock.advance(HOUR_MS)
    await stores.sessions.save("s", document("an hour later"))
    assert held in await peer.generations()
    clock.advance(1)
    await stores.sessions.save("s", document("later still"))
    assert held not in await peer.generations()
    assert await invariants() == []


async def test_what_a_peer_stages_now_stays_for_its_publication(stores: Stores, peer: Peer, clock: ManualClock) -> None:
    await stores.sessions.save("s", document("published"))
    clock.advance(10)
    await peer.stage("staged", clock())
    clock.advance(10)
    await stores.sessions.save("s", document("beside it"))
    assert "staged" in await peer.generations()


@pytest.mark.parametrize("step", ["save", "save twice", "delete"])
async def test_what_a_peer_has_staged_in_part_stays(
    step: str, stores: Stores, peer: Peer, clock: ManualClock, runner: Runner
) -> None:
    """Were it removed, the rest that the peer writes would make a document that is not whole."""
    await runner.command("ZADD", peer.key("session_generations"), clock(), "staged")
    await runner.command("HSET", peer.key("session_generation", generation="staged"), "session", "{}", "entryCount", 2)
    clock.advance(10)
    if step == "delete":
        await stores.sessions.delete("s")
    else:
        for number in range(len(step.split())):
            await stores.sessions.save("s", document(str(number)))
            clock.advance(10)
    assert "staged" in await peer.generations()


async def test_what_a_peer_stages_first_stays_beside_the_first_save(
    stores: Stores, peer: Peer, clock: ManualClock
) -> None:
    await peer.stage("staged", clock())
    clock.advance(10)
    await stores.sessions.save("s", document("first"))
    assert "staged" in await peer.generations()


async def test_what_a_peer_published_before_goes_when_a_later_document_changes(
    stores: Stores, peer: Peer, clock: ManualClock
) -> None:
    await peer.stage("published before", clock())
    clock.advance(10)
    for text in ("first", "second"):
        await stores.sessions.save("s", document(text))
    assert len(await peer.generations()) == 1


async def test_what_was_staged_over_an_hour_ago_goes(stores: Stores, peer: Peer, clock: ManualClock) -> None:
    await stores.sessions.save("s", document("published"))
    clock.advance(10)
    await peer.stage("staged", clock())
    clock.advance(HOUR_MS + 1)
    await stores.sessions.save("s", document("later"))
    assert "staged" not in await peer.generations()


async def test_a_payload_that_was_staged_over_an_hour_ago_goes_with_the_admission(
    stores: Stores, runner: Runner, prefix: str, clock: ManualClock
) -> None:
    staged = key(prefix, "submission_generation", submission_id="d1", generation="staged")
    await runner.command("HSET", staged, "payload", "{}")
    await runner.command("ZADD", key(prefix, "submission_generations", submission_id="d1"), clock(), "staged")
    readers = key(prefix, "submission_readers", submission_id="d1")
    await runner.command("HSET", readers, "staged", 1)
    clock.advance(HOUR_MS + 1)
    dispatch = DispatchInput(dispatch_id="d1", agent="a", id="i", input=None, accepted_at="2026-06-03")
    await stores.submissions.admit_dispatch(dispatch)
    assert await runner.command("EXISTS", staged, readers) == 0
    assert len((await read_keyspace(runner, prefix)).all("submission_generation")) == 1


async def test_a_deleted_session_leaves_only_what_a_reader_holds(
    stores: Stores, peer: Peer, clock: ManualClock, invariants: Callable[[], Awaitable[list[str]]]
) -> None:
    await stores.sessions.save("s", document("held"))
    held = await peer.hold()
    await stores.sessions.delete("s")
    assert await stores.sessions.load("s") is None
    assert await peer.generations() == {held}
    await peer.let_go(held)
    await stores.sessions.delete("s")
    assert await peer.generations() == set()
    assert await invariants() == []


async def test_what_a_peer_superseded_and_a_reader_holds_goes_after_a_deletion_too(stores: Stores, peer: Peer) -> None:
    await stores.sessions.save("s", document("held"))
    held = await peer.hold()
    await peer.stage("theirs", at=2**52)
    await peer.publish("theirs")
    await stores.sessions.delete("s")
    assert await peer.generations() == {held}
    await peer.let_go(held)
    await stores.sessions.save("s", document("new"))
    assert len(await peer.generations()) == 1


async def test_500_saves_leave_a_bounded_number_of_keys(
    stores: Stores, peer: Peer, runner: Runner, prefix: str
) -> None:
    await stores.sessions.save("s", document("first"))
    await peer.hold()
    for number in range(500):
        await stores.sessions.save("s", document(str(number)))
    space = await read_keyspace(runner, prefix)
    # The pointer, two generations, their list, the readers, and the note of what goes when it is let go.
    assert sum(len(keys) for name, keys in space.keys.items() if name.startswith("session")) == 6
