"""The events of a stream, as they are there and as they come."""

import asyncio
from collections.abc import AsyncIterator

from flue_memdb.contract import EventStore, StreamEvent

_PAUSE_S = 0.5


async def read_events(events: EventStore, path: str) -> AsyncIterator[StreamEvent]:
    """The events that are there, from the first one, a page at a time."""
    offset, up_to_date = "-1", False
    while not up_to_date:
        page = await events.read_events(path, offset)
        for event in page.events:
            yield event
        offset, up_to_date = page.next_offset, page.up_to_date


async def follow_events(events: EventStore, path: str, pause_s: float = _PAUSE_S) -> AsyncIterator[StreamEvent]:
    """The events that are there and those that come, until the stream is closed."""
    offset = "-1"
    while True:
        page = await events.read_events(path, offset)
        for event in page.events:
            yield event
        offset = page.next_offset
        if page.closed and page.up_to_date:
            return
        if page.up_to_date:
            await asyncio.sleep(pause_s)
