"""Disturbances: steps of a sequence that change what is stored behind the adapters' back, as a crash or a peer would.

Their names are `disturb.NAME`, they have no answer, and one that finds nothing to disturb does nothing. A namespace
that can do them has a method `disturb`; where one of a run cannot, the run leaves them out.

Some must not change any answer; the reference ignores them:

- `addEntry [index, submissionId]`: an entry that the row contradicts, in the index of the `queued`, `running` or
  `terminalizing` ones, or of a settled submission in its session's `queue`;
- `addGhost [index, submissionId, sessionKey]`: an entry without a row, there, or in the session's list (`session`);
- `addGhostMarker [attempt]`, `addGhostDeletion [sessionKey]`, `addGhostRun [runId, workflowName]`: the same for these;
- `halfCreate [path]`: an open stream as its creation leaves it that was cut off;
- `hold [sessionKey]`, `letGo [sessionKey]`: a peer's reader holds the session's document, and lets go of it;
- `stage [sessionKey, how]`: a peer writes a new document, `whole` or in `part`, which it has not published;
- `holdPayload [submissionId]`: a peer's reader holds the payload; `stagePayload [submissionId]`: a peer stages one of a
  submission that it never admits;
- `smallestParts []`, `smallParts []`: for the rest of the sequence, adapters that send or fetch in parts do so in the
  smallest ones, of one thing each; or in ones of few small things or of one large.

Three are probes: somebody looks, and finds what the contract says; then all is as it was. For two a process starts:

- `otherVersion [version]`: the namespace is at this schema version (empty: at none);
- `wrongType [index, ids]`: a text stands where an index should be, or in the `sequence` of admissions, and somebody
  asks for it;
- `unlisted [submissionId]`: a submission that could not be read was settled by a listing, and no index of what is
  unsettled names it; one without a row is named by none.

Some write what an adapter could:

- `publish [sessionKey]`: a peer saves a document without entries;
- `publishStaged [sessionKey]`: it publishes the `whole` one that it has staged, before the last save of another;
- `beginDeletions [prefix, count]`: peers died in deletions of the sessions PREFIX0, PREFIX1 …;
- `beginDeletion [sessionKey]`: a peer died in a deletion that covers the first submission of a settled session;
- `meanwhile [what, id]`: between two parts of the next call, or before it, a peer does a `publish` of a session, or a
  `replaceSegments`, by which a stream has one other segment.

The others damage a record; what that means says the contract, and the reference does the same:

- `spoilSubmission [submissionId, what]`: `submissionId`, `sequence` or `attemptCount` cannot be read, `sessionKey`, the
  `payload` or what leads to it (`generation`) is missing, the `input` is no JSON text, or there is no `row` at all;
- `spoilJournal [submissionId, what]`: `revision` or `kind`; `spoilRun [runId, what]`: `runId`, `payload` or `row`;
- `spoilSession [sessionKey, what]`: the `session` or the `entryCount` cannot be read, the last `entry` is missing, all
  is `gone`, or what stands there is no document (`row`);
- `spoilSegments [streamKey]`;
- `spoilStream [path, what]`: `nextOffset`; the sequence of an event, as a text; or `key NAME`, what that key leads to;
- `spoilDeletion [sessionKey, what]`: of a marker whose owner has died, `cutoff` or `leaseExpiresAt` cannot be read, or
  `ownerId` is missing.
"""

from collections.abc import Callable
from typing import Any, Final, Protocol, runtime_checkable

from flue_memdb.contract import Json, parse_json
from flue_memdb.contract.errors import quoted
from flue_memdb.database import MemoryDatabase
from flue_memdb.rows import DeletionRow, Row

OTHER_INDEX: Final = 1_000
OTHER_TEXT: Final = "another"
"""The segment of a stream that was begun anew."""

_ANY_ADMISSION: Final = 2**53 - 1

DISTURBANCES: Final[dict[str, tuple[str, ...]]] = {
    "disturb.addEntry": ("index", "submissionId"),
    "disturb.addGhost": ("index", "submissionId", "sessionKey"),
    "disturb.addGhostMarker": ("attempt",),
    "disturb.addGhostDeletion": ("sessionKey",),
    "disturb.addGhostRun": ("runId", "workflowName"),
    "disturb.halfCreate": ("path",),
    "disturb.hold": ("sessionKey",),
    "disturb.letGo": ("sessionKey",),
    "disturb.stage": ("sessionKey", "how"),
    "disturb.publish": ("sessionKey",),
    "disturb.holdPayload": ("submissionId",),
    "disturb.stagePayload": ("submissionId",),
    "disturb.publishStaged": ("sessionKey",),
    "disturb.beginDeletions": ("prefix", "count"),
    "disturb.beginDeletion": ("sessionKey",),
    "disturb.meanwhile": ("what", "id"),
    "disturb.smallestParts": (),
    "disturb.smallParts": (),
    "disturb.unlisted": ("submissionId",),
    "disturb.otherVersion": ("version",),
    "disturb.wrongType": ("index", "ids"),
    "disturb.spoilSubmission": ("submissionId", "what"),
    "disturb.spoilJournal": ("submissionId", "what"),
    "disturb.spoilRun": ("runId", "what"),
    "disturb.spoilSession": ("sessionKey", "what"),
    "disturb.spoilSegments": ("streamKey",),
    "disturb.spoilStream": ("path", "what"),
    "disturb.spoilDeletion": ("sessionKey", "what"),
}
"""Per disturbance, what its arguments are called."""


