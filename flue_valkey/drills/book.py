"""All calls of a drill beside all that is in the namespace, so that questions about an effect have short answers."""

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property

from flue_memdb.contract import Json, format_offset
from flue_memdb.verification.histories import Call
from flue_valkey.keyspace import Hash, Keyspace

ADMISSIONS = ("submissions.admitDispatch", "submissions.admitDirect")
TAKES = ("submissions.claimSubmission", "submissions.replaceTurnJournalAttempt")
JOURNAL_CHANGES = (
    "submissions.beginTurnJournal",
    "submissions.updateTurnJournalPhase",
    "submissions.markStreamConsumed",
    "submissions.commitTurnJournal",
)
SETTLEMENTS = (
    "submissions.completeSubmission",
    "submissions.failSubmission",
    "submissions.finalizeSubmissionTerminal",
)

ENDS = (
    TAKES[1],
    "submissions.requeueSubmissionBeforeInputApplied",
    "submissions.completeSubmission",
    "submissions.failSubmission",
    "submissions.reserveSubmissionTerminal",
)
"""What ends the time for which an attempt owns its submission."""


def took_effect(call: Call) -> bool:
    """Whether the answer says that something was written."""
    answer = call.answer
    if answer is None or "error" in answer:
        return False
    return answer.get("result", True) not in (None, False)


def may_have(call: Call) -> bool:
    """Whether the call wrote something, or nobody knows."""
    return call.pending or took_effect(call)


def submission_of(call: Call) -> str:
    """The id of the submission that a call is about."""
    document = call.operation["args"][0]
    submission_id: str = document.get("submissionId") or document["dispatchId"]
    return submission_id


def attempt_of(call: Call) -> str:
    """The attempt that has the submission when the call has worked."""
    args = call.operation["args"]
    attempt_id: str = args[1] if call.operation["op"] == TAKES[1] else args[0]["attemptId"]
    return attempt_id


def session_of(admission: Call) -> str:
    """The session key of an admission."""
    return f'agent-session:["{admission.operation["args"][0]["id"]}","default","default"]'


class Book:
    """The calls by what they are about, and the rows."""

    def __init__(self, calls: Sequence[Call], space: Keyspace) -> None:
        self.space = space
        self._by_op: dict[str, list[Call]] = defaultdict(list)
        self._by_submission: dict[str, list[Call]] = defaultdict(list)
        self._deletions: dict[str, list[Call]] = defaultdict(list)
        self._events: dict[str, dict[str, Json]] = {}
        for call in calls:
            op, args = call.operation["op"], call.operation["args"]
            self._by_op[op].append(call)
            if op == "submissions.deleteSession":
                self._deletions[args[0]].append(call)
            elif op.startswith("submissions.") and args and isinstance(args[0], dict):
                self._by_submission[submission_of(call)].append(call)

    @property
    def submissions(self) -> Iterable[str]:
        """All submission ids that a call named."""
        return self._by_submission

    def calls(self, *ops: str) -> list[Call]:
        """The calls of these operations."""
        return [call for op in ops for call in self._by_op[op]]

    def about(self, submission_id: str, *ops: str) -> list[Call]:
        """The calls of these operations about a submission."""
        return [call for call in self._by_submission[submission_id] if call.operation["op"] in ops]

    def row(self, submission_id: str) -> Hash:
        """The row of a submission; empty if there is none."""
        row: Hash = self.space.one("submission", submission_id)
        return row

    def may_be_gone(self, submission_id: str) -> bool:
        """Whether a session deletion may have removed the submission."""
        admissions = self.about(submission_id, *ADMISSIONS)
        return any(
            may_have(deletion) and (deletion.ended or math.inf) > admission.began
            for admission in admissions
            for deletion in self._deletions[session_of(admission)]
        )

    def stream_may_be_gone(self, stream_key: str) -> bool:
        """Whether a session deletion may have removed the segments of a stream."""
        return stream_key in self._streams_that_may_be_gone

    def segments_may_be_deleted(self, stream_key: str) -> bool:
        """Whether somebody may have deleted the segments of a stream."""
        return stream_key in self._deleted_streams

    @cached_property
    def _streams_that_may_be_gone(self) -> set[str]:
        updates = self.calls("submissions.updateTurnJournalPhase")
        return {call.operation["args"][2]["streamKey"] for call in updates if self.may_be_gone(submission_of(call))}

    @cached_property
    def _deleted_streams(self) -> set[str]:
        deletions = self.calls("submissions.deleteStreamChunkSegments")
        return {call.operation["args"][0] for call in deletions if may_have(call)}

    def document(self, session_key: str) -> dict[str, Json] | None:
        """The document of a session, if there is one; a drill's have no images."""
        generation = self.space.one("session", session_key).get("generation", "")
        fields = self.space.one("session_generation", session_key, generation)
        if "session" not in fields:
            return None
        entries = [json.loads(fields[f"entry:{index}"])["value"] for index in range(int(fields["entryCount"]))]
        return {**json.loads(fields["session"]), "entries": entries}

    def events(self, path: str) -> dict[str, Json]:
        """The events of a stream by their offsets."""
        if path not in self._events:
            stored = self.space.one("event_entries", path)
            self._events[path] = {format_offset(int(sequence)): json.loads(text) for sequence, text in stored.items()}
        return self._events[path]
