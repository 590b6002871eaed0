"""The transitions of a submission from its claim to its settlement."""

from flue_memdb.contract import AttemptRef, ClaimRef, Durability, Submission
from flue_memdb.contract.failure import error_text
from flue_memdb.contract.inputs import check_attempt, check_claim, check_durability
from flue_memdb.contract.limits import DEFAULT_MAX_RETRY, DEFAULT_TIMEOUT_MS
from flue_valkey import rows
from flue_valkey.store.connection import Store


class LifecycleStore(Store):
    async def claim_submission(self, claim: ClaimRef) -> Submission | None:
        check_claim("claim_submission", claim)
        now = self._clock()
        tag, *found = await self._call(
            "claim_submission",
            submission_id=claim.submission_id,
            attempt_id=claim.attempt_id,
            owner_id=claim.owner_id,
            lease_expires_at=claim.lease_expires_at,
            now=now,
            max_retry=DEFAULT_MAX_RETRY,
            timeout_at=now + DEFAULT_TIMEOUT_MS,
        )
        return rows.submission("claim_submission", claim.submission_id, *found) if tag == "claimed" else None

    async def mark_submission_input_applied(self, attempt: AttemptRef, durability: Durability | None = None) -> bool:
        check_attempt("mark_submission_input_applied", attempt)
        check_durability("mark_submission_input_applied", durability)
        now = self._clock()
        given = durability or Durability(DEFAULT_MAX_RETRY, now + DEFAULT_TIMEOUT_MS)
        tag, *_ = await self._call(
            "mark_submission_input_applied",
            submission_id=attempt.submission_id,
            attempt_id=attempt.attempt_id,
            now=now,
            max_retry=given.max_retry,
            timeout_at=given.timeout_at,
        )
        return tag in ("applied", "applied_before")

    async def request_submission_recovery(self, attempt: AttemptRef) -> bool:
        check_attempt("request_submission_recovery", attempt)
        tag, *_ = await self._call(
            "request_submission_recovery", submission_id=attempt.submission_id, attempt_id=attempt.attempt_id
        )
        return tag in ("requested", "requested_before")

    async def requeue_submission_before_input_applied(self, attempt: AttemptRef) -> bool:
        check_attempt("requeue_submission_before_input_applied", attempt)
        tag, *_ = await self._call(
            "requeue_submission_before_input_applied",
            submission_id=attempt.submission_id,
            attempt_id=attempt.attempt_id,
        )
        return bool(tag == "requeued")

    async def complete_submission(self, attempt: AttemptRef) -> bool:
        check_attempt("complete_submission", attempt)
        tag, *_ = await self._call(
            "complete_submission", submission_id=attempt.submission_id, attempt_id=attempt.attempt_id
        )
        return bool(tag == "settled")

    async def fail_submission(self, attempt: AttemptRef, error: str | BaseException) -> bool:
        check_attempt("fail_submission", attempt)
        tag, *_ = await self._call(
            "fail_submission",
            submission_id=attempt.submission_id,
            attempt_id=attempt.attempt_id,
            error=error_text("fail_submission", error),
        )
        return bool(tag == "settled")
