"""The operations of the four stores as data: one line of a trace, made to happen on any stores."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from flue_memdb.contract import FlueStoreError, Json, Stores, deletion
from flue_memdb.contract.outcomes import listening
from flue_memdb.verification.bulk import BULK, single_calls
from flue_memdb.verification.hurry import hurry
from flue_memdb.verification.outcomes import OUTCOMES
from flue_memdb.verification.shapes import METHODS, SHAPES, read_arguments
from flue_memdb.verification.values import to_json

Operation: TypeAlias = dict[str, Json]
"""`{"at", "client", "op", "args"}`, as a line of a trace."""

Answer: TypeAlias = dict[str, Json]
"""`{"result": JSON}`, `{}` where the operation gives nothing, or `{"error": {"kind", "message"}}`."""


_PATIENCE_S = 1.0
_RENEWAL_S = 10.0


class CallbackError(Exception):
    """What a deletion callback raises that was told to fail."""


class CancelledCallError(Exception):
    """What a deletion ends with that was cancelled in its callback."""


@dataclass(slots=True)
class Observation:
    """What an operation gave, and why.

    `outcomes` holds (operation, outcome): its own, then those of the operations within its callback; for a bulk step,
    those of its calls. `reported` holds the outcomes that the stores themselves reported, in the same order.
    """

    answer: Answer
    outcomes: list[tuple[str, str]] = field(default_factory=list)
    reported: list[str] = field(default_factory=list)


async def apply(stores: Stores, operation: Operation) -> Answer:
    """Makes the operation happen and gives what its line in a trace would carry.

    It does not raise for an operation's own error: that is the answer. A bulk step (`bulk.py`) gives
    `{"result": {"count", "last"}}`: how many calls it made, and the answer of the last.
    """
    return (await observe(stores, operation)).answer


async def apply_with_outcome(stores: Stores, operation: Operation) -> tuple[Answer, str]:
    """As `apply`, with what the operation came to: one of its declared outcomes, or the kind of its error."""
    observation = await observe(stores, operation)
    return observation.answer, observation.outcomes[0][1]


async def observe(
    stores: Stores,
    operation: Operation,
    die: Callable[[], Awaitable[None]] | None = None,
    connect: Callable[[int], Awaitable[Stores]] | None = None,
    *,
    advance: Callable[[int], None] | None = None,
    heard: list[str] | None = None,
) -> Observation:
    """As `apply`, with everything that it and the operations within it came to.

    `die` closes the stores' adapter: that is how the callback `{"$tree": "die"}` ends its process, whose marker stays;
    without it, such a callback fails like `{"$tree": "fail"}`. `connect` gives the stores of another client, which a
    callback's `beside` needs; without it, nothing happens beside the callback. `advance` moves the clock on by as many
    ms as a callback's `lapse` says; without it, no time passes there. `heard` takes the outcomes as they come.
    """
    if operation["op"] in BULK:
        return await _observe_bulk(stores, operation)
    store, method = METHODS[operation["op"]]
    shape = SHAPES[f"{store}.{method}"]
    within = _Within(stores, die, connect, advance)
    with listening(heard) as reported, _no_warning() if dies(operation) else nullcontext():
        within.heard = reported
        try:
            arguments, options = read_arguments(method, shape, operation.get("args", []))
            if method == "delete_session":
                arguments[1] = within.callback(arguments[1])
            result = await within.call(getattr(getattr(stores, store), method)(*arguments, **options))
            answer = {"result": to_json(result)} if shape.gives else {}
        except FlueStoreError as error:
            answer = {"error": {"kind": error.kind, "message": str(error)}}
        except CallbackError as error:
            answer = {"error": {"kind": "callback", "message": str(error)}}
        except CancelledCallError as error:
            answer = {"error": {"kind": "cancelled", "message": str(error)}}
        except Exception as error:  # any other is a bug of the stores, which a comparison must show and not stop at
            answer = {"error": {"kind": "other", "message": f"{type(error).__name__}: {error}"}}
    if answer.get("error", {}).get("kind") == "corrupt_record":
        reported.clear()  # how far a store came before it met the damage is its own business
    observation = Observation(answer, [(operation["op"], _outcome(operation["op"], reported, answer))], reported)
    await within.end(observation)
    return observation


@contextmanager
def _no_warning() -> Iterator[None]:
    """Holds back the warning that the marker of a process which dies on purpose stays."""

    def drop(_: logging.LogRecord) -> bool:
        return False

    log = logging.getLogger(deletion.__name__)
    log.addFilter(drop)
    try:
        yield
    finally:
        log.removeFilter(drop)


async def _observe_bulk(stores: Stores, operation: Operation) -> Observation:
    calls = [await observe(stores, call) for call in single_calls(operation)]
    answer = {"result": {"count": len(calls), "last": calls[-1].answer if calls else None}}
    outcomes = [outcome for call in calls for outcome in call.outcomes]
    return Observation(answer, outcomes, [outcome for call in calls for outcome in call.reported])


def _outcome(op: str, reported: list[str], answer: Answer) -> str:
    if reported:
        return reported[-1]
    return str(answer["error"]["kind"]) if "error" in answer else f"{op} reported no outcome"


class _Within:
    """What happens within a deletion callback (`during`), and what another client begins then (`beside`)."""

    def __init__(
        self,
        stores: Stores,
        die: Callable[[], Awaitable[None]] | None,
        connect: Callable[[int], Awaitable[Stores]] | None,
        advance: Callable[[int], None] | None,
    ) -> None:
        self._stores = stores
        self._die = die
        self._connect = connect
        self._advance = advance
        self.heard: list[str] = []
        self._during: list[Observation] = []
        self._beside: asyncio.Task[Observation] | None = None
        self._called = False
        self._cancels = False
        self._cancelled: asyncio.Task[Any] | None = None

    async def call(self, operation: Awaitable[Any]) -> Any:
        """What the operation gives; a `CancelledCallError` if its callback cancelled it."""
        if not self._cancels:
            return await operation
        self._cancelled = asyncio.ensure_future(operation)
        await asyncio.wait([self._cancelled])
        if self._cancelled.cancelled():
            raise CancelledCallError("the call was cancelled")
        return self._cancelled.result()

    def callback(self, tree: Json) -> Callable[[], Awaitable[None]] | Json:
        """The callback that a trace describes; anything else as it is."""
        self._cancels = isinstance(tree, dict) and tree.get("$tree") == "cancel"
        if not isinstance(tree, dict) or "$tree" not in tree:
            return tree

        async def delete_session_tree() -> None:
            for operation in tree.get("during", ()):
                self._during.append(await observe(self._stores, operation))
            if not self._called:
                self._called = True
                await self._happen_beside(tree)
            if self._cancelled is not None:
                self._cancelled.cancel()
                await asyncio.Event().wait()
            if tree["$tree"] == "die" and self._die is not None:
                await self._die()
            if tree["$tree"] in ("fail", "die"):
                raise CallbackError("snapshot deletion failed")

        return delete_session_tree

    async def _happen_beside(self, tree: Operation) -> None:
        """Lets time pass and another client begin: once, even if the store calls the callback again."""
        if "lapse" in tree and self._advance is not None:
            await self._pass_time(tree["lapse"], self._advance)
        beside = _beside(tree)
        if beside is not None and self._connect is not None:
            await self._begin(beside, await self._connect(beside["client"]))

    async def _pass_time(self, lapse: int | list[int], advance: Callable[[int], None]) -> None:
        """Lets time pass; between two times, so much of the event loop's too that the owner renews its lease."""
        first, *others = [lapse] if isinstance(lapse, int) else lapse
        advance(first)
        for other in others:
            await asyncio.sleep(0)  # what renews it has begun then
            hurry(_RENEWAL_S)
            await _until(lambda: "renewed" in self.heard)
            advance(other)

    async def _begin(self, operation: Operation, stores: Stores) -> None:
        """Lets another client begin, and goes on when it waits for this deletion (or has ended, or says nothing)."""
        heard: list[str] = []
        self._beside = asyncio.create_task(observe(stores, operation, heard=heard))
        await _until(lambda: "waiting" in heard or (self._beside is not None and self._beside.done()))

    async def end(self, observation: Observation) -> None:
        """Adds what happened within and beside to what the deletion gave."""
        inner = list(self._during)
        if self._during:
            observation.answer["during"] = [each.answer for each in self._during]
        if self._beside is not None:
            inner.append(await self._beside)
            observation.answer["beside"] = inner[-1].answer
        for each in inner:
            observation.outcomes += each.outcomes
            observation.reported += each.reported


