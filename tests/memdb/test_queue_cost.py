"""What the head of a session's queue costs, counted in the time of a queue in which nobody went before."""

from timeit import repeat

from flue_memdb import ManualClock, MemoryDatabase
from flue_memdb.rows import SubmissionRow

_GONE = 50_000


def queue(submissions: int) -> tuple[MemoryDatabase, list[SubmissionRow]]:
    db = MemoryDatabase(clock=ManualClock())
    rows = [SubmissionRow(number, f"s{number}", "session", "direct", "{}", 0) for number in range(submissions)]
    for row in rows:
        db.admit(row)
    return db, rows


def head_seconds(db: MemoryDatabase) -> float:
    return min(repeat(lambda: db.head("session"), number=20, repeat=50))


def test_the_head_of_a_queue_takes_no_longer_when_thousands_have_left_it() -> None:
    short, (only,) = queue(1)
    long, rows = queue(_GONE + 1)
    for row in rows[:-1]:
        assert long.head("session") is row
        long.settle(row)
    assert short.head("session") is only
    assert long.head("session") is rows[-1]
    # A dict would step over the gap: some hundred times as long.
    assert head_seconds(long) < 10 * head_seconds(short)
