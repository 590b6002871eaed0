"""The protocols of the four stores: what each operation does, whatever the database.

Every method is a coroutine except `subscribe` and `tail`. "Now" is the adapter's clock, in epoch milliseconds. Every
write is atomic. Bad input is refused before anything is read or written: `InvalidIdentifierError`,
`InvalidNumberError`, `InvalidTimestampError` and `InvalidPayloadError` are not repeated below. Unknown ids are no
errors. A record that cannot be read is a `CorruptRecordError`. An attempt *owns* a submission that is running under
that attempt id.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Protocol

from flue_memdb.contract.inputs import (
    AttemptRef,
    ClaimRef,
    DirectInput,
    DispatchInput,
    Durability,
    Lease,
    NewRun,
    NewTurnJournal,
    RunEnd,
)
from flue_memdb.contract.json_text import Json
from flue_memdb.contract.records import (
    AttemptMarker,
    DispatchAdmission,
    EventPage,
    EventStreamMeta,
    Phase,
    RunOwner,
    RunPage,
    RunRecord,
    RunStatus,
    StreamEvent,
    StreamSegment,
    Submission,
    TerminalOutbox,
    TurnJournal,
)
from flue_memdb.contract.subscriptions import Listener
from flue_memdb.contract.unset import UNSET


class SessionStore(Protocol):
    """Session documents: opaque JSON but for `entries`, a list of objects with an `id`."""

    async def save(self, session_key: str, data: dict[str, Json]) -> None:
        """Replaces the whole document. `entries` that is missing, no list, or holds anything but objects with a
        non-empty text `id` is an `InvalidPayloadError`; so is an image of over 14 MiB."""

    async def load(self, session_key: str) -> dict[str, Json] | None:
        """The document as its JSON text reads, `entries` last, or None. Beside a save it is the old or the new one,
        never a mixture."""

    async def delete(self, session_key: str) -> None:
        """Forgets the document; nothing if there is none."""


class SubmissionStore(Protocol):
    """Submissions from admission to settlement, with what their recovery needs."""

    async def get_submission(self, submission_id: str) -> Submission | None:
        """The submission, or None."""

    async def has_unsettled_submissions(self) -> bool:
        """Whether any submission of the namespace is queued, running or terminalizing."""

    async def list_runnable_submissions(self) -> list[Submission]:
        """The queued submissions that are the oldest unsettled one of their session, in admission order."""

    async def list_running_submissions(self) -> list[Submission]:
        """The running submissions, in admission order."""

    async def list_expired_submissions(self) -> list[Submission]:
        """The running submissions with `0 < lease_expires_at < now`, in admission order."""

    async def list_pending_terminal_outboxes(self) -> list[TerminalOutbox]:
        """The terminal outboxes of the terminalizing submissions, in admission order."""

    async def admit_dispatch(self, dispatch: DispatchInput) -> DispatchAdmission:
        """Queues a dispatch under its dispatch id. The same document again gives the submission as it stands now;
        anything else under a known id a `Conflict`; an id whose session was deleted its `RetainedReceipt`. Raises
        `SessionBeingDeletedError` while the session has a deletion marker."""

    async def admit_direct(self, direct: DirectInput) -> Submission:
        """Queues a direct prompt; the same document again gives the submission as it stands now. A conflict or a
        retained receipt is a `SubmissionConflictError`; a deletion marker a `SessionBeingDeletedError`."""

    async def claim_submission(self, claim: ClaimRef) -> Submission | None:
        """A queued head becomes running: attempt, owner, lease and started_at are recorded, attempt_count grows by 1,
        max_retry becomes 10, timeout_at now + 1 h if it was 0. Any other case: None, and nothing changes."""

    async def mark_submission_input_applied(self, attempt: AttemptRef, durability: Durability | None = None) -> bool:
        """True while the attempt owns the submission. The first time records the time and the durability (default:
        10 tries, 1 h from now); later calls change nothing."""

    async def request_submission_recovery(self, attempt: AttemptRef) -> bool:
        """True while the attempt owns the submission; the time of the first request is kept."""

    async def requeue_submission_before_input_applied(self, attempt: AttemptRef) -> bool:
        """True while the attempt owns the submission and no input was applied: it is queued again in its old place,
        without attempt, owner, lease, start and recovery request."""

    async def complete_submission(self, attempt: AttemptRef) -> bool:
        """True while the attempt owns the submission: settled now. The first terminal state stays."""

    async def fail_submission(self, attempt: AttemptRef, error: str | BaseException) -> bool:
        """As `complete_submission`, with an error text: of an exception `str(error)`, or its class name where that is
        empty or fails; an empty text becomes `error`."""

    async def replace_turn_journal_attempt(
        self, attempt: AttemptRef, next_attempt_id: str, lease: Lease | None = None
    ) -> Submission | None:
        """While the attempt owns the submission, hands it to the next attempt: started_at = now, attempt_count + 1,
        the recovery request cleared, the lease if given; an uncommitted journal of the attempt moves along. Returns
        the submission, else None."""

    async def reserve_submission_terminal(
        self, attempt: AttemptRef, event_key: str, event: Json
    ) -> TerminalOutbox | None:
        """An owned direct submission becomes terminalizing and keeps key and event. The same call again gives the
        outbox as it stands; anything else None."""

    async def record_submission_terminal_offset(self, attempt: AttemptRef, event_key: str, offset: str) -> bool:
        """True while terminalizing under this attempt and key, with no offset yet or this very one."""

    async def finalize_submission_terminal(self, attempt: AttemptRef, event_key: str) -> bool:
        """True while terminalizing under this attempt and key, with an offset: settled now, without error."""

    async def begin_turn_journal(self, journal: NewTurnJournal) -> bool:
        """Writes the submission's one journal slot afresh, revision one above the old; always True."""

    async def update_turn_journal_phase(
        self,
        attempt: AttemptRef,
        phase: Phase,
        checkpoint_leaf_id: str | None = None,
        tool_request: Json = UNSET,
        stream_key: str | None = None,
    ) -> bool:
        """True, and the phase and what is given are stored in an uncommitted journal of the attempt; else False. The
        phase `committed` does not commit: `commit_turn_journal` does."""

    async def commit_turn_journal(self, attempt: AttemptRef, committed_leaf_id: str) -> bool:
        """True, and an uncommitted journal of the attempt is committed with its leaf; else False."""

    async def mark_stream_consumed(self, attempt: AttemptRef, stream_key: str) -> bool:
        """True, once, and an uncommitted journal of the attempt that has this stream key is stamped with now; else
        False."""

    async def get_turn_journal(self, submission_id: str) -> TurnJournal | None:
        """The journal, or None."""

    async def append_stream_chunk_segment(self, stream_key: str, segment_index: int, body: str) -> bool:
        """Stores a segment (index from 0, any text) and gives True; False if that index is taken, whose body stays."""

    async def get_stream_chunk_segments(self, stream_key: str) -> list[StreamSegment]:
        """The segments by index, ascending."""

    async def delete_stream_chunk_segments(self, stream_key: str) -> None:
        """Forgets the segments of a stream; nothing if there are none."""

    async def insert_attempt_marker(self, attempt: AttemptRef) -> None:
        """Records that the attempt was started; a marker that is there keeps its time."""

    async def delete_attempt_marker(self, attempt: AttemptRef) -> None:
        """Forgets the marker of exactly this attempt; nothing if there is none."""

    async def list_attempt_markers(self) -> list[AttemptMarker]:
        """All markers, by (created_at, submission id, attempt id)."""

    async def renew_leases(self, owner_id: str, submission_ids: Sequence[str]) -> None:
        """Sets lease_expires_at to now + 30 s on those that are running and of this owner; passes over the others."""

    async def delete_session(self, session_key: str, delete_session_tree: Callable[[], Awaitable[object]]) -> None:
        """Writes a deletion marker, awaits the callback, then removes the session's settled submissions up to the
        marker with all that hangs on them, leaves a receipt of each dispatch, and takes the marker away.

        `SessionBusyError` while anything of the session is unsettled, and from within the callback. What the callback
        raises takes the marker away and is raised again. Calls beside each other share one deletion. The session
        document is the callback's business."""

    async def list_pending_session_deletions(self) -> list[str]:
        """The keys of the sessions that have a deletion marker, by (started_at, key)."""


