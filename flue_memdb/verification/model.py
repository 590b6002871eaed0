"""The sequential model: the reference as a function from a state and a step to a state and whether the answer fits.

A step is one operation, or one of the two moments of a session deletion, which is no single moment: its marker is
written, and later what it deletes goes.
"""

import pickle
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from flue_memdb.adapter import memory
from flue_memdb.database import MemoryDatabase
from flue_memdb.store.connection import Connection
from flue_memdb.store.deletion import DeletionStore
from flue_memdb.verification.histories import Call
from flue_memdb.verification.observations import Answer
from flue_memdb.verification.operations import apply
from flue_memdb.verification.replay import same_answer

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Step:
    """One moment of a call; `owner_id` tells the deletions apart."""

    call: Call
    moment: Literal["all", "deletion begins", "deletion ends"] = "all"
    owner_id: str = ""


class Model:
    """The reference at a time that stands still. States are bytes, so that they can be kept and compared."""

    def __init__(self, at: int) -> None:
        self._at = at
        self._known: dict[tuple[bytes, int, str], tuple[bytes, Answer]] = {}
        database = MemoryDatabase()
        _completed(memory(database).migrate())
        self.start = _frozen(database)

    def take(self, state: bytes, step: Step) -> bytes | None:
        """The state after the step; None if the call's answer does not fit it. A pending call's always does."""
        # A search comes by the same step in the same state again and again.
        key = (state, id(step.call.operation), step.moment)
        if key not in self._known:
            self._known[key] = self._taken(state, step)
        after, answer = self._known[key]
        return after if step.call.answer is None or _fits(step, answer) else None

    def _taken(self, state: bytes, step: Step) -> tuple[bytes, Answer]:
        database = MemoryDatabase(clock=lambda: self._at)
        for name, value in pickle.loads(state).items():  # noqa: S301 -- made by this class a moment ago
            setattr(database, name, value)
        if step.moment == "all":
            answer = _completed(apply(_completed(memory(database).connect()), step.call.operation))
        elif step.moment == "deletion begins":
            answer = _begin(database, step)
        else:
            answer = _end(database, step)
        return _frozen(database), answer


def _fits(step: Step, answer: Answer) -> bool:
    given = step.call.answer
    if given is None or answer == _SHARED:
        return True
    if step.moment == "deletion begins":
        refused = given.get("error", {}).get("kind") == "session_busy"
        return bool(refused == (answer == _BUSY))
    return same_answer(given, answer)


_BUSY: Answer = {"error": {"kind": "session_busy"}}
_FAILED: Answer = {"error": {"kind": "callback"}}
_SHARED: Answer = {"shared": True}
_WAITING: Answer = {"waiting": True}


def _begin(database: MemoryDatabase, step: Step) -> Answer:
    begun = _completed(_deletions(database).begin_deletion(step.call.operation["args"][0], step.owner_id))
    return _BUSY if begun.state == "busy" else {}


def _end(database: MemoryDatabase, step: Step) -> Answer:
    session_key, tree = step.call.operation["args"]
    marker = database.deletions.get(session_key)
    if marker is None:
        return _SHARED  # the deletion of another, which is over
    if marker.owner_id != step.owner_id:
        return _WAITING
    if tree["$tree"] == "fail":
        _completed(_deletions(database).abandon_deletion(session_key, step.owner_id))
        return _FAILED
    _completed(_deletions(database).finish_deletion(session_key, step.owner_id))
    return {}


def _deletions(database: MemoryDatabase) -> DeletionStore:
    return DeletionStore(Connection(database))


def _completed(coroutine: Coroutine[Any, Any, _T]) -> _T:
    """What the coroutine gives; the reference's operations never wait for anything."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: _T = done.value
        return result
    raise RuntimeError("an operation of the reference waited for something")


def _frozen(database: MemoryDatabase) -> bytes:
    return pickle.dumps({name: value for name, value in vars(database).items() if name not in ("clock", "new_id")})
