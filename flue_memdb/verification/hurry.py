"""An event loop whose time is moved on, so that what it has to do later need not be waited for."""

import asyncio
from collections.abc import Callable


class _Ahead:
    """A clock that is ahead of another."""

    def __init__(self, time: Callable[[], float]) -> None:
        self._time = time
        self.seconds = 0.0

    def __call__(self) -> float:
        return self._time() + self.seconds


def hurry(seconds: float) -> None:
    """Moves the running loop's time on, for good: what it was to do within these seconds is due now."""
    loop = asyncio.get_running_loop()
    ahead = loop.time if isinstance(loop.time, _Ahead) else _Ahead(loop.time)
    ahead.seconds += seconds
    loop.time = ahead  # type: ignore[method-assign]
