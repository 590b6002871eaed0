"""Event streams: what is appended gets the next offset, and is read from any offset on."""

import asyncio

import pytest

from flue_memdb.conformance.examples import PATH
from flue_memdb.conformance.picture import nothing_changes
from flue_memdb.conformance.suite import Contract
from flue_memdb.contract import (
    EventKeyConflictError,
    EventPage,
    EventStreamMeta,
    InvalidOffsetError,
    Stores,
    StreamClosedError,
    StreamEvent,
    StreamNotFoundError,
)


def _offset(sequence: int) -> str:
    return f"{'0' * 16}_{sequence:016}"


_NO_OFFSETS = [
    "",
    "0",
    "-2",
    "-01",
    "+1",
    "Now",
    "now ",
    " -1",
    "latest",
    "0_0",
    "7_000",
    "0" * 16,
    _offset(0) + " ",
    _offset(0) + "\n",
    _offset(0)[:-1],
    "0" + _offset(0),
    _offset(0) + "0",
    _offset(0).replace("_", "-"),
    "1" + _offset(0)[1:],
    _offset(0)[:-1] + "x",
    _offset(0)[:-1] + "٣",
    "0" * 16 + "_-000000000000001",
]


async def _stream(stores: Stores, *events: object, closed: bool = False) -> None:
    await stores.events.create_stream(PATH)
    for event in events:
        await stores.events.append_event(PATH, event)
    if closed:
        await stores.events.close_stream(PATH)


