"""What must be there once: no effect without a call that may have had it, none more often than it was called for."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator

from flue_memdb.contract import Json
from flue_valkey.drills.book import (
    ADMISSIONS,
    ENDS,
    JOURNAL_CHANGES,
    SETTLEMENTS,
    TAKES,
    Book,
    attempt_of,
    may_have,
    submission_of,
    took_effect,
)

_OF_A_CORRUPT_RECORD = "The record is corrupt"


def twice(book: Book) -> Iterator[str]:
    """What happened more than once, or without anybody's call."""
    yield from _admissions(book)
    for submission_id in book.submissions:
        yield from _attempts(book, submission_id)
        yield from _ends(book, submission_id)
        yield from _settlements(book, submission_id)
        yield from _journal(book, submission_id)
    yield from _events(book)


def _admissions(book: Book) -> Iterator[str]:
    named = {submission_of(call) for call in book.calls(*ADMISSIONS) if may_have(call)}
    # A direct submission that a deletion removed while nobody knew of its admission is admitted anew.
    again = sum(book.may_be_gone(each) for each in named)
    counter = int(book.space.one("sequence") or 0)
    if counter > len(named) + again:
        yield f"{counter} submissions were admitted, where {len(named)} were called for"
    sequences = Counter(row["sequence"] for row in book.space.all("submission").values() if "sequence" in row)
    for sequence, times in sequences.items():
        if times > 1:
            yield f"{times} submissions have the sequence {sequence}"


def _attempts(book: Book, submission_id: str) -> Iterator[str]:
    if book.may_be_gone(submission_id):
        return
    takes = [call for call in book.about(submission_id, *TAKES) if may_have(call)]
    winners = Counter((call.answer or {})["result"]["attemptCount"] for call in takes if took_effect(call))
    for count, times in winners.items():
        if times > 1:
            yield f"submission {submission_id} has {times} winners of its attempt {count}"
    count = int(book.row(submission_id).get("attemptCount", "0"))
    if count > len(takes):
        yield f"submission {submission_id} was taken {count} times, where {len(takes)} calls may have taken it"


def _ends(book: Book, submission_id: str) -> Iterator[str]:
    """An attempt that has its submission gives it up once."""
    if book.may_be_gone(submission_id):
        return
    takers = {attempt_of(call) for call in book.about(submission_id, *TAKES) if may_have(call)}
    ends: dict[str, list[str]] = defaultdict(list)
    for call in book.about(submission_id, *ENDS):
        if took_effect(call):
            ends[call.operation["args"][0]["attemptId"]].append(call.operation["op"])
    for attempt_id, ops in ends.items():
        if attempt_id not in takers:
            yield f"submission {submission_id} obeyed the attempt {attempt_id}, which never had it: {', '.join(ops)}"
        reserved = ops.count(ENDS[-1])  # the same again gives what is reserved
        if len(ops) - max(0, reserved - 1) > 1:
            yield f"submission {submission_id} was given up more than once by {attempt_id}: {', '.join(ops)}"
    claims = sum(took_effect(call) for call in book.about(submission_id, TAKES[0]))
    requeues = sum(may_have(call) for call in book.about(submission_id, ENDS[1]))
    if claims > requeues + 1:
        yield f"submission {submission_id} was claimed {claims} times, where {requeues} calls may have requeued it"


def _settlements(book: Book, submission_id: str) -> Iterator[str]:
    settlements = [call for call in book.about(submission_id, *SETTLEMENTS) if may_have(call)]
    successes = sum(took_effect(call) for call in settlements)
    if successes > 1 and not book.may_be_gone(submission_id):
        yield f"submission {submission_id} was settled {successes} times"
    row = book.row(submission_id)
    if row.get("status") != "settled" or row.get("error", "").startswith(_OF_A_CORRUPT_RECORD):
        return
    if row.get("attemptId") not in {attempt_of(call) for call in settlements}:
        yield f"submission {submission_id} is settled under {row.get('attemptId')}, which did not settle it"


def _journal(book: Book, submission_id: str) -> Iterator[str]:
    revision = int(book.space.one("journal", submission_id).get("revision", "0"))
    changes = book.about(submission_id, *JOURNAL_CHANGES, TAKES[1])
    called = sum(may_have(call) for call in changes)
    if revision > called:
        yield f"the journal of submission {submission_id} has revision {revision} of {called} calls"


def _events(book: Book) -> Iterator[str]:
    appends = [call for call in book.calls("events.appendEvent", "events.appendEventOnce") if may_have(call)]
    called_for = {(call.operation["args"][0], _text(call.operation["args"][-1])) for call in appends}
    for path in sorted({path for path, _ in called_for}):
        for text, times in Counter(map(_text, book.events(path).values())).items():
            if times > 1:
                yield f"event {text} stands {times} times in stream {path}"
            if (path, text) not in called_for:
                yield f"event {text} stands in stream {path}, and nobody appended it"


def _text(event: Json) -> str:
    return json.dumps(event, sort_keys=True)
