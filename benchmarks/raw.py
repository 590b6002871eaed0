"""The adapter against the limit of server and driver: a script that does nothing, with the same keys and arguments."""

from collections.abc import AsyncIterator, Sequence

from benchmarks.measure import PAYLOAD, Bar, Comparison, Effort, Once, compare
from benchmarks.reference import STREAM, prompt
from benchmarks.setting import IN_FLIGHT, callers, emptied, server_time, stores_over
from flue_memdb import AttemptRef, NewRun, Stores
from flue_valkey.runner import Arg, Reply, Runner
from flue_valkey.servers.passing import PassingRunner
from flue_valkey.servers.server import Server

BARS = {1: Bar(goal=0.60, least=0.20), 32: Bar(goal=0.35, least=0.12)}

_NOTHING = "return 1"


class LastCallRunner(PassingRunner):
    """Passes everything on to another runner, and keeps the keys and arguments of the last script in `last`."""

    def __init__(self, runner: Runner) -> None:
        super().__init__(runner)
        self.last: tuple[Sequence[Arg], Sequence[Arg]] = ((), ())

    async def eval(self, script: str, keys: Sequence[Arg], args: Sequence[Arg]) -> Reply:
        """As of the other runner."""
        self.last = (keys, args)
        return await super().eval(script, keys, args)


async def raw(server: Server, effort: Effort) -> AsyncIterator[Comparison]:
    """Small operations against the script that does nothing."""
    async with emptied(server) as runner:
        watched = LastCallRunner(runner)
        stores = await stores_over(watched)
        await stores.submissions.admit_direct(prompt("known", session="known", text=PAYLOAD))
        await stores.runs.create_run(
            NewRun(run_id="known", workflow_name="flow", started_at="2026-06-03T09:30:00Z", input=PAYLOAD)
        )
        for name, operation in _small_operations(stores).items():
            await operation(-1)
            keys, args = watched.last

            async def nothing(_: int, keys: Sequence[Arg] = keys, args: Sequence[Arg] = args) -> None:
                await watched.eval(_NOTHING, keys, args)

            for in_flight in IN_FLIGHT:
                what = f"{name}, {callers(in_flight)}"
                yield await compare(
                    what,
                    operation,
                    nothing,
                    effort,
                    server_time=server_time(runner),
                    in_flight=in_flight,
                    bar=BARS[in_flight],
                )


def _small_operations(stores: Stores) -> dict[str, Once]:
    submissions, runs, events = stores.submissions, stores.runs, stores.events
    return {
        "get_submission": lambda _: submissions.get_submission("known"),
        "has_unsettled_submissions": lambda _: submissions.has_unsettled_submissions(),
        "append_stream_chunk_segment": lambda n: submissions.append_stream_chunk_segment(f"stream-{n}", 0, PAYLOAD),
        "insert_attempt_marker": lambda n: submissions.insert_attempt_marker(AttemptRef(f"marked-{n}", "attempt-1")),
        "get_run": lambda _: runs.get_run("known"),
        "append_event": lambda _: events.append_event(STREAM, PAYLOAD),
    }
