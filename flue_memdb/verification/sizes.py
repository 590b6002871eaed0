"""Long ids and large records: what a part that is smaller than usual holds few of, or one."""

from dataclasses import replace
from random import Random
from typing import Final

from flue_memdb.contract import Json
from flue_memdb.verification.pools import Pools
from flue_memdb.verification.world import Call, World

_LENGTHS: Final = (0, 0, 300, 1_000, 3_000)
_SIZES: Final = (2_000, 8_000, 25_000, 50_000)


def lengthened(rng: Random, names: Pools) -> Pools:
    """The same names, many of them long, of what listings list and deletions delete."""

    def longer(some: list[str]) -> list[str]:
        return [name + "x" * rng.choice(_LENGTHS) for name in some]

    return replace(
        names, instances=longer(names.instances), submissions=longer(names.submissions), runs=longer(names.runs)
    )


def enlarged(world: World, call: Call) -> Call:
    """The same call with a large document, if it is one that writes documents which are read in parts."""
    op, args = call
    if op in _DOCUMENT_AT and len(args) > _DOCUMENT_AT[op]:
        args[_DOCUMENT_AT[op]] = _large(world)
    elif op in _DOCUMENT_IN and isinstance(args[-1], dict):
        args[-1] = {**args[-1], **{name: _large(world) for name in _DOCUMENT_IN[op] if name in args[-1]}}
    elif op == "submissions.admitDirect" and isinstance(args[0], dict):
        args[0] = {**args[0], "payload": {"message": _large(world)}}
    elif op == "sessions.save" and len(args) > 1:
        args[1] = {"entries": [{"id": f"large-{at}", "text": _large(world)} for at in range(world.rng.randrange(1, 5))]}
    return op, args


_DOCUMENT_AT: Final = {
    "events.appendEvent": 1,
    "events.appendEventOnce": 2,
    "submissions.appendStreamChunkSegment": 2,
}
_DOCUMENT_IN: Final = {"submissions.admitDispatch": ("input",), "submissions.reserveSubmissionTerminal": ("event",)}


def _large(world: World) -> Json:
    return {"$repeat": ["x", world.pick(_SIZES)]}
