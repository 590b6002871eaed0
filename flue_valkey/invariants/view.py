"""What the checks read of a namespace, whether it lies in memory or on a server."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from flue_valkey.keyspace import Hash, Page, Score


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that contradicts the layout."""

    kind: Literal["broken", "left over"]
    text: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"


class View(Protocol):
    """A namespace to look at. A key that is absent, or not of its type, is empty to all of these."""

    def pages(self) -> AsyncIterator[Page]:
        """All keys, some at a time; one may come twice."""

    async def exists(self, name: str, *ids: str) -> bool:
        """Whether there is a key, of its type."""

    async def text(self, name: str) -> str | None:
        """The value of a string."""

    async def count(self, name: str, *ids: str) -> int:
        """How many fields or members a key has."""

    async def fields(self, name: str, *ids: str) -> Hash:
        """All fields of a hash."""

    async def some(self, name: str, fields: Sequence[str], *ids: str) -> list[str | None]:
        """The values of some fields of a hash."""

    async def score(self, name: str, member: str, *ids: str) -> Score | None:
        """Where a member stands in a sorted set."""

    async def contains(self, name: str, member: str, *ids: str) -> bool:
        """Whether a set has a member."""

    def entries(self, name: str, *ids: str) -> AsyncIterator[tuple[str, Any]]:
        """The members of a set, each with None; of a sorted set with their scores; the fields of a hash."""


async def one(view: View, name: str, field_: str, *ids: str) -> str | None:
    """The value of one field of a hash."""
    return (await view.some(name, [field_], *ids))[0]


def numbered(count: int, page: int = 500) -> Iterator[list[str]]:
    """The texts of the numbers from 0 on, some at a time."""
    for start in range(0, count, page):
        yield [str(number) for number in range(start, min(start + page, count))]


async def of_each(
    entries: AsyncIterator[tuple[str, Any]], look: Callable[[str, Any], Awaitable[Finding | None]], page: int = 500
) -> AsyncIterator[Finding]:
    """What is found about each entry of an index; many are looked at together, so that they share round trips."""
    waiting: list[tuple[str, Any]] = []

    async def looked_at() -> list[Finding]:
        found = await asyncio.gather(*(look(*entry) for entry in waiting))
        waiting.clear()
        return [finding for finding in found if finding is not None]

    async for entry in entries:
        waiting.append(entry)
        if len(waiting) == page:
            for finding in await looked_at():
                yield finding
    for finding in await looked_at():
        yield finding


def broken(text: str) -> Finding:
    """A reader could be misled."""
    return Finding("broken", text)


def left_over(text: str) -> Finding:
    """Something lies about that nobody reads."""
    return Finding("left over", text)


def flat(fields: Hash) -> list[bytes | None] | bytes:
    """A hash as the readers of rows take it: `b"none"` where there is nothing."""
    return [part for pair in encoded(fields).items() for part in pair] or b"none"


def encoded(fields: Hash) -> dict[bytes, bytes]:
    """A hash as it lies in the database."""
    escaped = "surrogateescape"
    return {name.encode(errors=escaped): value.encode(errors=escaped) for name, value in fields.items()}


def whole(text: str | None) -> int | None:
    """The whole number, not negative, that a text is; None if it is none."""
    return int(text) if text is not None and len(text) <= 16 and text.isascii() and text.isdecimal() else None
