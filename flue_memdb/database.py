"""The dicts of the reference."""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from os import PathLike
from typing import TYPE_CHECKING, Final, TypeVar

from flue_memdb.clock import Clock, clock_or_system
from flue_memdb.contract.errors import CorruptRecordError
from flue_memdb.contract.ids import random_id
from flue_memdb.contract.inputs import AttemptRef
from flue_memdb.contract.json_text import Json
from flue_memdb.contract.outcomes import reached
from flue_memdb.contract.tails import Tails
from flue_memdb.rows import DeletionRow, JournalRow, RunRow, StreamRow, SubmissionRow
from flue_memdb.run_order import RunOrder

if TYPE_CHECKING:
    from flue_memdb.verification import Trace

DELETIONS_REMEMBERED: Final = 1_000
"""Of so many deletions, the last ones, it is known that they finished or who took them over. A server knows it for ten
minutes by its own clock, which goes on where that of a test stands."""

_T = TypeVar("_T")


class MemoryDatabase:
    """One namespace in memory. Adapters over one database are processes over one server, but for threads: there is no
    lock, so only one at a time may be at work on it."""

    def __init__(self, clock: Clock | None = None, new_id: Callable[[], str] | None = None) -> None:
        self.clock = clock_or_system(clock)
        self.new_id: Callable[[], str] = new_id or random_id
        self.schema_version: int | None = None
        self.admissions = 0
        self.sessions: dict[str, str] = {}
        self.submissions: dict[str, SubmissionRow] = {}
        # Per session, in admission order: its submissions, and those that are not settled. The latter leave from the
        # front, which only an OrderedDict forgets: a dict steps over the gap whenever its first entry is asked for.
        self.session_submissions: dict[str, dict[str, SubmissionRow]] = {}
        self.session_unsettled: dict[str, dict[str, SubmissionRow]] = {}
        self.running: dict[str, SubmissionRow] = {}
        self.terminalizing: dict[str, SubmissionRow] = {}
        self.receipts: dict[str, int] = {}
        self.journals: dict[str, JournalRow] = {}
        self.segments: dict[str, dict[int, str]] = {}
        self.markers: dict[tuple[str, str], int] = {}
        self.deletions: dict[str, DeletionRow] = {}
        self.finished_deletions: deque[str] = deque(maxlen=DELETIONS_REMEMBERED)
        self.deletion_heirs: OrderedDict[str, str] = OrderedDict()
        self.runs: dict[str, RunRow] = {}
        self.run_order = RunOrder()
        self.streams: dict[str, StreamRow] = {}
        self.tails = Tails()

    def snapshot(self) -> dict[str, Json]:
        """Everything that is stored, as a JSON value: the same for the same contents, in an order that people can read.

        The order of keys within a document is part of it; write it with `json.dumps` without `sort_keys`. The clock is
        not in it.
        """
        from flue_memdb.snapshots import write_snapshot  # noqa: PLC0415 -- an app that takes none need not wait for it

        return write_snapshot(self)

    def restore(self, snapshot: Json) -> None:
        """Stores what a snapshot holds in place of everything that is stored now, for all adapters over this database.

        A snapshot that is broken is refused, with the place and what is wrong there (`InvalidInputError`), and nothing
        changes.
        """
        from flue_memdb.snapshots import restore  # noqa: PLC0415

        restore(self, snapshot)

    async def seed(self, source: "Trace | Json | str | PathLike[str]") -> None:
        """Fills an empty database with what a trace leads to or a snapshot holds, or a file of one of them.

        The operations of a trace happen when it says, whatever the database's own clock; one that gives something else
        than the trace says, or fails though it does not say so, is a `TraceError`. All of it is stored, or nothing. A
        database that holds something is a `ValueError`; `restore` replaces what there is.
        """
        from flue_memdb.snapshots.seeding import seed  # noqa: PLC0415

        await seed(self, source)

    def admit(self, row: SubmissionRow) -> None:
        """Adds a queued submission."""
        self.submissions[row.submission_id] = row
        self.session_submissions.setdefault(row.session_key, {})[row.submission_id] = row
        self.session_unsettled.setdefault(row.session_key, OrderedDict())[row.submission_id] = row

    def submission(self, submission_id: str) -> SubmissionRow | None:
        """The submission, if there is one; `CorruptRecordError` if what stands there is no row at all."""
        row = self.submissions.get(submission_id)
        if row is not None:
            row.require("row")
        return row

    def settle(self, row: SubmissionRow, error: str | None = None) -> None:
        """Ends a submission: no status but `settled` ever again."""
        row.status, row.settled_at, row.error = "settled", self.clock(), error
        self.running.pop(row.submission_id, None)
        self.terminalizing.pop(row.submission_id, None)
        self.leave_queue(row)

    def leave_queue(self, row: SubmissionRow) -> None:
        """Takes a settled submission out of its session's queue."""
        _remove(self.session_unsettled, row)

    def forget(self, row: SubmissionRow) -> None:
        """Removes a settled submission with its journal and its journal's segments."""
        journal = self.journals.pop(row.submission_id, None)
        if journal is not None and journal.stream_key is not None:
            self.segments.pop(journal.stream_key, None)
        del self.submissions[row.submission_id]
        _remove(self.session_submissions, row)

    def head(self, session_key: str) -> SubmissionRow | None:
        """The oldest unsettled submission of a session."""
        return next(iter(self.session_unsettled.get(session_key, {}).values()), None)

    def listed(self, rows: Callable[[], Iterable[SubmissionRow]], read: Callable[[SubmissionRow], _T]) -> list[_T]:
        """What `read` makes of these rows, in admission order.

        One that it cannot read is settled with an error, and what that one held up shows.
        """
        records, corrupt = [], []
        for row in sorted(rows(), key=lambda row: row.sequence):
            try:
                records.append(read(row))
            except CorruptRecordError as error:
                corrupt.append((row, f"The record is corrupt: {error.found}."))
        for row, found in corrupt:
            self.settle(row, found)
        if corrupt:
            return self.listed(rows, read)
        reached("some" if records else "none")
        return records

    def owned(self, attempt: AttemptRef) -> SubmissionRow | str:
        """The submission that the attempt owns, or the reason why there is none."""
        row = self.submission(attempt.submission_id)
        if row is None:
            return "unknown"
        if row.status != "running":
            return "not_running"
        return row if row.attempt_id == attempt.attempt_id else "other_attempt"


def _remove(index: dict[str, dict[str, SubmissionRow]], row: SubmissionRow) -> None:
    rows = index[row.session_key]
    del rows[row.submission_id]
    if not rows:
        del index[row.session_key]
