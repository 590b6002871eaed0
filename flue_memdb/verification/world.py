"""What a generated sequence knows: its names, the state of a private reference, and the calls that were made."""

import copy
from collections.abc import Callable, Iterable, Sequence
from random import Random
from typing import TypeAlias, TypeVar

from flue_memdb.contract import Json
from flue_memdb.database import MemoryDatabase
from flue_memdb.rows import SubmissionRow
from flue_memdb.verification.pools import Pools

Call: TypeAlias = tuple[str, list[Json]]
"""An operation's name and its arguments."""

_T = TypeVar("_T")


class World:
    """The state that the next call is chosen by."""

    def __init__(self, rng: Random, names: Pools, db: MemoryDatabase) -> None:
        self.rng = rng
        self.names = names
        self.db = db
        self.past: dict[str, list[list[Json]]] = {}
        self.cursors: list[str] = []
        self.appointment: int | None = None

    def chance(self, probability: float) -> bool:
        """True that often."""
        return self.rng.random() < probability

    def pick(self, items: Sequence[_T]) -> _T:
        """One of them."""
        return self.rng.choice(items)

    def maybe(self, items: Iterable[_T], otherwise: Sequence[_T], probability: float = 0.85) -> _T:
        """One of `items`, if there is one; now and then one of `otherwise` all the same."""
        found = list(items)
        return self.pick(found) if found and self.chance(probability) else self.pick(otherwise)

    def remember(self, call: Call) -> None:
        """Keeps a call, so that it can be made again."""
        self.past.setdefault(call[0], []).append(call[1])

    def again(self, *ops: str) -> Call | None:
        """A copy of an earlier call of these operations."""
        calls = [(op, args) for op in ops for args in self.past.get(op, ())]
        return copy.deepcopy(self.pick(calls)) if calls else None

    def rows(self, *statuses: str) -> list[SubmissionRow]:
        """The submissions with one of these statuses."""
        return [row for row in self.db.submissions.values() if row.status in statuses]

    def attempt(self, *statuses: str, where: Callable[[SubmissionRow], bool] = lambda _: True) -> dict[str, Json]:
        """An attempt, mostly the current one of a submission with such a status; else a stale one, or any."""
        rows = [row for row in self.rows(*statuses) if where(row)] or self.rows(*statuses)
        if rows and self.chance(0.85):
            row = self.pick(rows)
            attempt_id = row.attempt_id if row.attempt_id and self.chance(0.85) else self.pick(self.names.attempts)
            return {"submissionId": row.submission_id, "attemptId": attempt_id}
        submission_id = self.pick(self.names.submissions)
        known = self.db.submissions.get(submission_id)
        current = known.attempt_id if known and self.chance(0.7) else None
        return {"submissionId": submission_id, "attemptId": current or self.pick(self.names.attempts)}

    def journal_attempt(self) -> dict[str, Json]:
        """An attempt, mostly the one that a journal belongs to; of an uncommitted one, if there is one."""
        journals = [journal for journal in self.db.journals.values() if not journal.committed]
        if not journals or self.chance(0.25):
            journals = list(self.db.journals.values())
        if not journals or self.chance(0.1):
            return self.attempt("running")
        journal = self.pick(journals)
        attempt_id = journal.attempt_id if self.chance(0.85) else self.pick(self.names.attempts)
        return {"submissionId": journal.submission_id, "attemptId": attempt_id}
