"""The agent: what is done for one submission, from its input to its last event.

There is one way through, for a first attempt and for one that takes over from an attempt that died: each step is
looked up before it is done, or may be done again. What makes it so is said where it is not obvious.
"""

from collections.abc import Callable
from typing import Any

from bakery.model import Entry, FakeModel
from bakery.orders import path_of
from bakery.oven import Oven
from flue_memdb import AttemptRef, Durability, NewTurnJournal, Stores, Submission, TerminalOutbox
from flue_memdb.contract.records import Phase

PATIENCE_MS = 3_600_000
MAX_ATTEMPTS = 100


class NotOursError(Exception):
    """Another attempt has taken over."""


class Agent:
    """`show` is given every piece of text as it comes from the model."""

    def __init__(self, stores: Stores, model: FakeModel, oven: Oven, show: Callable[[str], object]) -> None:
        self._stores = stores
        self._model = model
        self._oven = oven
        self._show = show

    async def work(self, submission: Submission, now_ms: int) -> None:
        """Brings a submission that this attempt owns to its end. `NotOursError` if it does not own it any more."""
        attempt = AttemptRef(submission.submission_id, submission.attempt_id or "")
        document = await self._stores.sessions.load(submission.session_key) or {"entries": []}
        entries: list[Entry] = document["entries"]
        if submission.input_applied_at is None:
            await self._apply_input(submission, attempt, entries, now_ms)
        await self._close_turn(attempt, entries)
        while entries[-1]["role"] != "assistant":
            await self._turn(submission, attempt, entries)
            await self._close_turn(attempt, entries)
        await self._answer(submission, attempt, entries[-1]["text"])

    async def _apply_input(
        self, submission: Submission, attempt: AttemptRef, entries: list[Entry], now_ms: int
    ) -> None:
        """The input becomes part of the conversation."""
        entry_id = f"{submission.submission_id}/input"
        if all(entry["id"] != entry_id for entry in entries):
            entries.append({"id": entry_id, "role": "user", "text": _text(submission)})
            await self._save(submission, entries)
        durability = Durability(max_retry=MAX_ATTEMPTS, timeout_at=now_ms + PATIENCE_MS)
        _ours(await self._stores.submissions.mark_submission_input_applied(attempt, durability))

    async def _turn(self, submission: Submission, attempt: AttemptRef, entries: list[Entry]) -> None:
        """The model speaks, and may have something baked; then the conversation is that much longer."""
        turn_id = f"{submission.submission_id}/turn-{len(entries)}"
        await self._stores.submissions.renew_leases(submission.owner_id or "", [submission.submission_id])
        loaves = await self._begin_turn(submission, attempt, turn_id, entries[-1]["id"])
        text = await self._text(turn_id, entries, complete=loaves is not None)
        if loaves is None:
            loaves = self._model.tool_request(entries)
            if loaves is not None:
                # Recorded before the call is made: whoever takes over makes this call again, and no other.
                await self._enter_phase(attempt, "tool_request_recorded", tool_request=loaves)
        if loaves is None:
            entries.append({"id": turn_id, "role": "assistant", "text": text})
        else:
            baked = self._oven.bake(turn_id, loaves)
            entries.append({"id": f"{turn_id}/call", "role": "call", "text": text, "loaves": loaves})
            entries.append({"id": turn_id, "role": "tool", "loaves": baked["loaves"], "ready": baked["ready"]})
            event = {"type": "baked", "order": submission.submission_id, "loaves": loaves}
            await self._stores.events.append_event_once(path_of(submission.input["id"]), f"{turn_id}/baked", event)
        await self._save(submission, entries)

    async def _begin_turn(
        self, submission: Submission, attempt: AttemptRef, turn_id: str, leaf_id: str
    ) -> dict[str, int] | None:
        """The turn's journal says that the model is being asked. Gives what an attempt before this one was about to
        have baked in this turn, if it came that far: then the model has said all that it had to say."""
        journal = await self._stores.submissions.get_turn_journal(submission.submission_id)
        if journal is None or journal.turn_id != turn_id:
            await self._stores.submissions.begin_turn_journal(
                NewTurnJournal(
                    submission_id=submission.submission_id,
                    session_key=submission.session_key,
                    kind=submission.kind,
                    attempt_id=attempt.attempt_id,
                    operation_id=submission.submission_id,
                    turn_id=turn_id,
                    phase="before_provider",
                    checkpoint_leaf_id=leaf_id,
                )
            )
        elif journal.phase == "tool_request_recorded":
            recorded: dict[str, int] = journal.tool_request
            return recorded
        await self._enter_phase(attempt, "provider_started", stream_key=turn_id)
        return None

    async def _text(self, stream_key: str, entries: list[Entry], *, complete: bool) -> str:
        """What the model says. Each piece is kept before the next is waited for, so that none is asked for twice."""
        submissions = self._stores.submissions
        pieces = [segment.body for segment in await submissions.get_stream_chunk_segments(stream_key)]
        if not complete:
            async for piece in self._model.stream(entries, "".join(pieces)):
                await submissions.append_stream_chunk_segment(stream_key, len(pieces), piece)
                pieces.append(piece)
                self._show(piece)
        return "".join(pieces)

    async def _close_turn(self, attempt: AttemptRef, entries: list[Entry]) -> None:
        """What the conversation holds now needs no journal any more, and no partial output."""
        submissions = self._stores.submissions
        journal = await submissions.get_turn_journal(attempt.submission_id)
        if journal is not None and journal.turn_id == entries[-1]["id"]:
            if not journal.committed:
                _ours(await submissions.commit_turn_journal(attempt, journal.turn_id))
            await submissions.delete_stream_chunk_segments(journal.turn_id)

    async def _answer(self, submission: Submission, attempt: AttemptRef, text: str) -> None:
        """The last event, and with it the end of the submission."""
        key = f"{submission.submission_id}/answered"
        event = {
            "type": "answered",
            "customer": submission.input["id"],
            "order": submission.submission_id,
            "text": text,
        }
        if submission.kind == "direct":
            outbox = await self._stores.submissions.reserve_submission_terminal(attempt, key, event)
            if outbox is None:
                raise NotOursError
            await publish(self._stores, outbox)
        else:
            await self._stores.events.append_event_once(path_of(submission.input["id"]), key, event)
            _ours(await self._stores.submissions.complete_submission(attempt))

    async def _enter_phase(self, attempt: AttemptRef, phase: Phase, **given: Any) -> None:
        _ours(await self._stores.submissions.update_turn_journal_phase(attempt, phase, **given))

    async def _save(self, submission: Submission, entries: list[Entry]) -> None:
        await self._stores.sessions.save(submission.session_key, {"entries": entries})


async def publish(stores: Stores, outbox: TerminalOutbox) -> None:
    """Appends the last event of a submission, once, and settles it. Any process may do so, and do it again."""
    attempt = AttemptRef(outbox.submission_id, outbox.attempt_id)
    offset = await stores.events.append_event_once(path_of(outbox.event["customer"]), outbox.event_key, outbox.event)
    await stores.submissions.record_submission_terminal_offset(attempt, outbox.event_key, offset)
    await stores.submissions.finalize_submission_terminal(attempt, outbox.event_key)


def _text(submission: Submission) -> str:
    """What was said: a prompt's message, or a dispatch's input."""
    given: str = submission.input["payload"]["message"] if submission.kind == "direct" else submission.input["input"]
    return given


def _ours(answer: bool) -> None:
    if not answer:
        raise NotOursError
