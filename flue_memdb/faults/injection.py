"""`Faults`: rules, and the adapters whose operations go through them."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from flue_memdb.clock import ManualClock
from flue_memdb.contract.adapter import Adapter, Stores, check_adapter
from flue_memdb.contract.errors import FlueStoreError, InvalidInputError
from flue_memdb.faults.log import Entry, Log
from flue_memdb.faults.rules import Fault, Raised, Rule
from flue_memdb.wrapping import Carrier, OperationCall, WrappedAdapter

Sleep: TypeAlias = Callable[[float], Awaitable[object]]
"""Waits for so many seconds, as `asyncio.sleep` does."""


class Faults:
    """Faults for the adapters that it is put around, and a log of the operations made through them.

    A call goes through the rules in this order. `down` refuses it, and no other rule sees it. Then the delays of all
    `slow` rules that it is meant for add up. Then the `fail` and `lose_answer` rules are asked in the order in which
    they were made: the first whose turn it is injects its fault, and those behind it do not see the call. So two
    `fail("claim_submission")` make the next two claims fail.

    Operations are named as the methods of the stores (`"claim_submission"`); none named means every operation of the
    stores. `"migrate"` and `"connect"` of the adapter can be named, too; otherwise only `down` refuses them. Further
    keywords pick calls by argument: `submission_id="d1"`, `path="runs/r1"`, `session_key=...`, or any other argument or
    field of a record that is given. A name that does not exist is a `ValueError`. `events.subscribe` and `events.tail`
    are passed through.

    Delays wait in `sleep` (seconds; default `asyncio.sleep`). With a `ManualClock` as `clock` nothing waits: the clock
    is moved by the delay.
    """

    def __init__(self, *, clock: ManualClock | None = None, sleep: Sleep | None = None) -> None:
        if clock is not None and sleep is not None:
            raise ValueError("Faults: give a clock that delays move, or a function that waits, not both")
        if clock is not None and not hasattr(clock, "advance"):
            raise ValueError(f"Faults: clock is {clock!r}, which delays cannot move; give a ManualClock, or none")
        self._clock = clock
        self._sleep = sleep
        self._rules: list[Rule] = []
        self.log = Log()

    def around(self, adapter: Adapter) -> Adapter:
        """An adapter that does what `adapter` does, with these faults. Several share the rules, their counts and the
        log, as processes share a server; what only one of them is to suffer takes a `Faults` of its own."""
        check_adapter("Faults.around", adapter)
        return _FaultyAdapter(adapter, self._carry, self._carry_of_adapter)

    def fail(
        self,
        *operations: str,
        skip: int = 0,
        every: int | None = None,
        times: int | None = None,
        error: Raised = None,
        **where: object,
    ) -> Rule:
        """The next such call fails before it takes effect, with `StoreUnavailableError` (`may_have_happened` False).

        `skip=2` lets two of them pass first; `times=3` is for the next three; `every=3` for each third one from now on,
        and `every=1` for all of them, `times` at most. `error` is raised instead: an exception, or a class such as
        `StoreFullError`. The fault comes before the store's own look at the arguments.
        """
        return self._add("fail", operations, where, skip=skip, every=every, times=times, error=error)

    def lose_answer(
        self,
        *operations: str,
        skip: int = 0,
        every: int | None = None,
        times: int | None = None,
        error: Raised = None,
        **where: object,
    ) -> Rule:
        """The next such call takes effect, and its answer is lost: `StoreUnavailableError` (`may_have_happened` True).

        Counted as by `fail`. An error that the store answers with is lost in the same way, but for bad input and for
        what a deletion callback raised, of which the server was never told.
        """
        return self._add("lose_answer", operations, where, skip=skip, every=every, times=times, error=error)

    def slow(
        self,
        *operations: str,
        ms: int,
        skip: int = 0,
        every: int | None = None,
        times: int | None = None,
        **where: object,
    ) -> Rule:
        """Each such call from now on (`times=1`: the next) takes effect `ms` milliseconds late."""
        return self._add("slow", operations, where, skip=skip, every=every, times=times, ms=ms)

    def down(self) -> Rule:
        """From now on every operation, `migrate` and `connect` fail and take no effect, until `up`."""
        return self._add("down", (), {})

    def up(self) -> None:
        """What is down can be reached again."""
        for rule in self._rules:
            if rule.fault == "down":
                rule.stop()

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules in the order in which they were made, also those that are over."""
        return tuple(self._rules)

    def unused(self) -> list[Rule]:
        """The rules that never fired: a fault that a test meant to have, and did not have."""
        return [rule for rule in self._rules if not rule.fired]

    def __str__(self) -> str:
        """The rules with what they did, and the log."""
        rules = "\n".join(f"      {rule}: {rule.report()}" for rule in self._rules) or "      (no rules)"
        return f"Faults\n{rules}\nOperations\n{self.log}"

    def __repr__(self) -> str:
        return f"<Faults: {', '.join(map(repr, self._rules)) or 'no rules'}; {len(self.log)} operations>"

    def _add(self, fault: Fault, operations: Sequence[str], where: Mapping[str, object], **counts: Any) -> Rule:
        rule = Rule(fault, operations, where, **counts)
        self._rules.append(rule)
        return rule

    async def _carry(self, call: OperationCall) -> Any:
        """Makes a call of a store with the faults that are due."""
        __tracebackhide__ = True  # pytest shows where the app was when the fault hit it
        arguments = call.arguments()
        entry = self.log.begin(call.operation, arguments)
        try:
            answer = await self._inject(call.operation, arguments, call.make, entry)
        except BaseException as error:
            entry.end(error)
            raise
        entry.end()
        return answer

    async def _carry_of_adapter(self, operation: str, call: Callable[[], Awaitable[Any]]) -> Any:
        """Makes a call of an adapter with the faults that are due; it is not logged."""
        return await self._inject(operation, {}, call, Log().begin(operation, {}))

    async def _inject(
        self, operation: str, arguments: Mapping[str, Any], call: Callable[[], Awaitable[Any]], entry: Entry
    ) -> Any:
        __tracebackhide__ = True
        refusing = next(self._due("down", operation, arguments), None)
        if refusing is not None:
            entry.fault(refusing)
            raise refusing.error(operation, arguments)
        for rule in self._due("slow", operation, arguments):
            entry.fault(rule)
            await self._wait(rule.ms)
        failing = next(self._due("fail lose_answer", operation, arguments), None)
        if failing is not None:
            entry.fault(failing)
            if failing.fault == "fail":
                raise failing.error(operation, arguments)
        try:
            answer = await call()
        except FlueStoreError as error:
            if failing is None or isinstance(error, InvalidInputError):
                raise
            raise failing.error(operation, arguments) from error
        entry.answered(answer)
        if failing is not None:
            raise failing.error(operation, arguments)
        return answer

    def _due(self, faults: str, operation: str, arguments: Mapping[str, Any]) -> Iterator[Rule]:
        """The rules of these kinds that take the call; each counts it when it is asked."""
        kinds = faults.split()
        return (rule for rule in self._rules if rule.fault in kinds and rule.takes(operation, arguments))

    async def _wait(self, ms: int) -> None:
        if self._clock is not None:
            self._clock.advance(ms)
            return
        import asyncio  # noqa: PLC0415 -- takes long to import, and is there already where something waits

        await (self._sleep or asyncio.sleep)(ms / 1_000)


class _FaultyAdapter(WrappedAdapter):
    """An adapter with faults."""

    def __init__(self, adapter: Adapter, carry: Carrier, carry_of_adapter: Callable[..., Awaitable[Any]]) -> None:
        super().__init__(adapter, carry)
        self._carry_of_adapter = carry_of_adapter

    async def migrate(self) -> None:
        """As the adapter does, unless a rule is due."""
        await self._carry_of_adapter("migrate", super().migrate)

    async def connect(self) -> Stores:
        """The stores with faults, unless a rule is due."""
        stores: Stores = await self._carry_of_adapter("connect", super().connect)
        return stores
