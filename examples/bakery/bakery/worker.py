"""The worker: looks for work until there is none, its own and what others left when they died."""

import secrets
from contextlib import suppress

from bakery import closing
from bakery.agent import Agent, NotOursError, publish
from flue_memdb import AttemptRef, ClaimRef, Clock, Lease, Stores, Submission

LEASE_MS = 30_000


class Worker:
    """`owner` names the place where it works. Two workers of one name never run at once: what the name still holds when
    a worker begins was left by one that died."""

    def __init__(self, stores: Stores, agent: Agent, clock: Clock, owner: str) -> None:
        self._stores = stores
        self._agent = agent
        self._clock = clock
        self._owner = owner

    async def work(self) -> None:
        """Works until nothing is left to do."""
        for submission in await self._stores.submissions.list_running_submissions():
            if submission.owner_id == self._owner:
                await self._take_over(submission)
        while await self._round():
            pass

    async def _round(self) -> bool:
        """Does everything that waits, and gives whether there was anything."""
        submissions = self._stores.submissions
        ended = [await closing.go_on(self._stores, self._clock, run) for run in await closing.begun(self._stores)]
        outboxes = await submissions.list_pending_terminal_outboxes()
        for outbox in outboxes:
            await publish(self._stores, outbox)
        expired = await submissions.list_expired_submissions()
        for submission in expired:
            await self._take_over(submission)
        runnable = await submissions.list_runnable_submissions()
        for submission in runnable:
            await self._begin(submission)
        return any(ended) or bool(outboxes or expired or runnable)

    async def _begin(self, submission: Submission) -> None:
        """Works on what is queued, unless another worker was quicker."""
        lease = self._lease()
        claim = ClaimRef(submission.submission_id, _new_attempt_id(), lease.owner_id, lease.lease_expires_at)
        await self._attempt(await self._stores.submissions.claim_submission(claim))

    async def _take_over(self, submission: Submission) -> None:
        """Goes on with what an attempt left that died."""
        submissions = self._stores.submissions
        died = AttemptRef(submission.submission_id, submission.attempt_id or "")
        if submission.input_applied_at is None:
            await submissions.requeue_submission_before_input_applied(died)
        elif submission.attempt_count >= submission.max_retry:
            await submissions.fail_submission(died, f"given up after {submission.attempt_count} attempts")
        else:
            await self._attempt(await submissions.replace_turn_journal_attempt(died, _new_attempt_id(), self._lease()))

    async def _attempt(self, submission: Submission | None) -> None:
        if submission is not None:
            # A worker that has lost its submission to another one leaves it to that one.
            with suppress(NotOursError):
                await self._agent.work(submission, self._clock())

    def _lease(self) -> Lease:
        return Lease(self._owner, self._clock() + LEASE_MS)


def _new_attempt_id() -> str:
    return f"attempt-{secrets.token_hex(8)}"
