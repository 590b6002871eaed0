"""The life of a submission, 14 calls, against the peer's sequences for them: 39 round trips."""

from collections.abc import AsyncIterator

from benchmarks.measure import PAYLOAD, Bar, Comparison, Effort, compare
from benchmarks.peer import LIFE, Peer
from benchmarks.reference import submission_life
from benchmarks.setting import IN_FLIGHT, callers, emptied, server_time, stores_over
from flue_valkey.servers.counting import CountingRunner, Traffic
from flue_valkey.servers.server import Server

BARS = {1: Bar(goal=2.5, least=0.8), 32: Bar(goal=2.0, least=0.9)}


async def lifecycle(server: Server, effort: Effort) -> AsyncIterator[Comparison]:
    """How many times as fast as the peer's sequences, which are sent by the same driver."""
    async with emptied(server) as runner:
        other = Peer(runner)
        await other.prepare()
        stores = await stores_over(runner)

        async def ours(number: int) -> None:
            await submission_life(stores, f"life-{number}", PAYLOAD)

        async def theirs(number: int) -> None:
            for sequence in LIFE:
                await other.do(sequence, number)

        for in_flight in IN_FLIGHT:
            what = f"life of a submission, {callers(in_flight)}"
            yield await compare(
                what,
                ours,
                theirs,
                effort,
                server_time=server_time(runner),
                in_flight=in_flight,
                bar=BARS[in_flight],
            )


async def counted(server: Server) -> dict[str, Traffic]:
    """What a life sends and gets, ours and the peer's, when the server knows the adapter's scripts."""
    async with emptied(server) as runner:
        watched = CountingRunner(runner)
        stores = await stores_over(watched)
        other = Peer(watched)
        await other.prepare()
        await submission_life(stores, "first", PAYLOAD)
        watched.reset()
        await submission_life(stores, "second", PAYLOAD)
        ours = watched.traffic
        watched.reset()
        for sequence in LIFE:
            await other.do(sequence, 0)
        return {"adapter": ours, "peer": watched.traffic}
