"""The operations of the four stores as data: one line of a trace, made to happen on any stores."""

import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TypeAlias

from flue_memdb.contract import FlueStoreError, Json, Stores, deletion
from flue_memdb.contract.outcomes import listening
from flue_memdb.verification.bulk import BULK, single_calls
from flue_memdb.verification.outcomes import OUTCOMES
from flue_memdb.verification.shapes import METHODS, SHAPES, read_arguments
from flue_memdb.verification.values import to_json

Operation: TypeAlias = dict[str, Json]
"""`{"at", "client", "op", "args"}`, as a line of a trace."""

Answer: TypeAlias = dict[str, Json]
"""`{"result": JSON}`, `{}` where the operation gives nothing, or `{"error": {"kind", "message"}}`."""


class CallbackError(Exception):
    """What a deletion callback raises that was told to fail."""


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
    stores: Stores, operation: Operation, die: Callable[[], Awaitable[None]] | None = None
) -> Observation:
    """As `apply`, with everything that it and the operations within it came to.

    `die` closes the stores' adapter: that is how the callback `{"$tree": "die"}` ends its process, whose marker stays;
    without it, such a callback fails like `{"$tree": "fail"}`.
    """
    if operation["op"] in BULK:
        return await _observe_bulk(stores, operation)
    store, method = METHODS[operation["op"]]
    shape = SHAPES[f"{store}.{method}"]
    during: list[Observation] = []
    with listening() as reported, _no_warning() if dies(operation) else nullcontext():
        try:
            arguments, options = read_arguments(method, shape, operation.get("args", []))
            if method == "delete_session":
                arguments[1] = _callback(stores, arguments[1], during, die)
            result = await getattr(getattr(stores, store), method)(*arguments, **options)
            answer = {"result": to_json(result)} if shape.gives else {}
        except FlueStoreError as error:
            answer = {"error": {"kind": error.kind, "message": str(error)}}
        except CallbackError as error:
            answer = {"error": {"kind": "callback", "message": str(error)}}
        except Exception as error:  # any other is a bug of the stores, which a comparison must show and not stop at
            answer = {"error": {"kind": "other", "message": f"{type(error).__name__}: {error}"}}
    observation = Observation(answer, [(operation["op"], _outcome(operation["op"], reported, answer))], reported)
    if during:
        answer["during"] = [inner.answer for inner in during]
        for inner in during:
            observation.outcomes += inner.outcomes
            observation.reported += inner.reported
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


def _callback(
    stores: Stores, tree: Json, during: list[Observation], die: Callable[[], Awaitable[None]] | None
) -> Callable[[], Awaitable[None]] | Json:
    if not isinstance(tree, dict) or "$tree" not in tree:
        return tree

    async def delete_session_tree() -> None:
        for operation in tree.get("during", ()):
            during.append(await observe(stores, operation))  # noqa: PERF401 -- what was done counts if one fails
        if tree["$tree"] == "die" and die is not None:
            await die()
        if tree["$tree"] in ("fail", "die"):
            raise CallbackError("snapshot deletion failed")

    return delete_session_tree


def dies(operation: Operation) -> bool:
    """Whether the operation is a deletion whose process dies in the callback: its client needs a new adapter then."""
    tree = operation["args"][1] if operation["op"] == "submissions.deleteSession" and len(operation["args"]) > 1 else 0
    return isinstance(tree, dict) and tree.get("$tree") == "die"


def declared_outcomes() -> dict[str, tuple[str, ...]]:
    """Per operation of the traces, the outcomes that it can have on good and bad input."""
    return {op: OUTCOMES[f"{store}.{method}"] for op, (store, method) in METHODS.items()}
