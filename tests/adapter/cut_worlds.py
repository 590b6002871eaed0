"""What may have happened: every state of the reference that explains the answers so far."""

import pickle
from collections.abc import Iterator

from flue_memdb import ManualClock, MemoryDatabase, memory
from flue_memdb.contract.limits import SCHEMA_VERSION
from flue_memdb.verification import Answer, Operation, observe, read_state
from flue_memdb.verification.comparison import differences, identical


class Worlds:
    """The states that a namespace can be in. An answer rules out those that would have given another one; a call whose
    answer was lost splits each into what it can have come to."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        database = MemoryDatabase()
        database.schema_version = SCHEMA_VERSION
        self._states = {_frozen(database)}

    def __len__(self) -> int:
        return len(self._states)

    async def answered(self, operation: Operation, answer: Answer) -> None:
        """Keeps the states that give this answer."""
        after = [await self._after(state, operation) for state in self._states]
        self._states = {state for state, given in after if identical(given, answer)}

    async def lost(self, operation: Operation) -> None:
        """Nobody knows how much of the operation happened."""
        after = [await self._after(state, part) for state in self._states for part in _parts(operation)]
        self._states |= {state for state, _ in after}

    async def explain(self, state: dict[str, Answer], operations: list[Operation]) -> bool:
        """Whether what can be read now is what can be read in one of the states."""
        for frozen in self._states:
            adapter = memory(self._thawed(frozen))
            if not list(differences(await read_state(await adapter.connect(), operations), state)):
                return True
        return False

    async def _after(self, state: bytes, operation: Operation) -> tuple[bytes, Answer]:
        database = self._thawed(state)
        adapter = memory(database)
        observation = await observe(await adapter.connect(), operation, adapter.close)
        return _frozen(database), observation.answer

    def _thawed(self, state: bytes) -> MemoryDatabase:
        database = MemoryDatabase(clock=self._clock)
        for name, value in pickle.loads(state).items():
            setattr(database, name, value)
        return database


def _parts(operation: Operation) -> Iterator[Operation]:
    """What can have happened of an operation, apart from nothing: all of it; of a deletion, a part of its callback."""
    yield operation
    if operation["op"] == "submissions.deleteSession":
        session_key, tree = operation["args"]
        during = tree.get("during", [])
        for length in range(len(during) + 1):
            yield {**operation, "args": [session_key, {"$tree": "die", "during": during[:length]}]}


def _frozen(database: MemoryDatabase) -> bytes:
    return pickle.dumps({name: value for name, value in vars(database).items() if name not in ("clock", "new_id")})
