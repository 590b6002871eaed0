"""One sequence on several engines, in step: every operation on each of them, and the first difference."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from inspect import isawaitable
from itertools import count
from typing import Literal, TypeAlias

from flue_memdb.clock import ManualClock
from flue_memdb.contract import Adapter, FlueStoreError, Json, Stores
from flue_memdb.verification.bulk import BULK
from flue_memdb.verification.comparison import differences, identical, words_of_corrupt_records
from flue_memdb.verification.disturbances import Accountable, Disturbable, is_disturbance
from flue_memdb.verification.engines import Engine, Namespace
from flue_memdb.verification.live import LIVE, told_of_the_end
from flue_memdb.verification.observations import Observation, Operation
from flue_memdb.verification.operations import apply, clients_of, dies, observe
from flue_memdb.verification.shapes import METHODS
from flue_memdb.verification.state import read_state
from flue_memdb.verification.warned import warned

DifferenceKind: TypeAlias = Literal["answer", "outcome", "state", "findings", "keyspace", "closed"]

_ANSWER_WITHIN_S = 30.0
_BULK_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Difference:
    """Where an engine gave something else than the first one.

    `kind` says what differs: an operation's answer, the reason for it, the state that can be read afterwards, the
    findings (`expected` is then empty), the keyspace (of engines with one layout), or what is said before anybody has
    migrated and once the adapter is closed. `index` is the operation's, from 0, or None for what is compared after the
    last one.
    """

    kind: DifferenceKind
    engine: str
    index: int | None
    expected: Json
    got: Json


@dataclass(slots=True)
class SequenceResult:
    """What a sequence came to: the answers and outcomes of the first engine, and the first difference, if any."""

    answers: list[Json] = field(default_factory=list)
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    difference: Difference | None = None


class _Side:
    """One engine's namespace with its clients."""

    def __init__(self, engine: Engine, namespace: Namespace, clock: ManualClock) -> None:
        self.engine = engine
        self.namespace = namespace
        self.clock = clock
        self.reports_outcomes = False
        self.unmigrated: Json = None
        self._is_disturbed = False
        self._adapters: dict[int, Adapter] = {}
        self._stores: dict[int, Stores] = {}

    async def meet_unmigrated(self) -> None:
        """What somebody is told who connects before anybody has migrated, but for the place, is part of `refusals`."""
        adapter = self.namespace.adapter(0)
        try:
            await adapter.connect()
        except FlueStoreError as error:
            self.unmigrated = [type(error).__name__, error.operation, error.found, error.remedy]
        await adapter.close()

    async def connect(self, client: int) -> Stores:
        """The stores of a client, by a new adapter if it has none."""
        if client not in self._stores:
            adapter = self._adapters[client] = self.namespace.adapter(client)
            await adapter.migrate()
            self._stores[client] = await adapter.connect()
        return self._stores[client]

    async def observe(self, operation: Operation) -> Observation:
        """What the operation gives on this side. That it warns of something is one more reason for its answer."""
        client = operation.get("client", 0)
        self.clock.set(max(self.clock(), operation["at"]))
        stores = await self.connect(client)
        within_s = _BULK_WITHIN_S if operation["op"] in BULK else _ANSWER_WITHIN_S
        try:
            with warned() as warnings:
                async with asyncio.timeout(within_s):
                    observation = await observe(
                        stores, operation, self._adapters[client].close, self.connect, advance=self.clock.advance
                    )
        except TimeoutError:
            return Observation({"error": {"kind": "other", "message": f"no answer within {within_s:.0f} s"}})
        if dies(operation):
            await self.disconnect(client)
        else:
            observation.reported += warnings
        self.reports_outcomes = self.reports_outcomes or bool(observation.reported)
        return observation

    async def disturb(self, operation: Operation) -> None:
        """Disturbs the namespace, if it can be disturbed."""
        self.clock.set(max(self.clock(), operation["at"]))
        if isinstance(self.namespace, Disturbable):
            self._is_disturbed = True
            await self.namespace.disturb(operation["op"].removeprefix("disturb."), *operation["args"])

    def accounts_for(self, answers: Json) -> bool:
        """Whether each error in them about a corrupt record names what was damaged in the namespace, if it can tell."""
        if not self._is_disturbed or not isinstance(self.namespace, Accountable):
            return True
        return all(map(self.namespace.names_damage, words_of_corrupt_records(answers)))

    async def refusals(self, operations: Sequence[Operation]) -> dict[str, Json]:
        """What a closed adapter and its stores say: the last operation of each name, and the adapter itself; and a
        tail that waits meanwhile, if somebody followed a stream. What was said before anybody had migrated, too."""
        client = next(iter(self._stores))
        stores, adapter = self._stores[client], self._adapters[client]
        said: dict[str, Json] = {"connect before migrate": self.unmigrated}
        if any(each["op"] in LIVE for each in operations):
            said["a tail that waits"] = await told_of_the_end(
                stores, partial(self.disconnect, client), _ANSWER_WITHIN_S
            )
        else:
            await self.disconnect(client)
        ordinary = {each["op"]: each for each in operations if each["op"] in METHODS}
        said |= {op: await apply(stores, each) for op, each in ordinary.items()}
        calls: dict[str, Callable[[], object]] = {
            "connect": adapter.connect,
            "migrate": adapter.migrate,
            "events.subscribe": partial(stores.events.subscribe, "a stream", print),
            "events.tail": partial(stores.events.tail, "a stream"),
        }
        for name, call in calls.items():
            try:
                called = call()
                if isawaitable(called):
                    await called
            except FlueStoreError as error:
                said[name] = str(error)
        return said

    async def disconnect(self, client: int) -> None:
        """Closes a client's adapter."""
        await self._adapters.pop(client).close()
        del self._stores[client]

    async def close(self) -> None:
        """Ends the clients and the namespace."""
        for client in list(self._stores):
            await self.disconnect(client)
        await self.namespace.close()


