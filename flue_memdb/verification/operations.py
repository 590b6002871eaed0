"""The operations of the four stores as data: one line of a trace, made to happen on any stores."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from typing import Final

from flue_memdb.contract import FlueStoreError, Json, Stores
from flue_memdb.contract.outcomes import listening
from flue_memdb.verification.bulk import BULK, single_calls
from flue_memdb.verification.live import LIVE, observe_live, operations_within
from flue_memdb.verification.observations import Answer, Observation, Operation
from flue_memdb.verification.outcomes import OUTCOMES
from flue_memdb.verification.shapes import METHODS, SHAPES, read_arguments
from flue_memdb.verification.traces import TraceError
from flue_memdb.verification.values import to_json
from flue_memdb.verification.warned import warned
from flue_memdb.verification.within import CallbackError, CancelledCallError, Within, beside_of

_CALLS_A_TURN: Final = 400
"""Other tasks have at least one turn in so many calls, whatever makes an adapter give it to them."""


async def apply(stores: Stores, operation: Operation) -> Answer:
    """Makes the operation happen and gives what its line in a trace would carry.

    It does not raise for an operation's own error: that is the answer. One that does not exist is a `TraceError`. A
    bulk step (`bulk.py`) gives `{"result": {"count", "last"}}`: how many calls it made, and the answer of the last.
    What a live step gives says `live.py`.
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
    if operation["op"] in LIVE:
        return await observe_live(observe, stores, operation, connect)
    if operation["op"] not in METHODS:
        raise TraceError(f"there is no operation {operation['op']!r}")
    store, method = METHODS[operation["op"]]
    shape = SHAPES[f"{store}.{method}"]
    within = Within(observe, stores, operation.get("client", 0), die, connect, advance)
    # That the marker of a process which dies on purpose stays needs no warning.
    with listening(heard) as reported, warned() if dies(operation) else nullcontext():
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
    inner = await within.end(answer)  # before the outcome is known of a deletion that goes on for another caller
    outcomes = [(operation["op"], _outcome(operation["op"], reported, answer))]
    return Observation(
        answer,
        outcomes + [outcome for each in inner for outcome in each.outcomes],
        reported + [outcome for each in inner for outcome in each.reported],
    )


async def _observe_bulk(stores: Stores, operation: Operation) -> Observation:
    made = list(single_calls(operation))
    turns = len(made) // _CALLS_A_TURN
    others = asyncio.create_task(_have_turns(turns))
    calls = [await observe(stores, call) for call in made]
    answer: Answer = {"result": {"count": len(calls), "last": calls[-1].answer if calls else None}}
    if turns and not others.done():
        message = f"another task had fewer than {turns} turns in {len(made)} calls"
        answer = {"error": {"kind": "other", "message": message}}
    others.cancel()
    outcomes = [outcome for call in calls for outcome in call.outcomes]
    return Observation(answer, outcomes, [outcome for call in calls for outcome in call.reported])


async def _have_turns(count: int) -> None:
    """What another task does that ends in so many turns."""
    for _ in range(count - 1):
        await asyncio.sleep(0)


def _outcome(op: str, reported: list[str], answer: Answer) -> str:
    if reported:
        return reported[-1]
    return str(answer["error"]["kind"]) if "error" in answer else f"{op} reported no outcome"


def clients_of(operation: Operation) -> set[int]:
    """The clients that take part in an operation."""
    beside = beside_of(_tree(operation))
    others = [*operations_within(operation), *([beside] if beside is not None else [])]
    return {operation.get("client", 0), *(each["client"] for each in others)}


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
