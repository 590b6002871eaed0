"""Histories: what many clients called at once, and when each call began and ended."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from flue_memdb.verification.observations import Answer, Operation


@dataclass(frozen=True, slots=True)
class Call:
    """One operation of one client. `began` and `ended` are readings of one monotonic clock; a call that is `pending`
    has no answer: it may have happened or not, and may happen still."""

    client: int
    operation: Operation
    began: int
    ended: int | None = None
    answer: Answer | None = None

    @property
    def pending(self) -> bool:
        """Whether nobody knows what became of the call."""
        return self.answer is None

    def loosened(self) -> "Call":
        """The same call, had its answer been lost."""
        return replace(self, ended=None, answer=None)

    def __str__(self) -> str:
        came = "?" if self.pending else self.answer
        what = f"{self.operation['op']} {self.operation['args']}"
        return f"client {self.client} [{self.began}, {self.ended}] {what} → {came}"


@dataclass(frozen=True, slots=True)
class History:
    """Calls on one namespace that was empty before them; the clock stood at `at` all the time."""

    at: int
    calls: Sequence[Call]
