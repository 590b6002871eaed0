"""The transitions of a submission from its claim to its settlement."""

from flue_memdb.contract.failure import error_text
from flue_memdb.contract.inputs import AttemptRef, ClaimRef, Durability, check_attempt, check_claim, check_durability
from flue_memdb.contract.limits import DEFAULT_MAX_RETRY, DEFAULT_TIMEOUT_MS
from flue_memdb.contract.outcomes import reached
from flue_memdb.contract.records import Submission
from flue_memdb.store.connection import Store


class LifecycleStore(Store):
    async def claim_submission(self, claim: ClaimRef) -> Submission | None:
        check_claim("claim_submission", claim)
        db = await self._database("claim_submission")
        row = db.submission(claim.submission_id)
        if row is None:
            reached("unknown")
            return None
        if row.status != "queued":
            reached("not_queued")
            return None
        row.require("sequence")
        if db.head(row.session_key) is not row:
            reached("blocked")
            return None
        row.require("attemptCount", "payload")
        now = db.clock()
        row.status = "running"
        row.attempt_id, row.owner_id = claim.attempt_id, claim.owner_id
        row.lease_expires_at = claim.lease_expires_at
        row.started_at = now
        row.attempt_count += 1
        row.max_retry = DEFAULT_MAX_RETRY
        row.timeout_at = row.timeout_at or now + DEFAULT_TIMEOUT_MS
        db.running[row.submission_id] = row
        reached("claimed")
        return row.record()

    async def mark_submission_input_applied(self, attempt: AttemptRef, durability: Durability | None = None) -> bool:
        check_attempt("mark_submission_input_applied", attempt)
        check_durability("mark_submission_input_applied", durability)
        db = await self._database("mark_submission_input_applied")
        row = db.owned(attempt)
        if isinstance(row, str):
            reached(row)
            return False
        if row.input_applied_at is not None:
            reached("applied_before")
            return True
        now = db.clock()
        row.input_applied_at = now
        if durability is None:
            row.max_retry, row.timeout_at = DEFAULT_MAX_RETRY, now + DEFAULT_TIMEOUT_MS
        else:
            row.max_retry, row.timeout_at = durability.max_retry, durability.timeout_at
        reached("applied")
        return True

    async def request_submission_recovery(self, attempt: AttemptRef) -> bool:
        check_attempt("request_submission_recovery", attempt)
        db = await self._database("request_submission_recovery")
        row = db.owned(attempt)
        if isinstance(row, str):
            reached(row)
            return False
        reached("requested" if row.recovery_requested_at is None else "requested_before")
        if row.recovery_requested_at is None:
            row.recovery_requested_at = db.clock()
        return True

    async def requeue_submission_before_input_applied(self, attempt: AttemptRef) -> bool:
        check_attempt("requeue_submission_before_input_applied", attempt)
        db = await self._database("requeue_submission_before_input_applied")
        row = db.owned(attempt)
        if isinstance(row, str):
            reached(row)
            return False
        if row.input_applied_at is not None:
            reached("input_applied")
            return False
        row.require("sequence")
        row.status = "queued"
        row.attempt_id = row.owner_id = row.started_at = row.recovery_requested_at = None
        row.lease_expires_at = 0
        del db.running[row.submission_id]
        reached("requeued")
        return True

    async def complete_submission(self, attempt: AttemptRef) -> bool:
        check_attempt("complete_submission", attempt)
        return await self._settle("complete_submission", attempt, None)

    async def fail_submission(self, attempt: AttemptRef, error: str | BaseException) -> bool:
        check_attempt("fail_submission", attempt)
        return await self._settle("fail_submission", attempt, error_text("fail_submission", error))

    async def _settle(self, operation: str, attempt: AttemptRef, error: str | None) -> bool:
        db = await self._database(operation)
        row = db.owned(attempt)
        if isinstance(row, str):
            reached(row)
            return False
        row.require("sequence")
        db.settle(row, error)
        reached("settled")
        return True
