"""What an operation costs beside more and more stored records."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from benchmarks import filling
from benchmarks.measure import PAYLOAD, Effort, Once, call_us
from benchmarks.reference import STREAM, submission_life
from benchmarks.setting import emptied, server_time, stores_over
from flue_memdb import Stores, format_offset
from flue_memdb.conformance.examples import entry, session
from flue_valkey.servers.server import Server

SIZES = (10, 100, 1_000, 10_000, 100_000)

_ALL_HANDLED = 10_000


@dataclass(frozen=True, slots=True)
class Curve:
    """One operation's processor time in µs, beside each number of stored records."""

    what: str
    us: dict[int, float]


@dataclass(frozen=True, slots=True)
class _Case:
    """What stores so many records, and the operation beside them; where each call handles all of them, not so many."""

    fill: Callable[[Stores, int], Awaitable[None]]
    operation: Callable[[Stores, int], Once]
    largest: int = SIZES[-1]


async def growth(server: Server, effort: Effort) -> AsyncIterator[Curve]:
    """The curves, up to the largest size of the effort."""
    for what, case in _CASES.items():
        us = {}
        for size in (size for size in SIZES if size <= min(effort.largest, case.largest)):
            async with emptied(server) as runner:
                stores = await stores_over(runner)
                await case.fill(stores, size)
                us[size] = await call_us(case.operation(stores, size), effort, server_time(runner))
        yield Curve(what, us)


async def _save(stores: Stores, size: int, number: int = 0) -> None:
    entries = (entry(f"e{index}", PAYLOAD) for index in range(size - 1))
    await stores.sessions.save("document", session(*entries, entry(f"last-{number}", PAYLOAD)))


_CASES = {
    "life of a submission, N queued": _Case(
        lambda stores, size: filling.add_queued(stores, size, sessions=size),
        lambda stores, _: lambda number: submission_life(stores, f"life-{number}", PAYLOAD),
    ),
    "page of 100 runs, of N": _Case(
        filling.add_runs,
        lambda stores, _: lambda _: stores.runs.list_runs(limit=100),
    ),
    "100 events in the middle of N": _Case(
        filling.add_events,
        lambda stores, size: lambda _: stores.events.read_events(STREAM, format_offset(size // 2), 100),
    ),
    "all runnable, N queued in 10 sessions": _Case(
        lambda stores, size: filling.add_queued(stores, size, sessions=10),
        lambda stores, _: lambda _: stores.submissions.list_runnable_submissions(),
        largest=_ALL_HANDLED,
    ),
    "all runnable, N queued in N sessions": _Case(
        lambda stores, size: filling.add_queued(stores, size, sessions=size),
        lambda stores, _: lambda _: stores.submissions.list_runnable_submissions(),
        largest=_ALL_HANDLED,
    ),
    "save of a session, 1 of N entries new": _Case(
        _save,
        lambda stores, size: lambda number: _save(stores, size, number),
        largest=_ALL_HANDLED,
    ),
}
