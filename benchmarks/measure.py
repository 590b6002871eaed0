"""Two ways to do a thing, measured in turns.

Other work on the machine makes both slower, so a ratio within one round says more than two rates. How far the ratios of
the rounds lie apart is the noise, and is shown beside their median. Processor time, of this process and of the server
together, suffers least from other work, and it is what says that a way has become too dear.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import count
from statistics import median, quantiles
from typing import TypeAlias

PAYLOAD = "x" * 500

Once: TypeAlias = Callable[[int], Awaitable[object]]
"""The thing done once; it is given a number that was not used before."""

ServerTime: TypeAlias = Callable[[], Awaitable[float]]
"""The processor time that the server has used so far, in seconds."""

_numbers = count()


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured: so many rounds, in each of which either side works for about so long."""

    rounds: int
    seconds: float
    largest: int
    """Up to how many stored records growth is followed."""
    smaller: int = 1
    """By how much the sizes are divided at which it is shown how long a call holds the server."""


@dataclass(frozen=True, slots=True)
class Bar:
    """What the ratio of the rates should reach, and what that of the processor times has to: less is a finding."""

    goal: float
    least: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """The rates of two ways, a second, and their ratio: its median over the rounds and its quartiles.

    `cpu` says how many times the processor time of the one the other takes: its median over the rounds and its upper
    quartile.
    """

    what: str
    rate: float
    other_rate: float
    ratio: float
    low: float
    high: float
    cpu: float
    cpu_high: float
    bar: Bar | None

    @property
    def is_finding(self) -> bool:
        """Whether it is too dear beyond the noise: even the upper quartile is below what it has to reach."""
        return self.bar is not None and self.cpu_high < self.bar.least

    @property
    def is_missed(self) -> bool:
        """Whether the goal was not reached, which fails nothing."""
        return self.bar is not None and self.ratio < self.bar.goal


async def compare(
    what: str,
    one: Once,
    other: Once,
    effort: Effort,
    *,
    server_time: ServerTime | None = None,
    in_flight: int = 1,
    bar: Bar | None = None,
) -> Comparison:
    """How many times as fast `one` is as `other`, with so many callers at once."""
    times = [await _times(once, in_flight, effort.seconds) for once in (one, other)]
    rates: tuple[list[float], list[float]] = ([], [])
    cpu: tuple[list[float], list[float]] = ([], [])
    for number in range(effort.rounds):
        for side in (0, 1) if number % 2 else (1, 0):
            once = (one, other)[side]
            begun = await _processor_seconds(server_time)
            rates[side].append(times[side] / await _seconds(once, times[side], in_flight))
            cpu[side].append((await _processor_seconds(server_time) - begun) / times[side])
    low, middle, high = _quartiles(rates[0], rates[1])
    _, cheaper, much_cheaper = _quartiles(cpu[1], cpu[0])
    return Comparison(what, median(rates[0]), median(rates[1]), middle, low, high, cheaper, much_cheaper, bar)


async def call_us(once: Once, effort: Effort, server_time: ServerTime) -> float:
    """The processor time of one call, client and server together, in µs: that of the cheapest round."""
    times = await _times(once, 1, effort.seconds / 4)
    rounds = []
    for _ in range(effort.rounds):
        begun = await _processor_seconds(server_time)
        await _seconds(once, times, 1)
        rounds.append(await _processor_seconds(server_time) - begun)
    return min(rounds) / times * 1e6


def _quartiles(over: list[float], under: list[float]) -> list[float]:
    """The quartiles of the rounds' ratios."""
    return quantiles([one / other for one, other in zip(over, under, strict=True)], n=4, method="inclusive")


async def _processor_seconds(server_time: ServerTime | None) -> float:
    return time.process_time() + (await server_time() if server_time else 0.0)


async def _times(once: Once, in_flight: int, seconds: float) -> int:
    """How often it can be done in about that time. What is asked for the first time is slower, so this warms up too."""
    times = in_flight
    while (taken := await _seconds(once, times, in_flight)) < seconds / 4:
        times *= 2
    return max(in_flight, round(times * seconds / taken))


async def _seconds(once: Once, times: int, in_flight: int) -> float:
    left = iter(range(times))

    async def caller() -> None:
        for _ in left:
            await once(next(_numbers))

    begun = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(in_flight)))
    return time.perf_counter() - begun
