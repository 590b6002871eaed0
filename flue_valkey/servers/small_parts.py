"""Parts that are smaller than usual, for this whole process: what goes in one part elsewhere goes in many."""

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
_SMALL_SHARE: Final = 50
_blocks: Final[list[None]] = []


def parts_are_usual() -> bool:
    """Whether parts are as large as in an app."""
    return not _blocks


@contextmanager
def smaller_parts(share: int) -> Iterator[None]:
    """As long as such a block lasts, parts are one of so many shares of the usual ones, and hold at least one thing.

    Blocks may end in any order; the last that began says how small parts are.
    """
    _blocks.append(None)
    vars(parts).update({name: max(1, usual // share) for name, usual in _USUAL.items()})
    try:
        yield
    finally:
        _blocks.pop()
        if not _blocks:
            vars(parts).update(_USUAL)


@contextmanager
def small_parts() -> Iterator[None]:
    """As long as such a block lasts, each part holds a few things, or a large one."""
    with smaller_parts(_SMALL_SHARE):
        yield


@contextmanager
def smallest_parts() -> Iterator[None]:
    """As long as such a block lasts, each part holds one thing."""
    with smaller_parts(max(_USUAL.values())):
        yield