class TestEvents(Contract):
    """`create_stream`, the appends, `close_stream` and `get_stream_meta`."""

    async def test_a_new_stream_is_empty_and_open(self, stores: Stores, other: Stores) -> None:
        """`get_stream_meta` gives `"-1"` before the first event; no stream gives None."""
        assert await other.events.get_stream_meta(PATH) is None
        await stores.events.create_stream(PATH)
        assert await other.events.get_stream_meta(PATH) == EventStreamMeta("-1", closed=False)

    async def test_a_stream_that_exists_is_not_created_again(self, stores: Stores, other: Stores) -> None:
        """If it exists nothing changes: events and keys stay, and a closed stream stays closed."""
        await _stream(stores, "a")
        await stores.events.append_event_once(PATH, "k", "b")
        async with nothing_changes(stores):
            await other.events.create_stream(PATH)
            assert await stores.events.append_event_once(PATH, "k", "b") == _offset(1)
        await stores.events.close_stream(PATH)
        async with nothing_changes(stores):
            await other.events.create_stream(PATH)

    async def test_sequences_have_no_gap(self, stores: Stores, other: Stores) -> None:
        """Offsets are 16 zeros, `_`, and the sequence in 16 digits: 0, 1, 2 … without a gap, also after refusals."""
        await _stream(stores)
        await stores.events.create_stream("else")
        assert await stores.events.append_event(PATH, "a") == "0000000000000000_0000000000000000"
        assert await other.events.append_event_once(PATH, "k", "b") == _offset(1)
        assert await other.events.append_event_once(PATH, "k", "b") == _offset(1)
        with pytest.raises(EventKeyConflictError):
            await stores.events.append_event_once(PATH, "k", "c")
        assert await stores.events.append_event("else", "a") == _offset(0)
        for sequence in range(2, 12):
            assert await stores.events.append_event(PATH, "a") == _offset(sequence)
        assert await other.events.get_stream_meta(PATH) == EventStreamMeta(_offset(11), closed=False)

    async def test_concurrent_appends_all_get_an_offset_of_their_own(self, stores: Stores, other: Stores) -> None:
        """Two appends never get one offset, and none is left out."""
        await _stream(stores)
        offsets = await asyncio.gather(
            *(some.events.append_event(PATH, number) for number, some in enumerate((stores, other) * 10))
        )
        assert sorted(offsets) == [_offset(sequence) for sequence in range(20)]
        page = await stores.events.read_events(PATH)
        assert {event.offset: event.data for event in page.events} == dict(zip(offsets, range(20), strict=True))

    async def test_without_a_stream_nothing_is_appended(self, stores: Stores) -> None:
        """No stream: `StreamNotFoundError`, and none is made."""
        async with nothing_changes(stores):
            with pytest.raises(StreamNotFoundError):
                await stores.events.append_event(PATH, "a")
            with pytest.raises(StreamNotFoundError):
                await stores.events.append_event_once(PATH, "k", "a")

    async def test_a_closed_stream_takes_nothing_more(self, stores: Stores, other: Stores) -> None:
        """Closed: `StreamClosedError`; its events stay."""
        await _stream(stores, "a", closed=True)
        async with nothing_changes(stores):
            with pytest.raises(StreamClosedError):
                await other.events.append_event(PATH, "b")
            with pytest.raises(StreamClosedError):
                await stores.events.append_event_once(PATH, "k", "a")

    async def test_closing_again_changes_nothing(self, stores: Stores) -> None:
        """`close_stream` again, or on a missing stream: nothing."""
        async with nothing_changes(stores):
            await stores.events.close_stream(PATH)
        await _stream(stores, "a", closed=True)
        assert await stores.events.get_stream_meta(PATH) == EventStreamMeta(_offset(0), closed=True)
        async with nothing_changes(stores):
            await stores.events.close_stream(PATH)

    async def test_a_keyed_append_is_made_once(self, stores: Stores, other: Stores) -> None:
        """The same key with the same JSON text gives the first offset again, also after the stream was closed."""
        await _stream(stores, "before")
        assert await stores.events.append_event_once(PATH, "k", {"n": 1.0}) == _offset(1)
        await stores.events.append_event(PATH, "after")
        async with nothing_changes(stores):
            assert await other.events.append_event_once(PATH, "k", {"n": 1}) == _offset(1)
        await stores.events.close_stream(PATH)
        async with nothing_changes(stores):
            assert await other.events.append_event_once(PATH, "k", {"n": 1}) == _offset(1)

    async def test_a_key_stands_for_one_event(self, stores: Stores) -> None:
        """The same key with another text is an `EventKeyConflictError`, and the first event stays."""
        await _stream(stores)
        await stores.events.append_event_once(PATH, "k", "a")
        async with nothing_changes(stores):
            with pytest.raises(EventKeyConflictError):
                await stores.events.append_event_once(PATH, "k", "b")

    async def test_keys_belong_to_their_stream(self, stores: Stores) -> None:
        """The same key is another in another stream; another key, or none, is another event."""
        await _stream(stores)
        await stores.events.create_stream("else")
        assert await stores.events.append_event_once(PATH, "k", "a") == _offset(0)
        assert await stores.events.append_event_once("else", "k", "b") == _offset(0)
        assert await stores.events.append_event_once(PATH, "K", "a") == _offset(1)
        assert await stores.events.append_event(PATH, "a") == _offset(2)

    async def test_concurrent_keyed_appends_append_once(self, stores: Stores, other: Stores) -> None:
        """Two callers never both win: all get the one offset."""
        await _stream(stores)
        offsets = await asyncio.gather(*(some.events.append_event_once(PATH, "k", "a") for some in (stores, other) * 5))
        assert set(offsets) == {_offset(0)}
        assert await stores.events.append_event(PATH, "b") == _offset(1)