async def _until(condition: Callable[[], bool]) -> None:
    """Waits until it holds; not for long, because a store may say nothing."""
    patience = time.monotonic() + _PATIENCE_S
    while not condition() and time.monotonic() < patience:  # noqa: ASYNC110
        await asyncio.sleep(0)


def clients_of(operation: Operation) -> set[int]:
    """The clients that take part in an operation."""
    beside = _beside(_tree(operation))
    return {operation.get("client", 0)} | ({beside["client"]} if beside is not None else set())


def dies(operation: Operation) -> bool:
    """Whether the operation is a deletion whose process dies in the callback: its client needs a new adapter then."""
    tree = _tree(operation)
    return isinstance(tree, dict) and tree.get("$tree") == "die"


def declared_outcomes() -> dict[str, tuple[str, ...]]:
    """Per operation of the traces, the outcomes that it can have on good and bad input."""
    return {op: OUTCOMES[f"{store}.{method}"] for op, (store, method) in METHODS.items()}


def _tree(operation: Operation) -> Json:
    """The callback of a deletion as a trace describes it; None for other operations."""
    args = operation["args"]
    return args[1] if operation["op"] == "submissions.deleteSession" and len(args) > 1 else None


def _beside(tree: Json) -> Operation | None:
    beside = tree.get("beside") if isinstance(tree, dict) else None
    return beside if isinstance(beside, dict) and isinstance(beside.get("client"), int) else None
