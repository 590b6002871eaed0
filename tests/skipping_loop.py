"""An event loop whose time is skipped instead of slept."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")


class _SkippingSelector(selectors.DefaultSelector):
    """Where others would sleep until a timer is due, time goes on at once."""

    def __init__(self) -> None:
        super().__init__()
        self.skipped_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0 if timeout else timeout)
        if timeout and not found:
            self.skipped_s += timeout
        return found


class SkippingLoop(asyncio.SelectorEventLoop):
    """A loop for what needs no sockets and no threads; its clock begins at 0 and counts only what was skipped."""

    def __init__(self) -> None:
        self._skipping = _SkippingSelector()
        super().__init__(self._skipping)

    def time(self) -> float:
        return self._skipping.skipped_s


def run_skipping(main: Coroutine[Any, Any, _T]) -> _T:
    """`asyncio.run` on such a loop."""
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        return runner.run(main)
