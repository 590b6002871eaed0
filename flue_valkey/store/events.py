"""Event streams."""

from collections.abc import AsyncGenerator, Callable

from flue_memdb.contract import (
    EventKeyConflictError,
    EventPage,
    EventStreamMeta,
    StreamClosedError,
    StreamEvent,
    StreamNotFoundError,
    format_offset,
    parse_offset,
)
from flue_memdb.contract.checks import check_id, check_key, check_limit
from flue_memdb.contract.errors import quoted
from flue_memdb.contract.json_text import Json, json_text
from flue_memdb.contract.limits import page_size
from flue_memdb.contract.offsets import NOW, START
from flue_memdb.contract.outcomes import reached
from flue_memdb.contract.subscriptions import Listener
from flue_memdb.contract.tails import tail
from flue_valkey.rows import Row
from flue_valkey.store import parts
from flue_valkey.store.connection import Store


class Events(Store):
    async def create_stream(self, path: str) -> None:
        path = check_id("create_stream", "path", path)
        await self._call("create_stream", path=path)

    async def append_event(self, path: str, event: Json) -> str:
        path = check_id("append_event", "path", path)
        text = json_text(event, "append_event", "event")
        tag, *found = await self._call("append_event", path=path, text=text)
        return self._appended("append_event", path, tag, found)

    async def append_event_once(self, path: str, key: str, event: Json) -> str:
        path = check_id("append_event_once", "path", path)
        key = check_key("append_event_once", "key", key)
        text = json_text(event, "append_event_once", "event")
        tag, *found = await self._call("append_event_once", path=path, key=key, text=text)
        if tag == "conflict":
            raise EventKeyConflictError("append_event_once", path, key)
        return self._appended("append_event_once", path, tag, found)

    def _appended(self, operation: str, path: str, tag: str, found: list[bytes]) -> str:
        if tag == "not_found":
            raise StreamNotFoundError(operation, path)
        if tag == "closed":
            raise StreamClosedError(operation, path)
        if tag == "appended":
            self._connection.tell_of(path)
        return format_offset(int(found[0]))

    async def read_events(self, path: str, offset: str = START, limit: int | None = None) -> EventPage:
        path = check_id("read_events", "path", path)
        sequence = parse_offset(offset, "read_events")
        check_limit("read_events", limit)
        return await self._page("read_events", path, sequence, page_size(limit))

    async def _page(self, operation: str, path: str, after: int | None, size: int) -> EventPage:
        found = await self._read(operation, path, NOW if after is None else after, size)
        if found is None:
            reached("no_stream")
            return EventPage([], START, up_to_date=True, closed=False)
        begin, texts, next_sequence, closed = found
        names = [b"%d" % (begin + 1 + at) for at in range(len(texts))]
        row = Row.of_values(operation, f"stream {quoted(path)}", names, texts)
        events = [StreamEvent(row.required_document(name), format_offset(int(name))) for name in names]
        up_to_date = begin + len(events) >= next_sequence - 1
        reached("none" if not events else "last" if up_to_date else "more")
        next_offset = events[-1].offset if events else format_offset(begin)
        return EventPage(events, next_offset, up_to_date, closed)

    async def _read(
        self, operation: str, path: str, after: str | int, limit: int
    ) -> tuple[int, list[bytes | None], int, bool] | None:
        """The sequence read from, the texts behind it, the next sequence and whether the stream is closed."""
        begin: int | None = None
        texts: list[bytes | None] = []
        while True:
            tag, *found = await self._run(
                operation,
                script="read_events",
                path=path,
                after=after,
                limit=limit - len(texts),
                budget=parts.BYTES,
            )
            if tag == "no_stream":
                return None
            begin = int(found[0]) if begin is None else begin
            next_sequence = int(found[1])
            texts += found[3]
            after = begin + len(texts)
            if len(texts) >= min(limit, next_sequence - 1 - begin):
                return begin, texts, next_sequence, found[2] == b"1"

    async def close_stream(self, path: str) -> None:
        path = check_id("close_stream", "path", path)
        tag, *_ = await self._call("close_stream", path=path)
        if tag == "closed":
            self._connection.tell_of(path)

    async def get_stream_meta(self, path: str) -> EventStreamMeta | None:
        path = check_id("get_stream_meta", "path", path)
        tag, *found = await self._call("get_stream_meta", path=path)
        if tag == "unknown":
            return None
        row = Row.of_values("get_stream_meta", f"stream {quoted(path)}", (b"nextOffset", b"closed"), found)
        return EventStreamMeta(format_offset(row.number(b"nextOffset") - 1), bool(row.optional_flag(b"closed")))

    def subscribe(self, path: str, listener: Listener) -> Callable[[], None]:
        unsubscribe = self._connection.subscriptions.subscribe(path, listener)
        self._connection.require_open("subscribe")
        return unsubscribe

    def tail(self, path: str, offset: str = START) -> AsyncGenerator[StreamEvent, None]:
        path = check_id("tail", "path", path)
        parse_offset(offset, "tail")
        self._connection.require_open("tail")
        return tail(self._tail_page, self._connection.tails, path, offset, self._connection.look_every_s)

    async def _tail_page(self, path: str, offset: str) -> EventPage:
        return await self._page("tail", path, parse_offset(offset, "tail"), page_size(None))
