"""The log: the operations that were made, in the order in which they began."""

import copy
import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flue_memdb.contract.errors import quoted
from flue_memdb.faults.selection import Selection

_SHOWN_CALLS = 50


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """One call of an operation, as it was when it was made or ended.

    `answer` is what the store gave, also where it was lost on the way; `error` is what the caller got instead of it,
    and `faults` the rules that injected something. A call that is under way has `ended` False.
    """

    operation: str
    arguments: Mapping[str, Any]
    answer: Any = None
    error: BaseException | None = None
    faults: tuple[str, ...] = ()
    ended: bool = False

    def __str__(self) -> str:
        given = ", ".join(f"{name}={quoted(value)}" for name, value in self.arguments.items())
        if not self.ended:
            came = "under way"
        elif self.error is None:
            came = quoted(self.answer)
        else:
            came = f"{type(self.error).__name__}: {self.error}"
        by = f"  [{', '.join(self.faults)}]" if self.faults else ""
        return f"{self.operation}({given}) → {came}{by}"


class Log:
    """Calls in the order in which they began; a sequence of `LoggedCall`."""

    def __init__(self, calls: Iterable[LoggedCall] = ()) -> None:
        self._entries = [Entry(call) for call in calls]

    def of(self, *operations: str, **where: object) -> "Log":
        """The calls of these operations (none named: of all) with these arguments; names as for the rules."""
        meant = Selection("log", operations, where)
        return Log(call for call in self if (call.operation, call.arguments) in meant)

    def count(self, *operations: str, **where: object) -> int:
        """How many calls there were."""
        return len(self.of(*operations, **where))

    def only(self, *operations: str, **where: object) -> LoggedCall:
        """The one call that there was; none or several are an `AssertionError` that shows the log."""
        found = self.of(*operations, **where)
        if len(found) != 1:
            asked = ", ".join([*operations, *(f"{name}={value!r}" for name, value in where.items())]) or "any operation"
            raise AssertionError(f"{len(found)} calls of {asked} were made, not one; the log:\n{self}")
        return found[0]

    def clear(self) -> None:
        """Forgets the calls so far; one that is under way is not logged when it ends."""
        self._entries.clear()

    def begin(self, operation: str, arguments: Mapping[str, Any]) -> "Entry":
        """A call begins."""
        entry = Entry(LoggedCall(operation, {name: _copied(value) for name, value in arguments.items()}))
        self._entries.append(entry)
        return entry

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[LoggedCall]:
        return (entry.call for entry in list(self._entries))

    def __getitem__(self, at: int) -> LoggedCall:
        return self._entries[at].call

    def __str__(self) -> str:
        lines = [f"{number:>4}  {call}" for number, call in enumerate(self, 1)]
        left_out = len(lines) - _SHOWN_CALLS
        if left_out > 0:
            lines[:left_out] = [f"      … {left_out} earlier calls"]
        return "\n".join(lines) or "      (no calls)"

    def __repr__(self) -> str:
        return f"<Log of {len(self)} calls\n{self}>"


class Entry:
    """A call's place in the log."""

    def __init__(self, call: LoggedCall) -> None:
        self.call = call

    def fault(self, rule: object) -> None:
        """A rule injected something."""
        self.call = dataclasses.replace(self.call, faults=(*self.call.faults, str(rule)))

    def answered(self, answer: Any) -> None:
        """The store gave an answer."""
        self.call = dataclasses.replace(self.call, answer=_copied(answer))

    def end(self, error: BaseException | None = None) -> None:
        """The caller got the answer, or an error."""
        self.call = dataclasses.replace(self.call, error=error, ended=True)


def _copied(value: Any) -> Any:
    """As it is now: a caller may change it later. What cannot be copied, and a callback, stays what it is."""
    if callable(value):
        return value
    try:
        return copy.deepcopy(value)
    except Exception:  # a caller may give anything; the store refuses it
        return value
