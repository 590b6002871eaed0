"""How much one call asks of the server, so that none holds it for more than some milliseconds. More goes in parts."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeAlias

Field: TypeAlias = tuple[bytes, bytes]
"""A name and its text."""

BYTES = 1_048_576
"""Of a document that is sent, or of events. A single entry may be larger."""

READ = 1_500_000
"""Bytes of a document or of segments that are read; each entry counts 500 more, for the time that it takes."""

MICROSECONDS = 6_000
"""Of a listing of submissions, about: over a hundred of them, unless they are large."""

RUNS = 250
"""Of a page."""

LOOKS = 2_000
"""At entries of an index of runs, of which a second filter may pass few; a long id counts as several."""

DELETIONS = 250
"""Entries of the index of pending deletions; a long key counts as several."""

SEGMENTS = 1_000
"""Of a stream, read by their names."""

LEASES = 250
"""To renew."""

SETTLED_SUBMISSIONS = 170
"""Of a session that is deleted; a long id counts as several."""

REMOVED_ENTRIES: Final = 1_000
"""Of a session document that has become shorter."""


def cost(fields: Iterable[Field]) -> int:
    """About what it takes to keep fields, of memory or of the server's time, in bytes: each its text, and 200."""
    return sum(len(text) + 200 for _, text in fields)


def of_ids(ids: Iterable[str], most: int) -> Iterator[Sequence[str]]:
    """Ids in parts of at most so many, at least one part; a long id, which takes longer, counts as several."""
    part: list[str] = []
    left = most
    for id_ in ids:
        if left <= 0:
            yield part
            part, left = [], most
        part.append(id_)
        left -= 1 + len(id_.encode()) // 100
    yield part