class TestEventReads(Contract):
    """`read_events`."""

    async def test_events_are_read_in_order(self, stores: Stores, other: Stores) -> None:
        """`"-1"`, the default, is the start; next_offset is the last delivered event's offset."""
        await _stream(stores, "a", {"n": 1}, None)
        expected = EventPage(
            [StreamEvent("a", _offset(0)), StreamEvent({"n": 1}, _offset(1)), StreamEvent(None, _offset(2))],
            _offset(2),
            up_to_date=True,
            closed=False,
        )
        assert await other.events.read_events(PATH) == expected
        assert await other.events.read_events(PATH, "-1") == expected

    async def test_a_read_begins_strictly_after_the_offset(self, stores: Stores) -> None:
        """The events strictly after the offset, whoever appended it."""
        await _stream(stores, *range(12))
        page = await stores.events.read_events(PATH, _offset(8))
        assert [event.data for event in page.events] == [9, 10, 11]
        assert page.events[0].offset == _offset(9)

    async def test_a_read_at_the_tail_gives_nothing(self, stores: Stores) -> None:
        """Where nothing is delivered, next_offset is where the read began; `"now"` is the tail."""
        await _stream(stores, "a", "b")
        nothing = EventPage([], _offset(1), up_to_date=True, closed=False)
        assert await stores.events.read_events(PATH, _offset(1)) == nothing
        assert await stores.events.read_events(PATH, "now") == nothing
        beyond = _offset(10**15)
        assert await stores.events.read_events(PATH, beyond) == EventPage([], beyond, up_to_date=True, closed=False)

    async def test_an_empty_stream_is_up_to_date(self, stores: Stores) -> None:
        """The tail of an empty stream is `"-1"`."""
        await _stream(stores)
        for offset in ("-1", "now"):
            page = await stores.events.read_events(PATH, offset)
            assert page == EventPage([], "-1", up_to_date=True, closed=False)

    async def test_up_to_date_says_that_nothing_more_was_there(self, stores: Stores) -> None:
        """A page that ends before the tail is not up to date; the one that ends with it is, also when it is full."""
        await _stream(stores, *"abcde")
        offset, pages = "-1", []
        for _ in range(3):
            page = await stores.events.read_events(PATH, offset, 2)
            pages.append(("".join(event.data for event in page.events), page.up_to_date))
            offset = page.next_offset
        assert pages == [("ab", False), ("cd", False), ("e", True)]
        assert (await stores.events.read_events(PATH, limit=5)).up_to_date
        assert not (await stores.events.read_events(PATH, limit=4)).up_to_date

    async def test_a_closed_stream_is_read_as_before(self, stores: Stores, other: Stores) -> None:
        """`closed` says whether the stream is closed, on every page."""
        await _stream(stores, "a", "b", closed=True)
        page = await other.events.read_events(PATH, limit=1)
        assert page == EventPage([StreamEvent("a", _offset(0))], _offset(0), up_to_date=False, closed=True)
        assert (await other.events.read_events(PATH, "now")).closed

    async def test_no_stream_is_an_empty_page(self, stores: Stores) -> None:
        """No stream: no events, `"-1"`, up to date, not closed, wherever the read would begin."""
        for offset in ("-1", "now", _offset(7)):
            page = await stores.events.read_events(PATH, offset)
            assert page == EventPage([], "-1", up_to_date=True, closed=False)

    async def test_a_limit_is_at_least_one_and_at_most_1000(self, stores: Stores) -> None:
        """`limit` None or ≤ 0 means 100; never over 1,000."""
        await _stream(stores, *range(1_001))
        for limit, size in (
            (None, 100),
            (0, 100),
            (-1, 100),
            (-(10**30), 100),
            (1, 1),
            (101, 101),
            (1_000, 1_000),
            (1_001, 1_000),
            (10**30, 1_000),
        ):
            page = await stores.events.read_events(PATH, limit=limit)
            assert [event.data for event in page.events] == list(range(size))
            assert (page.next_offset, page.up_to_date) == (_offset(size - 1), False)

    @pytest.mark.parametrize("offset", _NO_OFFSETS, ids=ascii)
    async def test_what_is_no_offset_is_refused(self, stores: Stores, offset: str) -> None:
        """Any other text than the exact form of an offset is an `InvalidOffsetError`, also when there is no stream."""
        with pytest.raises(InvalidOffsetError):
            await stores.events.read_events(PATH, offset)
        await _stream(stores, "a")
        with pytest.raises(InvalidOffsetError):
            await stores.events.read_events(PATH, offset)

    async def test_a_caller_who_changes_an_event_changes_nothing_stored(self, stores: Stores) -> None:
        """Neither the appended nor the read event is what is stored; a retry still finds the first."""
        event = {"list": ["kept"]}
        await _stream(stores)
        await stores.events.append_event_once(PATH, "k", event)
        event["list"].append("given")
        (await stores.events.read_events(PATH)).events[0].data["list"].append("returned")
        assert (await stores.events.read_events(PATH)).events[0].data == {"list": ["kept"]}
        assert await stores.events.append_event_once(PATH, "k", {"list": ["kept"]}) == _offset(0)
