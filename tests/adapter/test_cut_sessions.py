"""A process that remembers session documents loses the server while it saves, and lives: what it knows stays true."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from flue_memdb import Stores, StoreUnavailableError
from flue_memdb.contract import SessionStore
from flue_valkey import valkey
from flue_valkey.servers.cutting import CuttingRunner, Moment
from flue_valkey.servers.server import Server
from flue_valkey.store import parts

Document = dict[str, Any]


def document(*texts: str) -> Document:
    return {"entries": [{"id": text[:4], "text": text} for text in texts]}


SMALL, THEIRS, LONGER, LARGE = document("one"), document("theirs"), document("one", "two"), document(*["long" * 60] * 8)


@dataclass(frozen=True)
class Story:
    """What the process saved before, what another one saved then, and what is saved in so many commands."""

    before: Document | None
    beside: Document | None
    saved: Document
    commands: int


STORIES = {
    "of an unknown document": Story(None, None, SMALL, 1),
    "of a change": Story(SMALL, None, LONGER, 1),
    "of a change to what another process replaced": Story(SMALL, THEIRS, LONGER, 2),
    "of a large document": Story(SMALL, None, LARGE, 5),
}


@pytest.fixture
async def process(
    server: Server, prefix: str, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[SessionStore, CuttingRunner]]:
    """A process beside the one of `stores`, and its runner; a document goes in parts of a thousand bytes."""
    monkeypatch.setattr(parts, "BYTES", 1_000)
    runner = CuttingRunner(server.runner())
    adapter = valkey(runner, key_prefix=prefix, inspect_server=False)
    yield (await adapter.connect()).sessions, runner
    await adapter.close()


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
async def test_a_save_is_cut_and_made_again(
    process: tuple[SessionStore, CuttingRunner],
    stores: Stores,
    invariants: Callable[[], Awaitable[list[str]]],
    story: Story,
    moment: Moment,
) -> None:
    own, runner = process
    for number in range(story.commands):
        key = f"session {number}"
        for saver, earlier in ((own, story.before), (stores.sessions, story.beside)):
            if earlier is not None:
                await saver.save(key, earlier)
        runner.cut_at(number, moment)
        with pytest.raises(StoreUnavailableError):
            await own.save(key, story.saved)
        runner.restore()
        happened = moment == "after" and number == story.commands - 1
        left = story.saved if happened else story.beside or story.before
        assert await stores.sessions.load(key) == await own.load(key) == left
        for saved in (story.saved, LONGER):
            await own.save(key, saved)
            assert await stores.sessions.load(key) == await own.load(key) == saved
    assert await invariants() == []