class RunStore(Protocol):
    """Workflow runs."""

    async def create_run(self, run: NewRun) -> None:
        """Records an active run; nothing changes if the id is known."""

    async def end_run(self, end: RunEnd) -> None:
        """Sets status, end, duration, result and error as given now, also of a run that has ended; nothing if the id is
        unknown."""

    async def get_run(self, run_id: str) -> RunRecord | None:
        """The run, or None."""

    async def lookup_run(self, run_id: str) -> RunOwner | None:
        """The run's id and workflow, or None."""

    async def list_runs(
        self,
        status: RunStatus | None = None,
        workflow_name: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> RunPage:
        """A page of runs, newest first (by instant of start, then by id, both descending). `limit` None or <= 0 means
        100, never over 1,000. A cursor that no page gave is an `InvalidCursorError`."""


class EventStore(Protocol):
    """Append-only event streams."""

    async def create_stream(self, path: str) -> None:
        """Creates a stream; nothing changes if it exists."""

    async def append_event(self, path: str, event: Json) -> str:
        """Appends the event and gives its offset. A stream that was not created is a `StreamNotFoundError`, a closed
        one a `StreamClosedError`."""

    async def append_event_once(self, path: str, key: str, event: Json) -> str:
        """As `append_event` the first time; the same key with the same event gives the first offset again, also after
        the stream was closed; with another event an `EventKeyConflictError`."""

    async def read_events(self, path: str, offset: str = "-1", limit: int | None = None) -> EventPage:
        """The events after the offset (`"-1"` is the start, `"now"` the tail). Limits as in `list_runs`. No stream: no
        events, `"-1"`, up to date, not closed. Any other text is an `InvalidOffsetError`."""

    async def close_stream(self, path: str) -> None:
        """No more appends; nothing if it is closed or missing."""

    async def get_stream_meta(self, path: str) -> EventStreamMeta | None:
        """The last event's offset (`"-1"` before the first) and whether the stream is closed; None without a stream."""

    def subscribe(self, path: str, listener: Listener) -> Callable[[], None]:
        """Calls the listener, without arguments, after each append and close made through these stores, until the
        returned function is called, which may be done twice. What a listener raises is logged, and disturbs nobody."""

    def tail(self, path: str, offset: str = "-1") -> AsyncGenerator[StreamEvent, None]:
        """Every event after the offset, once and in order: those that are stored, then those that come, by whatever
        process they were appended. Ends after the last event of a closed stream; waits for a stream that does not exist
        yet. `"now"` is the tail when the iteration begins. Another call may go on after the offset of the last event.

        Bad input, and an adapter that is closed, are refused by the call itself; an adapter that is closed while
        somebody iterates raises `AdapterClosedError` there. A server that is not available is asked again for a minute,
        then its `StoreUnavailableError` is raised. Whoever ends early calls `aclose()`, or iterates within
        `contextlib.aclosing`."""
