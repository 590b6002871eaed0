"""Rules: which fault is injected, into which calls, and how often."""

from collections.abc import Collection, Mapping
from typing import Any, Literal, TypeAlias

from flue_memdb.contract.errors import FlueStoreError, StoreUnavailableError, quoted
from flue_memdb.faults.selection import ADAPTER_OPERATIONS, Selection, named_values
from flue_memdb.wrapping import OPERATIONS

Fault: TypeAlias = Literal["fail", "lose_answer", "slow", "down"]
Raised: TypeAlias = Exception | type[FlueStoreError] | None

_SUBJECTS = ("submission_ids", "submission_id", "session_key", "run_id", "path", "stream_key")


class Rule:
    """One rule of a `Faults`: what it does, as it was said, and what it has done.

    `seen` counts the calls that it was meant for, `fired` those into which it injected its fault.
    """

    def __init__(
        self,
        fault: Fault,
        operations: Collection[str],
        where: Mapping[str, object],
        *,
        skip: int = 0,
        every: int | None = None,
        times: int | None = None,
        ms: int = 0,
        error: Raised = None,
    ) -> None:
        for name, number, least in (("skip", skip, 0), ("every", every, 1), ("times", times, 1), ("ms", ms, 0)):
            if number is not None and (type(number) is not int or number < least):
                raise ValueError(f"{fault}: {name} is {number!r}; give an int of at least {least}")
        _check_error(fault, error)
        self.fault = fault
        meant = (*OPERATIONS, *ADAPTER_OPERATIONS) if fault == "down" else operations
        self._selection = Selection(fault, meant, where)
        self.ms = ms
        self.seen = 0
        self.fired = 0
        self._skip = skip
        self._every = every or 1
        self._times = times if times is not None else None if every or fault in ("slow", "down") else 1
        self._error = error
        self._stopped = False
        given = {**where, "skip": skip or None, "every": every, "times": times, "ms": ms or None, "error": error}
        said = [repr(operation) for operation in operations]
        said += [f"{name}={_said(value)}" for name, value in given.items() if value is not None]
        self._text = f"{fault}({', '.join(said)})"

    def stop(self) -> None:
        """Injects nothing from now on."""
        self._stopped = True

    @property
    def over(self) -> bool:
        """Whether it will not fire again: it was stopped, or has fired as often as it was to."""
        return self._stopped or (self._times is not None and self.fired >= self._times)

    def takes(self, operation: str, arguments: Mapping[str, Any]) -> bool:
        """Counts a call, if it is meant for it; whether the fault goes into it."""
        if self.over or (operation, arguments) not in self._selection:
            return False
        self.seen += 1
        turn = self.seen - self._skip
        if turn <= 0 or turn % self._every:
            return False
        self.fired += 1
        return True

    def error(self, operation: str, arguments: Mapping[str, Any]) -> Exception:
        """What a call raises into which the fault goes."""
        lost = self.fault == "lose_answer"
        moment = "after it took effect: its answer is lost" if lost else "before it took effect"
        found = f"injected fault, {moment}, by {self}"
        values = dict(named_values(arguments))
        subject = next((f"{name} {quoted(values[name])}" for name in _SUBJECTS if name in values), "")
        if self._error is None:
            return StoreUnavailableError(operation, subject, found, may_have_happened=lost)
        if isinstance(self._error, type):
            return self._error(operation, subject, found, "expect it: a test asked for it")
        return self._error.with_traceback(None)

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"<{self._text}: {self.report()}>"

    def report(self) -> str:
        """What it has done so far."""
        state = (
            f"fired {_times(self.fired)} in {_calls(self.seen)}" if self.fired else f"never fired, {_calls(self.seen)}"
        )
        return f"{state}, stopped" if self._stopped else state


def _check_error(fault: Fault, error: Raised) -> None:
    if isinstance(error, type):
        if not issubclass(error, FlueStoreError) or error.__init__ is not FlueStoreError.__init__:
            raise ValueError(f"{fault}: error is the class {error.__name__}, which needs arguments; give an instance")
    elif error is not None and not isinstance(error, Exception):
        raise ValueError(f"{fault}: error is {error!r}; give an exception, or a class such as StoreFullError")


def _said(value: object) -> str:
    return value.__name__ if isinstance(value, type) else repr(value)


def _calls(count: int) -> str:
    return "1 such call" if count == 1 else f"{count} such calls"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
