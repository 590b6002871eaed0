"""What happens within the callback of a deletion, as a trace describes it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from typing import Any, Final

from flue_memdb.contract import Json, Stores
from flue_memdb.contract.outcomes import listening
from flue_memdb.verification.hurry import hurry
from flue_memdb.verification.observations import Answer, Observation, Observe, Operation
from flue_memdb.verification.waiting import until

CALLBACKS: Final = ("ok", "fail", "die", "cancel", "plain")
"""What the callback of a deletion may come to: its `$tree`. A plain function gives nothing that can be awaited."""

_RENEWAL_S = 10.0
_ROUND_TRIPS = 3


class CallbackError(Exception):
    """What a deletion callback raises that was told to fail."""


class CancelledCallError(Exception):
    """What a deletion ends with that was cancelled."""


class Within:
    """What happens within a deletion callback (`during`), and what is begun then (`beside`): by another client, or by
    the same one, which shares the deletion if it is one of the same session. The same one may begin it at once with the
    deletion, too, or as the deletion's own caller is cancelled (`when`)."""

    def __init__(  # noqa: PLR0917 -- all that `observe` was given
        self,
        observe: Observe,
        stores: Stores,
        client: int,
        die: Callable[[], Awaitable[None]] | None,
        connect: Callable[[int], Awaitable[Stores]] | None,
        advance: Callable[[int], None] | None,
    ) -> None:
        self._observe = observe
        self._stores = stores
        self._client = client
        self._die = die
        self._connect = connect
        self._advance = advance
        self.heard: list[str] = []
        self._tree: Json = None
        self._during: list[Observation] = []
        self._own: asyncio.Task[Any] | None = None
        self._beside: asyncio.Task[Observation] | None = None
        self._outside = copy_context()
        self._called = False

    @property
    def _cancels(self) -> bool:
        return isinstance(self._tree, dict) and self._tree.get("$tree") == "cancel"

    @property
    def _is_shared(self) -> bool:
        beside = beside_of(self._tree)
        return beside is not None and beside["client"] == self._client

    @property
    def _shares_when(self) -> str | None:
        """When this client begins a second call: with the `call`, in the `callback`, on its `cancel`; None if never."""
        beside = beside_of(self._tree)
        if beside is None or self._connect is None or not self._is_shared:
            return None
        return str(beside.get("when", "callback"))

    @property
    def _goes_on(self) -> bool:
        """Whether the deletion has another caller, and so goes on when its own is cancelled."""
        return self._is_shared and self._beside is not None and not self._beside.done()

    async def call(self, operation: Awaitable[Any]) -> Any:
        """What the operation gives; a `CancelledCallError` if it was cancelled."""
        if not self._cancels and not self._is_shared:
            return await operation
        own = asyncio.ensure_future(self._make(operation))
        if self._shares_when == "call":
            self._share()
        await asyncio.wait([own])
        if own.cancelled():
            raise CancelledCallError("the call was cancelled")
        return own.result()

    async def _make(self, operation: Awaitable[Any]) -> Any:
        self._own = asyncio.current_task()  # an eager task is under way before whoever made it has it
        return await operation

    def callback(self, tree: Json) -> Callable[[], object] | Json:
        """The callback that a trace describes; anything else as it is."""
        self._tree = tree
        if not isinstance(tree, dict) or "$tree" not in tree:
            return tree
        if tree["$tree"] == "plain":
            return lambda: None

        async def delete_session_tree() -> None:
            for operation in tree.get("during", ()):
                self._during.append(await self._observe(self._stores, operation))
            if not self._called:
                self._called = True
                await self._happen_beside(tree)
            if self._cancels and self._own is not None:
                await self._cancel(self._own)
            if tree["$tree"] == "die" and self._die is not None:
                await self._die()
            if tree["$tree"] in ("fail", "die"):
                raise CallbackError("snapshot deletion failed")

        return delete_session_tree

    async def end(self, answer: Answer) -> list[Observation]:
        """Adds to the deletion's answer what happened within and beside it; gives both."""
        inner = list(self._during)
        if self._during:
            answer["during"] = [each.answer for each in self._during]
        if self._beside is not None:
            inner.append(await self._ended(self._beside))
            answer["beside"] = inner[-1].answer
        return inner

    async def _ended(self, beside: asyncio.Task[Observation]) -> Observation:
        """What was begun beside the callback came to. Whoever shares a deletion reports no outcome of its own."""
        await asyncio.wait([beside])
        if beside.cancelled():
            return Observation({"error": {"kind": "cancelled", "message": "the call was cancelled"}})
        observation = beside.result()
        return Observation(observation.answer) if self._is_shared and not observation.reported else observation

    async def _happen_beside(self, tree: Operation) -> None:
        """Lets time pass and a call begin: once, even if the store calls the callback again."""
        if "lapse" in tree and self._advance is not None:
            await self._pass_time(tree["lapse"], self._advance)
        beside = beside_of(tree)
        if beside is None or self._connect is None:
            return
        if not self._is_shared:
            await self._begin(beside, await self._connect(beside["client"]))
        elif self._shares_when != "cancel":
            await self._begin_shared(beside)

    async def _pass_time(self, lapse: int | list[int], advance: Callable[[int], None]) -> None:
        """Lets time pass; between two times, so much of the event loop's too that the owner renews its lease."""
        first, *others = [lapse] if isinstance(lapse, int) else lapse
        advance(first)
        for other in others:
            await asyncio.sleep(0)  # what renews it has begun then
            hurry(_RENEWAL_S)
            await until(lambda: "renewed" in self.heard)
            advance(other)

    async def _begin(self, operation: Operation, stores: Stores) -> None:
        """Lets another client begin, and goes on when it waits for this deletion (or has ended, or says nothing)."""
        heard: list[str] = []
        beside = self._beside = asyncio.create_task(self._observe(stores, operation, heard=heard))
        await until(lambda: "waiting" in heard or beside.done())

    async def _begin_shared(self, operation: Operation) -> None:
        """Lets another caller of this client begin, if it has not, and perhaps gives it up."""
        beside = self._beside or self._share()
        await self._answered()
        if operation.get("cancelled"):
            beside.cancel()
            await asyncio.wait([beside])

    def _share(self) -> asyncio.Task[Observation]:
        """Another call of this client, which is not within the callback."""
        again = beside_of(self._tree)
        assert again is not None
        self._beside = asyncio.create_task(self._observe(self._stores, again), context=self._outside)
        return self._beside

    async def _cancel(self, own: asyncio.Task[Any]) -> None:
        """Cancels the deletion's own caller; where nobody else calls before, the deletion with it."""
        goes_on = self._goes_on
        own.cancel()
        if self._shares_when == "cancel":
            self._share()
        await (self._answered() if goes_on else asyncio.Event().wait())

    async def _answered(self) -> None:
        """Goes on when what this client asked for before was answered: answers come in the order of the questions."""
        with listening([]):
            for _ in range(_ROUND_TRIPS):
                await asyncio.sleep(0)
                await self._stores.submissions.has_unsettled_submissions()


def beside_of(tree: Json) -> Operation | None:
    """The operation that a callback begins beside itself, if it does."""
    beside = tree.get("beside") if isinstance(tree, dict) else None
    return beside if isinstance(beside, dict) and isinstance(beside.get("client"), int) else None
