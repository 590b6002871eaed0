"""The reference against the adapter, on fakeredis and on a real server."""

from collections.abc import AsyncIterator

from benchmarks.measure import PAYLOAD, Bar, Comparison, Effort, Once, compare
from benchmarks.reference import add_runs, submission_life, with_stream
from benchmarks.setting import emptied, server_time, stores_over
from flue_memdb import Stores
from flue_valkey.servers.fake import FakeServer
from flue_valkey.servers.server import Server

BAR = Bar(goal=5.0, least=4.0)


async def engines(server: Server, effort: Effort) -> AsyncIterator[Comparison]:
    """How many times as fast as the adapter the reference is."""
    stores = await with_stream()
    await add_runs(stores.runs, 100)
    reference = _works(stores)
    for other in (FakeServer(), server):
        async with emptied(other) as runner:
            stores = await stores_over(runner, inspect_server=other.inspectable)
            await add_runs(stores.runs, 100)
            for name, work in _works(stores).items():
                what = f"{name}, over {other.name}"
                asked = server_time(runner) if other.inspectable else None
                yield await compare(what, reference[name], work, effort, server_time=asked, bar=BAR)


def _works(stores: Stores) -> dict[str, Once]:
    return {
        "life of a submission": lambda number: submission_life(stores, f"life-{number}", PAYLOAD),
        "append_stream_chunk_segment": lambda number: stores.submissions.append_stream_chunk_segment(
            f"stream-{number}", 0, PAYLOAD
        ),
        "list_runs, 100": lambda _: stores.runs.list_runs(),
    }
