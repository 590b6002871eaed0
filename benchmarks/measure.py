"""Two ways to do a thing, measured in turns.

Other work on the machine makes both slower, so a ratio within one round says more than two rates. How far the ratios of
the rounds lie apart is the noise, and is shown beside their median.
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

_numbers = count()


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured: so many rounds, in each of which either side works for about so long."""

    rounds: int
    seconds: float
    largest: int
    """Up to how many stored records growth is followed."""


@dataclass(frozen=True, slots=True)
class Bar:
    """What a ratio should reach, and what it has to, which is far below: less is a finding."""

    goal: float
    least: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """The rates of two ways, a second, and their ratio: its median over the rounds and its quartiles."""

    what: str
    rate: float
    other_rate: float
    ratio: float
    low: float
    high: float
    bar: Bar | None

    @property
    def is_finding(self) -> bool:
        """Whether it is too slow beyond the noise: even the upper quartile is below what it has to reach."""
        return self.bar is not None and self.high < self.bar.least

    @property
    def is_missed(self) -> bool:
        """Whether the goal was not reached, which fails nothing."""
        return self.bar is not None and self.ratio < self.bar.goal


async def compare(
    what: str, one: Once, other: Once, effort: Effort, *, in_flight: int = 1, bar: Bar | None = None
) -> Comparison:
    """How many times as fast `one` is as `other`, with so many callers at once."""
    times = [await _times(once, in_flight, effort.seconds) for once in (one, other)]
    rates: tuple[list[float], list[float]] = ([], [])
    for number in range(effort.rounds):
        for side in (0, 1) if number % 2 else (1, 0):
            once = (one, other)[side]
            rates[side].append(times[side] / await _seconds(once, times[side], in_flight))
    ratios = [mine / theirs for mine, theirs in zip(*rates, strict=True)]
    low, middle, high = quantiles(ratios, n=4, method="inclusive")
    return Comparison(what, median(rates[0]), median(rates[1]), middle, low, high, bar)


async def call_us(once: Once, effort: Effort) -> float:
    """One call, in µs: the median of the rounds, of which each takes at least one call."""
    times = await _times(once, 1, effort.seconds / 4)
    return median([await _seconds(once, times, 1) / times for _ in range(effort.rounds)]) * 1e6


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