async def run_sequence(engines: Sequence[Engine], operations: Sequence[Operation]) -> SequenceResult:
    """Runs the operations on fresh namespaces of all engines, in step, and stops at the first difference.

    Disturbances are left out unless all the namespaces can be disturbed; their answer is empty.
    """
    result = SequenceResult()
    async with AsyncExitStack() as stack:
        clients = {client for operation in operations for client in clients_of(operation)} or {0}
        sides = []
        for engine in engines:
            sides.append(await _opened(engine, clients))
            stack.push_async_callback(sides[-1].close)
        disturbable = all(isinstance(side.namespace, Disturbable) for side in sides)
        for index, operation in enumerate(operations):
            if is_disturbance(operation):
                result.answers.append({})
                for side in sides if disturbable else ():
                    await side.disturb(operation)
                continue
            expected = await sides[0].observe(operation)
            result.answers.append(expected.answer)
            result.outcomes.update(expected.outcomes)
            for side in sides[1:]:
                result.difference = _compared(side, index, expected, await side.observe(operation))
                if result.difference is not None:
                    return result
        result.difference = await _compared_in_the_end(sides, operations)
    return result


async def _opened(engine: Engine, clients: set[int]) -> _Side:
    clock = ManualClock()
    side = _Side(engine, await engine.open(clock, _counted_ids()), clock)
    await side.meet_unmigrated()
    for client in sorted(clients):
        await side.connect(client)
    return side


def _counted_ids() -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"id-{next(numbers):06}"


def _compared(side: _Side, index: int, expected: Observation, got: Observation) -> Difference | None:
    if not identical(expected.answer, got.answer) or not side.accounts_for(got.answer):
        return Difference("answer", side.engine.name, index, expected.answer, got.answer)
    # A store need not say why it answers as it does; one that does must give the same reasons.
    if side.reports_outcomes and expected.reported != got.reported:
        return Difference("outcome", side.engine.name, index, expected.reported, got.reported)
    return None


async def _compared_in_the_end(sides: Sequence[_Side], operations: Sequence[Operation]) -> Difference | None:
    client = operations[0].get("client", 0) if operations else 0
    # Listings mend what a disturbance leaves in their indexes, and only what it leaves.
    disturbed = any(map(is_disturbance, operations))
    found = None if disturbed else await _findings(sides)
    states = [await read_state(await side.connect(client), operations) for side in sides]
    for side, state in zip(sides[1:], states[1:], strict=True):
        different = list(differences(states[0], state))
        different += [call for call, answer in state.items() if not side.accounts_for(answer)]
        if different:
            return Difference("state", side.engine.name, None, _part(states[0], different), _part(state, different))
    found = found or (await _findings(sides) if disturbed else None) or await _compared_keyspaces(sides)
    return found or await _compared_refusals(sides, operations)


async def _findings(sides: Sequence[_Side]) -> Difference | None:
    for side in sides:
        findings = await side.namespace.findings()
        if findings:
            return Difference("findings", side.engine.name, None, [], findings)
    return None


async def _compared_keyspaces(sides: Sequence[_Side]) -> Difference | None:
    first_of_layout: dict[str, dict[str, Json]] = {}
    for side in sides:
        keyspace: dict[str, Json] | None = await side.namespace.keyspace()
        if keyspace is None:
            continue
        expected = first_of_layout.setdefault(side.engine.layout, keyspace)
        different = list(differences(expected, keyspace))
        if different:
            return Difference(
                "keyspace", side.engine.name, None, _part(expected, different), _part(keyspace, different)
            )
    return None


async def _compared_refusals(sides: Sequence[_Side], operations: Sequence[Operation]) -> Difference | None:
    expected, *others = [await side.refusals(operations) for side in sides]
    for side, got in zip(sides[1:], others, strict=True):
        different = list(differences(expected, got))
        if different:
            return Difference("closed", side.engine.name, None, _part(expected, different), _part(got, different))
    return None


def _part(values: dict[str, Json], names: list[str]) -> dict[str, Json]:
    return {name: values[name] for name in names if name in values}
