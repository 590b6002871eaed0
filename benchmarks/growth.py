"""What an operation costs beside more and more stored records."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from benchmarks.measure import PAYLOAD, Effort, Once, call_us
from benchmarks.reference import STREAM, add_events, add_queued, add_runs, submission_life
from benchmarks.setting import emptied, stores_over
from flue_memdb import Stores, format_offset
from flue_memdb.conformance.examples import entry, session
from flue_valkey.servers.server import Server

SIZES = (10, 100, 1_000, 10_000)


@dataclass(frozen=True, slots=True)
class Curve:
    """One operation's time in µs, beside each number of stored records."""

    what: str
    us: dict[int, float]


async def growth(server: Server, effort: Effort) -> AsyncIterator[Curve]:
    """The curves, up to the largest size of the effort."""
    for what, (fill, operation) in _cases().items():
        us = {}
        for size in (size for size in SIZES if size <= effort.largest):
            async with emptied(server) as runner:
                stores = await stores_over(runner)
                await fill(stores, size)
                us[size] = await call_us(operation(stores, size), effort)
        yield Curve(what, us)


def _cases() -> dict[str, tuple[Callable[[Stores, int], Awaitable[None]], Callable[[Stores, int], Once]]]:
    return {
        "life of a submission, N queued": (
            lambda stores, size: add_queued(stores.submissions, size, sessions=size),
            lambda stores, _: lambda number: submission_life(stores, f"life-{number}", PAYLOAD),
        ),
        "page of 100 runs, of N": (
            lambda stores, size: add_runs(stores.runs, size),
            lambda stores, _: lambda _: stores.runs.list_runs(limit=100),
        ),
        "100 events in the middle of N": (
            lambda stores, size: add_events(stores.events, size),
            lambda stores, size: lambda _: stores.events.read_events(STREAM, format_offset(size // 2), 100),
        ),
        "all runnable, N queued in 10 sessions": (
            lambda stores, size: add_queued(stores.submissions, size, sessions=10),
            lambda stores, _: lambda _: stores.submissions.list_runnable_submissions(),
        ),
        "all runnable, N queued in N sessions": (
            lambda stores, size: add_queued(stores.submissions, size, sessions=size),
            lambda stores, _: lambda _: stores.submissions.list_runnable_submissions(),
        ),
        "save of a session, 1 of N entries new": (
            _save,
            lambda stores, size: lambda number: _save(stores, size, number),
        ),
    }


async def _save(stores: Stores, size: int, number: int = 0) -> None:
    entries = (entry(f"e{index}", PAYLOAD) for index in range(size - 1))
    await stores.sessions.save("document", session(*entries, entry(f"last-{number}", PAYLOAD)))
