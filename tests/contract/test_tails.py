"""What a tail does when no news comes, when the server is not available, and when nobody iterates any more."""

import asyncio
import gc
import logging
import threading
from contextlib import aclosing

import pytest

from flue_memdb import (
    EventPage,
    MemoryDatabase,
    StoreUnavailableError,
    StreamEvent,
    format_offset,
)
from flue_memdb.contract.tails import PATIENCE_S, ReadPage, Tails, tail
from tests.skipping_loop import run_skipping
from tests.stores import stores_in

PATH = "p"


def now() -> float:
    return asyncio.get_running_loop().time()


def outage() -> StoreUnavailableError:
    return StoreUnavailableError("tail", "the server", "no answer", may_have_happened=False)


def page_after(offset: str, last: int, *, closed: bool = False) -> EventPage:
    """At most two of the events up to `last`, each its own number."""
    begin = -1 if offset == "-1" else int(offset.partition("_")[2])
    numbers = range(begin + 1, last + 1)[:2]
    events = [StreamEvent(number, format_offset(number)) for number in numbers]
    end = events[-1].offset if events else offset
    return EventPage(events, end, up_to_date=begin + len(events) >= last, closed=closed)


def test_without_news_it_looks_once_in_a_while() -> None:
    looked: list[float] = []

    async def read(path: str, offset: str) -> EventPage:
        looked.append(now())
        return page_after(offset, last=3 if now() >= 12 else -1, closed=now() >= 12)

    async def main() -> list[object]:
        return [event.data async for event in tail(read, Tails(), PATH, "-1", 5.0)]

    assert run_skipping(main()) == [0, 1, 2, 3]
    assert looked == [0, 5, 10, 15, 15], "the second page is read at once"


def test_with_news_it_looks_at_once_and_without_it_not_before() -> None:
    async def main() -> None:
        looked: list[float] = []
        tails = Tails()

        async def read(path: str, offset: str) -> EventPage:
            looked.append(now())
            return page_after(offset, last=-1)

        waiting = asyncio.ensure_future(anext(tail(read, tails, PATH, "-1", 5.0)))
        await asyncio.sleep(1)
        tails.wake("else")
        await asyncio.sleep(1)
        tails.wake(PATH)
        tails.wake(PATH)
        await asyncio.sleep(1)
        tails.wake_all()
        await asyncio.sleep(6)
        assert looked == [0, 2, 3, 8]
        waiting.cancel()
        await asyncio.wait([waiting])

    run_skipping(main())


def test_news_that_comes_during_a_read_is_not_lost() -> None:
    async def main() -> list[object]:
        tails, stored = Tails(), [-1]

        async def read(path: str, offset: str) -> EventPage:
            page = page_after(offset, stored[0], closed=stored[0] == 1)
            await asyncio.sleep(1)
            if stored[0] < 1:  # an append after the server has read and before its answer is here
                stored[0] += 1
                tails.wake(path)
            return page

        return [event.data async for event in tail(read, tails, PATH, "-1")]

    assert run_skipping(main()) == [0, 1]


def unavailable_between(begin: float, end: float) -> tuple[list[float], ReadPage]:
    """A server that is away for that time, and the moments at which it was asked in vain."""
    asked: list[float] = []

    async def read(path: str, offset: str) -> EventPage:
        if begin <= now() < end:
            asked.append(now())
            raise outage()
        return page_after(offset, last=1, closed=now() >= end)

    return asked, read


def test_an_outage_is_sat_out_and_told_once(caplog: pytest.LogCaptureFixture) -> None:
    asked, read = unavailable_between(5, 8)

    async def main() -> list[object]:
        return [event.data async for event in tail(read, Tails(), PATH, "-1", 5.0)]

    assert run_skipping(main()) == [0, 1]
    assert asked == pytest.approx([5, 5.1, 5.3, 5.7, 6.5, 7.5])
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "the tail of stream 'p' asks again for up to 60 s: tail: the server: no answer" in caplog.text


def test_an_outage_that_lasts_is_raised() -> None:
    asked, read = unavailable_between(5, 10_000)

    async def main() -> None:
        events = tail(read, Tails(), PATH, "-1", 5.0)
        assert [(await anext(events)).data for _ in range(2)] == [0, 1]
        with pytest.raises(StoreUnavailableError, match="no answer"):
            await anext(events)

    run_skipping(main())
    assert PATIENCE_S <= asked[-1] - asked[0] <= PATIENCE_S + 1


def test_each_outage_has_the_whole_patience() -> None:
    async def main() -> list[object]:
        async def read(path: str, offset: str) -> EventPage:
            if now() % 60 < 45:
                raise outage()
            return page_after(offset, last=int(now() // 60), closed=now() >= 300)

        return [event.data async for event in tail(read, Tails(), PATH, "-1", 5.0)]

    assert run_skipping(main()) == [0, 1, 2, 3, 4, 5]


async def test_nothing_stays_of_a_tail_that_ended() -> None:
    database = MemoryDatabase()
    stores = await stores_in(database)
    await stores.events.create_stream(PATH)
    await stores.events.append_event(PATH, "a")
    unbegun, broken_off, cancelled = (stores.events.tail(PATH) for _ in range(3))
    assert database.tails.paths == [], "one that nobody iterates waits for nothing"
    async with aclosing(broken_off):
        async for _ in broken_off:
            assert database.tails.paths == [PATH]
            break
    assert database.tails.paths == []
    await anext(cancelled)
    waiting = asyncio.ensure_future(anext(cancelled))
    await asyncio.sleep(0)
    assert database.tails.paths == [PATH]
    waiting.cancel()
    await asyncio.wait([waiting])
    assert database.tails.paths == []
    del unbegun


# The task that is left behind is collected, with a warning, within this test.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::RuntimeWarning")
def test_a_tail_in_another_thread_is_woken() -> None:
    database, looked, seen = MemoryDatabase(), threading.Event(), list[object]()

    async def follow() -> None:
        stores = await stores_in(database)
        asyncio.get_running_loop().call_later(0.05, looked.set)  # when it waits for news
        seen.extend([event.data async for event in stores.events.tail(PATH)])

    async def append() -> None:
        stores = await stores_in(database)
        await stores.events.create_stream(PATH)
        await stores.events.append_event(PATH, "there")
        await stores.events.close_stream(PATH)

    reader = threading.Thread(target=asyncio.run, args=[follow()], daemon=True)
    reader.start()
    assert looked.wait(5)
    asyncio.run(append())
    reader.join(5)
    assert seen == ["there"]


def test_a_tail_of_a_loop_that_was_closed_disturbs_nobody() -> None:
    database = MemoryDatabase()
    left: list[object] = []

    async def append() -> str:
        stores = await stores_in(database)
        await stores.events.create_stream(PATH)
        return await stores.events.append_event(PATH, "a")

    async def leave_one() -> None:
        stores = await stores_in(database)
        left.append(asyncio.ensure_future(anext(stores.events.tail(PATH))))
        await asyncio.sleep(0)

    loop = asyncio.new_event_loop()
    loop.run_until_complete(leave_one())
    loop.close()  # without ending what still runs in it, as `asyncio.run` would
    assert database.tails.paths == [PATH]
    assert asyncio.run(append()) == format_offset(0)
    left.clear()
    gc.collect()
    assert database.tails.paths == [], "who is gone without a word is forgotten"
