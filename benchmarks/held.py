"""How long one call holds the server, which meanwhile serves nobody else, at the sizes that were promised.

It is the processor time of the server's main thread, as the server itself tells it: what the call takes on a core of
its own, its reply included. Other work on the machine only ever makes one longer, so that each call is made several
times and its shortest time counts; of an operation's calls, the longest.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from benchmarks.held_cases import ROUNDS, SETTINGS
from benchmarks.measure import Effort, Once
from benchmarks.setting import emptied, server_time, stores_over
from flue_valkey.runner import Arg, Reply, Runner
from flue_valkey.servers.counting import CountingRunner
from flue_valkey.servers.server import Server

GOAL_MS = 10.0
MOST_MS = 25.0
"""What fails the run: this far beyond the goal it is not the noise."""


@dataclass(frozen=True, slots=True)
class Held:
    """What an operation asked of the server: so many calls, the longest and all of them in ms."""

    what: str
    calls: int
    longest_ms: float
    total_ms: float

    @property
    def is_missed(self) -> bool:
        """Whether a call holds the server for longer than it should."""
        return self.longest_ms > GOAL_MS

    @property
    def is_finding(self) -> bool:
        """Whether it does so far beyond the noise."""
        return self.longest_ms > MOST_MS


class TimedRunner(CountingRunner):
    """Notes in `times_ms`, while that is a list, what the server's main thread spends on each call of a script."""

    def __init__(self, runner: Runner) -> None:
        super().__init__(runner)
        self.times_ms: list[float] | None = None
        self._seconds = server_time(runner, main_thread=True)

    async def eval(self, script: str, keys: Sequence[Arg], args: Sequence[Arg]) -> Reply:
        """As of the other runner; one after another, while they are timed."""
        if self.times_ms is None:
            return await super().eval(script, keys, args)
        begun = await self._seconds()
        reply = await super().eval(script, keys, args)
        self.times_ms.append((await self._seconds() - begun) * 1e3)
        return reply


async def held(server: Server, effort: Effort) -> AsyncIterator[Held]:
    """What each operation asks of a server that holds so much; the sizes are divided by the effort's `smaller`."""
    for setting in SETTINGS:
        async with emptied(server) as runner:
            timed = TimedRunner(runner)
            stores = await stores_over(timed, session_cache_bytes=0)
            size = max(1, setting.size // effort.smaller)
            await setting.fill(stores, size)
            for what, once in setting.asked(stores, size).items():
                yield await one_operation(timed, what.format(size=f"{size:,}"), once)


async def one_operation(timed: TimedRunner, what: str, once: Once) -> Held:
    """What the operation asks of the server."""
    rounds = []
    for number in range(ROUNDS):
        timed.times_ms = []
        await once(number)
        rounds.append(timed.times_ms)
    timed.times_ms = None
    shortest = [min(times) for times in zip(*rounds[1:], strict=True)]  # the first round may have loaded the scripts
    return Held(what, len(shortest), max(shortest), sum(shortest))
