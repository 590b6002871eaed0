"""Parts as small as they can be, for this whole process: what goes in one part elsewhere goes in many."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from flue_valkey.store import parts

_USUAL: Final = {
    name: vars(parts)[name]
    for name in (
        *("BYTES", "READ", "MICROSECONDS", "RUNS", "LOOKS", "DELETIONS", "SEGMENTS", "LEASES"),
        "SETTLED_SUBMISSIONS",
    )
}
_blocks: Final[list[None]] = []


@contextmanager
def smallest_parts() -> Iterator[None]:
    """As long as any such block lasts, each part holds one thing. Blocks may end in any order."""
    _blocks.append(None)
    vars(parts).update(dict.fromkeys(_USUAL, 1))
    try:
        yield
    finally:
        _blocks.pop()
        if not _blocks:
            vars(parts).update(_USUAL)
