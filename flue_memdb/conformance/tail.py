"""The live tail of an event stream: each event once and in order, the stored ones and those that come."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from flue_memdb.clock import ManualClock
from flue_memdb.conformance.concurrency import beside, others_go_on, within
from flue_memdb.conformance.examples import OFFSET, PATH
from flue_memdb.conformance.suite import Contract, OpenAdapter
from flue_memdb.contract import (
    AdapterClosedError,
    InvalidIdentifierError,
    InvalidOffsetError,
    Json,
    Stores,
    StreamEvent,
    format_offset,
    open_stores,
)

_Tail = AsyncGenerator[StreamEvent, None]


async def _next(tail: _Tail, count: int = 1) -> list[Json]:
    """The data of the next events."""
    return [(await within(anext(tail), "the tail should have given another event")).data for _ in range(count)]


async def _all(tail: _Tail) -> list[Json]:
    """The data of all events until the tail ends."""
    return [event.data async for event in tail]


async def _append(stores: Stores, *events: Json) -> None:
    for event in events:
        await stores.events.append_event(PATH, event)


class TestTail(Contract):
    """`tail`."""

    @pytest.fixture(autouse=True)
    def _tail_is_there(self, stores: Stores) -> None:
        if not hasattr(stores.events, "tail"):
            pytest.skip("this adapter has no tail, which is beyond what Flue itself needs")

    async def test_stored_events_come_first_and_then_new_ones(self, stores: Stores, other: Stores) -> None:
        """Every event after the offset, which is the start by default, by whatever process it was appended."""
        await stores.events.create_stream(PATH)
        await _append(stores, "a", {"n": 1})
        async with aclosing(stores.events.tail(PATH)) as tail:
            assert [await anext(tail), await anext(tail)] == (await stores.events.read_events(PATH)).events
            for number in range(3):
                async with beside(_next(tail, 2)) as coming:
                    await others_go_on(stores)
                    assert not coming.done(), "there is nothing to give yet"
                    await _append(stores, f"mine {number}")
                    await _append(other, f"other {number}")
                    assert await coming == [f"mine {number}", f"other {number}"]

    async def test_the_offset_says_where_it_begins(self, stores: Stores) -> None:
        """It begins strictly after the offset; `"now"` is the tail when the iteration begins."""
        await stores.events.create_stream(PATH)
        await _append(stores, "a", "b", "c")
        async with (
            aclosing(stores.events.tail(PATH, format_offset(0))) as after_a,
            aclosing(stores.events.tail(PATH, "now")) as from_now,
        ):
            assert await _next(after_a) == ["b"]
            async with beside(_next(from_now)) as coming:
                await others_go_on(stores)
                await _append(stores, "d")
                assert await coming == ["d"]
            assert await _next(after_a, 2) == ["c", "d"]

    async def test_an_offset_that_is_not_reached_yet_is_waited_for(self, stores: Stores) -> None:
        """Strictly after the offset, also where no event has it yet."""
        async with aclosing(stores.events.tail(PATH, format_offset(1))) as tail, beside(_next(tail)) as coming:
            await others_go_on(stores)
            await stores.events.create_stream(PATH)
            await _append(stores, "a", "b")
            await others_go_on(stores)
            assert not coming.done()
            await _append(stores, "c")
            assert await coming == ["c"]

    @pytest.mark.parametrize("offset", ["-1", "now"])
    async def test_a_stream_that_does_not_exist_is_waited_for(self, stores: Stores, other: Stores, offset: str) -> None:
        """Waits for a stream that does not exist yet, and gives it from its start; it makes none."""
        async with aclosing(stores.events.tail(PATH, offset)) as tail, beside(_next(tail, 2)) as coming:
            await others_go_on(stores)
            assert await stores.events.get_stream_meta(PATH) is None
            await other.events.create_stream(PATH)
            await _append(other, "a", "b")
            assert await within(coming, "the tail should have seen the new stream") == ["a", "b"]

    async def test_it_ends_with_a_closed_stream(self, stores: Stores, other: Stores) -> None:
        """Ends after the last event of a closed stream, whether it was closed before or is closed meanwhile."""
        await stores.events.create_stream(PATH)
        await _append(stores, *range(150))
        async with beside(_all(stores.events.tail(PATH))) as coming:
            await others_go_on(stores)
            await _append(other, "last")
            await other.events.close_stream(PATH)
            assert await within(coming, "the tail should have ended") == [*range(150), "last"]
        assert await _all(other.events.tail(PATH, format_offset(148))) == [149, "last"]
        for offset in (format_offset(150), "now"):
            assert await _all(stores.events.tail(PATH, offset)) == []

    async def test_a_keyed_event_comes_once(self, stores: Stores) -> None:
        """A keyed retry appends nothing, so nothing comes of it."""
        await stores.events.create_stream(PATH)
        async with beside(_all(stores.events.tail(PATH))) as coming:
            for _ in range(3):
                await stores.events.append_event_once(PATH, "k", "a")
            await stores.events.append_event_once(PATH, "l", "b")
            await stores.events.close_stream(PATH)
            assert await within(coming, "the tail should have ended") == ["a", "b"]

    async def test_events_of_two_processes_come_once_and_in_order(self, stores: Stores, other: Stores) -> None:
        """Never misses or repeats one, while two processes append and two tails read."""
        await stores.events.create_stream(PATH)
        tails = [some.events.tail(PATH) for some in (stores, other)]
        async with beside(_all(tails[0])) as first, beside(_all(tails[1])) as second:
            await asyncio.gather(*(_append(some, *range(300)) for some in (stores, other)))
            await stores.events.close_stream(PATH)
            stored = [event.data for event in (await stores.events.read_events(PATH, limit=1_000)).events]
            assert len(stored) == 600
            assert await within(first, "the tail should have ended") == stored
            assert await within(second, "the other tail should have ended") == stored

    async def test_a_slow_reader_misses_nothing(self, stores: Stores) -> None:
        """What is appended while the caller is busy with an event comes afterwards."""
        await stores.events.create_stream(PATH)
        await _append(stores, 0)
        async with aclosing(stores.events.tail(PATH)) as tail:
            assert await _next(tail) == [0]
            await _append(stores, *range(1, 251))
            await stores.events.close_stream(PATH)
            assert await within(_all(tail), "the tail should have ended") == list(range(1, 251))

    async def test_a_tail_goes_on_where_another_ended(self, stores: Stores, other: Stores) -> None:
        """Another call, also in another process, goes on after the offset of the last event."""
        await stores.events.create_stream(PATH)
        await _append(stores, "a", "b")
        async with aclosing(stores.events.tail(PATH)) as tail:
            first = await anext(tail)
        await _append(stores, "c")
        await stores.events.close_stream(PATH)
        assert await _all(other.events.tail(PATH, first.offset)) == ["b", "c"]

    async def test_one_that_ends_leaves_the_others(self, stores: Stores) -> None:
        """Tails of one stream are each their own; one that is cancelled, closed or never begun disturbs no other."""
        await stores.events.create_stream(PATH)
        stores.events.tail(PATH)
        async with aclosing(stores.events.tail(PATH)) as closed, aclosing(stores.events.tail(PATH)) as lasting:
            async with beside(_next(stores.events.tail(PATH))) as cancelled, beside(_next(lasting, 2)) as coming:
                await _append(stores, "a")
                assert await _next(closed) == ["a"]
                await closed.aclose()
                assert await cancelled == ["a"]
                async with beside(_next(stores.events.tail(PATH, "now"))):
                    await others_go_on(stores)
                await _append(stores, "b")
                assert await coming == ["a", "b"]
            with pytest.raises(StopAsyncIteration):
                await anext(closed)

    async def test_streams_are_apart(self, stores: Stores) -> None:
        """A tail gives the events of its own stream."""
        await stores.events.create_stream(PATH)
        await stores.events.create_stream("else")
        async with beside(_all(stores.events.tail(PATH))) as coming:
            await stores.events.append_event("else", "not this one")
            await stores.events.close_stream("else")
            await _append(stores, "this one")
            await others_go_on(stores)
            assert not coming.done()
            await stores.events.close_stream(PATH)
            assert await within(coming, "the tail should have ended") == ["this one"]

    async def test_bad_input_is_refused_by_the_call(self, stores: Stores) -> None:
        """Bad input is refused by the call itself, before anybody iterates."""
        for path in ("", 7, "\ud800", "x" * 4_097):
            with pytest.raises(InvalidIdentifierError, match=r"^tail: path: "):
                stores.events.tail(path)  # type: ignore[arg-type]
        for offset in ("", "0", "-2", "Now", None, 7, OFFSET + "0"):
            with pytest.raises(InvalidOffsetError, match=r"^tail: offset: "):
                stores.events.tail(PATH, offset)  # type: ignore[arg-type]

    async def test_a_closed_adapter_ends_it(self, conformance_namespace: OpenAdapter, clock: ManualClock) -> None:
        """Who waits when the adapter is closed gets an `AdapterClosedError`, and so does who calls afterwards."""
        async with open_stores(conformance_namespace(clock)) as stores:
            tail, unbegun = stores.events.tail(PATH), stores.events.tail(PATH)
            waiting = asyncio.ensure_future(anext(tail))
            await others_go_on(stores)
        with pytest.raises(AdapterClosedError, match=r"^tail: "):
            await within(waiting, "the tail should have noticed that its adapter is closed")
        with pytest.raises(AdapterClosedError, match=r"^tail: "):
            await within(anext(unbegun), "the tail should have noticed that its adapter is closed")
        with pytest.raises(AdapterClosedError, match=r"^tail: "):
            stores.events.tail(PATH)
