"""The model. It is none: what it says follows from the conversation, and comes in pieces as from a real one."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

Entry = dict[str, Any]


class FakeModel:
    """`pause_s` is the time that it takes for a piece."""

    def __init__(self, pause_s: float = 0.0) -> None:
        self._pause_s = pause_s

    async def stream(self, entries: list[Entry], said: str) -> AsyncIterator[str]:
        """What it says next, in pieces. `said` is what it had said already when it was interrupted."""
        for piece in re.findall(r"(?:\S+\s*){1,3}", _text(entries).removeprefix(said)):
            await asyncio.sleep(self._pause_s)
            yield piece

    def tool_request(self, entries: list[Entry]) -> dict[str, int] | None:
        """The loaves that it wants baked before it goes on, if any."""
        return _loaves(entries[-1]["text"]) or None if entries[-1]["role"] == "user" else None


def _text(entries: list[Entry]) -> str:
    last = entries[-1]
    if last["role"] == "tool":
        return f"Here you are: {_list(last['loaves'])}, still warm at {last['ready']}. Good morning!"
    loaves = _loaves(last["text"])
    return f"That is {_list(loaves)}. One moment, I ask the oven." if loaves else f"I have heard it: {last['text']}."


def _loaves(text: str) -> dict[str, int]:
    return {kind: int(number) for number, kind in re.findall(r"(\d+) (\w+)", text)}


def _list(loaves: dict[str, int]) -> str:
    return " and ".join(f"{number} {kind}" for kind, number in loaves.items())
