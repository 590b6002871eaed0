"""Event streams: the events are numbered without gaps, can be read, and the keys of keyed ones lead to them."""

import asyncio
from collections.abc import AsyncIterator

from flue_memdb.contract import CorruptRecordError
from flue_memdb.contract.errors import quoted
from flue_valkey.invariants.view import Finding, View, broken, flat, numbered, of_each, one
from flue_valkey.rows import Row


async def of_stream(view: View, name: str, path: str) -> AsyncIterator[Finding]:
    """A stream: it is listed, and its row tells how many events there are."""
    label = f"stream {quoted(path)}"
    if not await view.contains("events", path):
        yield broken(f"events does not list {quoted(path)}")
    row = await view.fields(name, path)
    count = await view.count("event_entries", path)
    if row.get("nextOffset") != str(count) or row.get("closed") not in ("0", "1"):
        yield broken(f"{label} is {quoted(row)} and has {count} events")
    gaps, unordered = [], await view.count("event_order", path) != count
    for numbers in numbered(count):
        texts = await view.some("event_entries", numbers, path)
        scores = await asyncio.gather(*(view.score("event_order", number, path) for number in numbers))
        unordered = unordered or scores != [int(number) for number in numbers]
        for number, text in zip(numbers, texts, strict=True):
            if text is None:
                gaps.append(number)
                continue
            try:
                Row("check", f"event {number} of {label}", flat({"text": text})).required_document(b"text")
            except CorruptRecordError as error:
                yield broken(f"{error.subject}: {error.found}")
    if gaps:
        yield broken(f"{label} has gaps: {quoted(gaps)}")
    if unordered:
        yield broken(f"{label} has an order that its events contradict")


async def of_part(view: View, name: str, path: str) -> AsyncIterator[Finding]:
    """The events, their order and their keys belong to a stream."""
    if not await view.exists("event", path):
        yield broken(f"{name} {quoted(path)} has no stream")


async def of_keys(view: View, name: str, path: str) -> AsyncIterator[Finding]:
    """The keys of keyed events lead to these events."""
    async for finding in of_part(view, name, path):
        yield finding

    async def look(key: str, value: str) -> Finding | None:
        sequence, _, text = value.partition(":")
        if await one(view, "event_entries", sequence, path) == text:
            return None
        return broken(f"stream {quoted(path)} has the event key {quoted(key)}, whose event differs")

    async for finding in of_each(view.entries(name, path), look):
        yield finding
