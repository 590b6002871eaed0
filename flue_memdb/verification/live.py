"""Live steps: a client follows a stream while it and others write to it.

- `live.follow [path, offset, operations]`: the client tails the stream from the offset on and subscribes to it; then
  the operations are made, in order, each by its `client`. The result is `{"events", "ended", "told"}`: what the tail
  gave, whether it ended, and how often the subscription was told. What the operations gave is `during`.

Nothing is slept through: at first and after each operation the stream is read from where the tail is, and the tail has
to give as many events as there are, and to end if the stream is closed.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing
from typing import Final

from flue_memdb.contract import FlueStoreError, Json, Stores
from flue_memdb.contract.offsets import NOW
from flue_memdb.contract.outcomes import listening
from flue_memdb.contract.records import EventPage, StreamEvent
from flue_memdb.verification.observations import Answer, Observation, Observe, Operation
from flue_memdb.verification.placeholders import expand
from flue_memdb.verification.values import to_json
from flue_memdb.verification.waiting import until

LIVE: Final[dict[str, tuple[str, ...]]] = {"live.follow": ("path", "offset", "operations")}
"""Per live step, what its arguments are called."""

Connect = Callable[[int], Awaitable[Stores]]


async def observe_live(
    observe: Observe, stores: Stores, operation: Operation, connect: Connect | None = None
) -> Observation:
    """What a live step and the operations within it come to; without `connect`, its own client makes all of them."""
    path, offset, operations = operation["args"]
    during: list[Observation] = []
    told: list[None] = []
    try:
        async with aclosing(stores.events.tail(expand(path), expand(offset))) as tail:
            unsubscribe = stores.events.subscribe(expand(path), lambda: told.append(None))
            follower = _Follower(stores, tail, expand(path), expand(offset))
            try:
                await follower.catch_up()
                for each in operations:
                    own = stores if connect is None else await connect(each["client"])
                    during.append(await observe(own, each))
                    await follower.catch_up()
            finally:
                unsubscribe()
                await follower.leave()
        answer: Answer = {"result": {"events": follower.given, "ended": follower.ended, "told": len(told)}}
    except FlueStoreError as error:
        answer = {"error": {"kind": error.kind, "message": str(error)}}
    if during:
        answer["during"] = [each.answer for each in during]
    outcomes = [outcome for each in during for outcome in each.outcomes]
    return Observation(answer, outcomes, [outcome for each in during for outcome in each.reported])


class _Follower:
    """A tail, what it gave, and where it is."""

    def __init__(self, stores: Stores, tail: AsyncGenerator[StreamEvent, None], path: str, offset: str) -> None:
        self.given: list[Json] = []
        self.ended = False
        self._stores = stores
        self._tail = tail
        self._path = path
        self._at = offset
        self._looks: list[str] = []
        self._coming = self._next()

    def _next(self) -> "asyncio.Future[StreamEvent]":
        with listening(self._looks):
            return asyncio.ensure_future(anext(self._tail))

    async def catch_up(self) -> None:
        """Goes on when the tail has given what there is."""
        await until(lambda: self._looks or self._coming.done())  # what "now" is, is settled by then
        while not self.ended:
            page = await self._read()
            for _ in page.events:
                await self._take()
            if page.up_to_date:
                if page.closed:
                    await self._take()
                return

    async def _read(self) -> EventPage:
        try:
            with listening([]):
                page = await self._stores.events.read_events(self._path, self._at)
        except FlueStoreError:
            await self._coming  # what cannot be read, the tail cannot give either
            raise
        if self._at == NOW:
            self._at = page.next_offset
        return page

    async def _take(self) -> None:
        try:
            event = await self._coming
        except StopAsyncIteration:
            self.ended = True
            return
        self.given.append(to_json(event))
        self._at = event.offset
        self._coming = self._next()

    async def leave(self) -> None:
        """Waits for no event any more."""
        self._coming.cancel()
        await asyncio.wait([self._coming])
        if not self._coming.cancelled():
            self._coming.exception()


async def told_of_the_end(stores: Stores, close: Callable[[], Awaitable[None]], within_s: float) -> str | None:
    """What a waiting tail raises when its adapter is closed; None if it does not."""
    looks: list[str] = []
    tail = stores.events.tail("live", NOW)
    with listening(looks):
        waiting = asyncio.ensure_future(anext(tail))
    await until(lambda: looks or waiting.done())
    await close()
    await asyncio.wait([waiting], timeout=within_s)
    if not waiting.done():
        waiting.cancel()
        await asyncio.wait([waiting])
    error = None if waiting.cancelled() else waiting.exception()
    return None if error is None else str(error)


def operations_within(operation: Operation) -> Iterator[Operation]:
    """Those of a live step."""
    if operation["op"] in LIVE:
        yield from operation["args"][2]
