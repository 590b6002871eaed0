"""Waiting for what the same process does beside."""

import asyncio
import time
from collections.abc import Callable

_PATIENCE_S = 1.0


async def until(condition: Callable[[], object]) -> None:
    """Waits until it holds; not for long, because a store may say nothing."""
    patience = time.monotonic() + _PATIENCE_S
    while not condition() and time.monotonic() < patience:  # noqa: ASYNC110
        await asyncio.sleep(0)
