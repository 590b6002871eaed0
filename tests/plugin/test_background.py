"""The loop in which the plugin's connections live leaves nothing open, whenever a test gives up."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from redis.exceptions import ConnectionError as NoConnectionError

from flue_valkey.pytest_plugin.background import Background
from flue_valkey.pytest_plugin.runner import BackgroundRunner


@pytest.fixture
def background() -> Iterator[Background]:
    background = Background()
    yield background
    background.close()


class Listener:
    """A runner of which only the listening is of interest. A generator would be closed when it is collected."""

    command = eval = pipeline = close = None

    def __init__(self, trouble: Exception | None = None) -> None:
        self.opened, self.closed = threading.Event(), threading.Event()
        self._trouble = trouble

    def listening(self) -> "Listener":
        return self

    async def __aenter__(self) -> str:
        if self._trouble is not None:
            raise self._trouble
        self.opened.set()
        return "channels"

    async def __aexit__(self, *_: object) -> None:
        self.closed.set()


async def listen(runner: Any, background: Background) -> None:
    async with BackgroundRunner(runner, background).listening():
        await asyncio.Event().wait()


@pytest.mark.parametrize("turns", [1, 20], ids=["while it opens", "while it listens"])
async def test_a_connection_is_closed_when_its_user_is_cancelled(background: Background, turns: int) -> None:
    listener = Listener()
    user = asyncio.create_task(listen(listener, background))
    for _ in range(turns):
        await asyncio.sleep(0)
        assert listener.opened.wait(10)  # without a turn for this loop, which does not know yet
    user.cancel()
    with pytest.raises(asyncio.CancelledError):
        await user
    assert await asyncio.to_thread(listener.closed.wait, 10)


async def test_who_cannot_listen_is_told(background: Background) -> None:
    with pytest.raises(NoConnectionError, match="nobody there"):
        await listen(Listener(NoConnectionError("nobody there")), background)


def test_what_still_runs_at_the_end_is_cancelled() -> None:
    background = Background()
    listener = Listener()

    async def work() -> None:
        async with listener.listening():
            await asyncio.Event().wait()

    running = background.start(work())
    assert listener.opened.wait(10)
    background.close()
    assert listener.closed.is_set()
    assert running.cancelled()
