"""Event streams."""

from collections.abc import AsyncGenerator, Callable

from flue_memdb.contract.checks import check_id, check_key, check_limit
from flue_memdb.contract.errors import EventKeyConflictError, StreamClosedError, StreamNotFoundError
from flue_memdb.contract.json_text import Json, json_text, parse_json
from flue_memdb.contract.limits import page_size
from flue_memdb.contract.offsets import START, format_offset, parse_offset
from flue_memdb.contract.outcomes import reached
from flue_memdb.contract.records import EventPage, EventStreamMeta, StreamEvent
from flue_memdb.contract.subscriptions import Listener
from flue_memdb.contract.tails import tail
from flue_memdb.rows import StreamRow
from flue_memdb.store.connection import Store


class Events(Store):
    async def create_stream(self, path: str) -> None:
        path = check_id("create_stream", "path", path)
        db = await self._database("create_stream")
        reached("kept" if path in db.streams else "created")
        db.streams.setdefault(path, StreamRow())

    async def append_event(self, path: str, event: Json) -> str:
        path = check_id("append_event", "path", path)
        text = json_text(event, "append_event", "event")
        db = await self._database("append_event")
        return self._append("append_event", db.streams.get(path), path, text)

    async def append_event_once(self, path: str, key: str, event: Json) -> str:
        path = check_id("append_event_once", "path", path)
        key = check_key("append_event_once", "key", key)
        text = json_text(event, "append_event_once", "event")
        db = await self._database("append_event_once")
        stream = db.streams.get(path)
        if stream is None or key not in stream.keys:
            return self._append("append_event_once", stream, path, text, key)
        stream.require(f"key {key}")
        sequence = stream.keys[key]
        if stream.events[sequence] != text:
            reached("conflict")
            raise EventKeyConflictError("append_event_once", path, key)
        reached("repeated")
        return format_offset(sequence)

    async def read_events(self, path: str, offset: str = START, limit: int | None = None) -> EventPage:
        path = check_id("read_events", "path", path)
        after = parse_offset(offset, "read_events")
        check_limit("read_events", limit)
        db = await self._database("read_events")
        return _page(db.streams.get(path), after, page_size(limit))

    async def close_stream(self, path: str) -> None:
        path = check_id("close_stream", "path", path)
        db = await self._database("close_stream")
        stream = db.streams.get(path)
        reached("unknown" if stream is None else "closed_before" if stream.closed else "closed")
        if stream is not None and not stream.closed:
            stream.closed = True
            self._connection.tell_of(path)

    async def get_stream_meta(self, path: str) -> EventStreamMeta | None:
        path = check_id("get_stream_meta", "path", path)
        db = await self._database("get_stream_meta")
        stream = db.streams.get(path)
        reached("unknown" if stream is None else "found")
        if stream is None:
            return None
        stream.require("nextOffset")
        return EventStreamMeta(format_offset(len(stream.events) - 1), stream.closed)

    def subscribe(self, path: str, listener: Listener) -> Callable[[], None]:
        unsubscribe = self._connection.subscriptions.subscribe(path, listener)
        self._connection.require_open("subscribe")
        return unsubscribe

    def tail(self, path: str, offset: str = START) -> AsyncGenerator[StreamEvent, None]:
        path = check_id("tail", "path", path)
        parse_offset(offset, "tail")
        self._connection.require_open("tail")
        return tail(self._tail_page, self._connection.tails, path, offset)

    async def _tail_page(self, path: str, offset: str) -> EventPage:
        db = await self._database("tail")
        return _page(db.streams.get(path), parse_offset(offset, "tail"), page_size(None))

    def _append(self, operation: str, stream: StreamRow | None, path: str, text: str, key: str | None = None) -> str:
        if stream is None:
            reached("not_found")
            raise StreamNotFoundError(operation, path)
        if stream.closed:
            reached("closed")
            raise StreamClosedError(operation, path)
        stream.require("nextOffset")
        sequence = len(stream.events)
        stream.events.append(text)
        if key is not None:
            stream.keys[key] = sequence
        reached("appended")
        self._connection.tell_of(path)
        return format_offset(sequence)


def _page(stream: StreamRow | None, after: int | None, size: int) -> EventPage:
    if stream is None:
        reached("no_stream")
        return EventPage([], START, up_to_date=True, closed=False)
    if after is None:
        after = len(stream.events) - 1
    texts = stream.events[after + 1 : after + 1 + size]
    stream.require(*map(str, range(after + 1, after + 1 + len(texts))), "nextOffset")
    events = [StreamEvent(parse_json(text), format_offset(after + 1 + at)) for at, text in enumerate(texts)]
    up_to_date = after + len(events) >= len(stream.events) - 1
    reached("none" if not events else "last" if up_to_date else "more")
    return EventPage(events, events[-1].offset if events else format_offset(after), up_to_date, stream.closed)