@runtime_checkable
class Disturbable(Protocol):
    """A namespace that can be disturbed."""

    async def disturb(self, name: str, *args: Json) -> None:
        """Does what the disturbance of that name says, the same for the same state."""


@runtime_checkable
class Accountable(Protocol):
    """A namespace that can tell whether an error is about what was damaged there."""

    def names_damage(self, message: str) -> bool:
        """Whether the message of a `corrupt_record` error names a record that was damaged, and what of it."""


def is_disturbance(operation: dict[str, Json]) -> bool:
    """Whether a step of a sequence is a disturbance, and no operation."""
    return str(operation["op"]).startswith("disturb.")


def disturb(db: MemoryDatabase, name: str, *args: Json) -> None:
    """What a disturbance means for the reference: nothing, or that a record cannot be read."""
    if f"disturb.{name}" not in DISTURBANCES:
        raise ValueError(f"there is no disturbance {name!r}")
    if name in _CHANGES:
        _CHANGES[name](db, *args)


def _spoil_submission(db: MemoryDatabase, submission_id: str, what: str) -> None:
    row = db.submissions.get(submission_id)
    for field in _READ_AS.get(what, (what,)):
        _mark(row, field)
    if row is not None and what == "row":
        row.kind = "direct"  # nobody knows any more that it needs a receipt
        if row.status != "settled":
            db.settle(row)


def _spoil_journal(db: MemoryDatabase, submission_id: str, what: str) -> None:
    journal = db.journals.get(submission_id)
    _mark(journal, what)
    if journal is not None and what == "revision":
        journal.revision = 0


def _spoil_session(db: MemoryDatabase, session_key: str, what: str) -> None:
    text = db.sessions.get(session_key)
    if text and (what != "entry" or parse_json(text)["entries"]):
        db.sessions[session_key] = ""


def _spoil_segments(db: MemoryDatabase, stream_key: str) -> None:
    if stream_key in db.segments:
        db.segments[stream_key][-1] = ""


def _spoil_stream(db: MemoryDatabase, path: str, what: str) -> None:
    stream = db.streams.get(path)
    if stream is None:
        return
    key = what.removeprefix("key ")
    if what == "nextOffset" or (key in stream.keys if key != what else int(what) < len(stream.events)):
        _mark(stream, what)


def _spoil_deletion(db: MemoryDatabase, session_key: str, what: str) -> None:
    marker = db.deletions.get(session_key)
    if marker is not None and what == "cutoff":
        marker.cutoff = _ANY_ADMISSION  # nothing of the session was admitted since
    elif marker is not None:
        marker.lease_expires_at = 0


def _publish(db: MemoryDatabase, session_key: str) -> None:
    db.sessions[session_key] = '{"entries":[]}'


def _replace_segments(db: MemoryDatabase, stream_key: str) -> None:
    if stream_key in db.segments:
        db.segments[stream_key] = {OTHER_INDEX: OTHER_TEXT}


def _begin_deletion(db: MemoryDatabase, session_key: str) -> None:
    rows = db.session_submissions.get(session_key)
    if rows and session_key not in db.session_unsettled:
        cutoff = min(row.sequence for row in rows.values())
        db.deletions.setdefault(session_key, DeletionRow(cutoff, db.clock(), "peer", lease_expires_at=0))


def _begin_deletions(db: MemoryDatabase, prefix: str, count: int) -> None:
    for number in range(count):
        marker = DeletionRow(db.admissions, db.clock(), "peer", lease_expires_at=0)
        db.deletions.setdefault(f"{prefix}{number}", marker)


def _mark(row: Row | None, what: str) -> None:
    if row is not None:
        row.unreadable = (*row.unreadable, what)


def words_of_damage(name: str, *args: Json) -> set[str]:
    """What the reference's errors may say of a record that was damaged so."""
    if name == "spoilSession":
        return {f"load: session {quoted(args[0])}: its document is no JSON text"}
    if name == "spoilSegments":
        return {f"get_stream_chunk_segments: segments of stream {quoted(args[0])}: an index is no number"}
    if name not in _ROWS:
        return set()
    return {f"read: {_ROWS[name]}: its {field} cannot be read" for field in _READ_AS.get(args[1], (args[1],))}


_ROWS: Final = {
    "spoilSubmission": "SubmissionRow",
    "spoilJournal": "JournalRow",
    "spoilRun": "RunRow",
    "spoilStream": "StreamRow",
}
_READ_AS: Final = {"generation": ("payload",), "sessionKey": ("submissionId", "sequence")}
_CHANGES: Final[dict[str, Callable[..., Any]]] = {
    "publish": _publish,
    "publishStaged": _publish,
    "beginDeletions": _begin_deletions,
    "beginDeletion": _begin_deletion,
    "meanwhile": lambda db, what, id_: {"publish": _publish, "replaceSegments": _replace_segments}[what](db, id_),
    "spoilSubmission": _spoil_submission,
    "spoilJournal": _spoil_journal,
    "spoilRun": lambda db, run_id, what: _mark(db.runs.get(run_id), what),
    "spoilSession": _spoil_session,
    "spoilSegments": _spoil_segments,
    "spoilStream": _spoil_stream,
    "spoilDeletion": _spoil_deletion,
}
