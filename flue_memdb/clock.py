"""Clocks: callables that give epoch milliseconds."""

import time
from collections.abc import Callable
from typing import Final, TypeAlias

_LAST_MS: Final = 253_402_300_799_999  # of the year 9999: micro- and nanoseconds are past it

Clock: TypeAlias = Callable[[], int]
"""Gives the time in epoch milliseconds."""


class SystemClock:
    """The machine's clock."""

    def __call__(self) -> int:
        return time.time_ns() // 1_000_000

    def __repr__(self) -> str:
        return "SystemClock()"


class ManualClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now_ms: int = 0) -> None:
        self._now_ms = _whole(now_ms)

    def __call__(self) -> int:
        return self._now_ms

    def set(self, now_ms: int) -> None:
        """Moves the clock to `now_ms`; what is no int, before 1970 or after 9999, and going back, is a `ValueError`."""
        if _whole(now_ms) < self._now_ms:
            raise ValueError(f"the clock stands at {self._now_ms} ms and cannot go back to {now_ms} ms")
        self._now_ms = now_ms

    def advance(self, ms: int) -> None:
        """Moves the clock forward by `ms`."""
        self.set(self._now_ms + ms)

    def __repr__(self) -> str:
        return f"ManualClock({self._now_ms})"


def clock_or_system(clock: object) -> Clock:
    """The clock that was given, or the machine's. What cannot be called is a `TypeError`; what gives anything but epoch
    milliseconds as an int, as `time.time` and `time.time_ns` do, is one when it is asked."""
    if clock is None:
        return SystemClock()
    if not callable(clock):
        raise TypeError(f"clock: got {clock!r}; give a function that gives epoch milliseconds, such as ManualClock()")
    return clock if isinstance(clock, (SystemClock, ManualClock)) else _checked(clock)


def _checked(clock: Callable[[], object]) -> Clock:
    def asked() -> int:
        now_ms = clock()
        if not isinstance(now_ms, int) or not is_epoch_ms(now_ms):
            raise TypeError(f"clock: it gave {now_ms!r}; it has to give epoch milliseconds as an int, as SystemClock()")
        return now_ms

    return asked


def _whole(now_ms: object) -> int:
    if type(now_ms) is not int or not is_epoch_ms(now_ms):
        raise ValueError(f"ManualClock: is {now_ms!r}; give epoch milliseconds as an int")
    return now_ms


def is_epoch_ms(number: int) -> bool:
    """Whether it can be an instant in epoch milliseconds."""
    return 0 <= number <= _LAST_MS
