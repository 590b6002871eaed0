"""Leases: who keeps a running submission alive, and which were let go."""

from collections.abc import Sequence

from flue_memdb.contract.checks import check_id, check_ids
from flue_memdb.contract.limits import LEASE_MS
from flue_memdb.contract.outcomes import reached
from flue_memdb.contract.records import Submission
from flue_memdb.rows import SubmissionRow
from flue_memdb.store.connection import Store


class LeaseStore(Store):
    async def renew_leases(self, owner_id: str, submission_ids: Sequence[str]) -> None:
        owner_id = check_id("renew_leases", "owner_id", owner_id)
        submission_ids = check_ids("renew_leases", "submission_ids", submission_ids)
        db = await self._database("renew_leases")
        held = [row for row in map(db.running.get, submission_ids) if row is not None and row.owner_id == owner_id]
        lease_expires_at = db.clock() + LEASE_MS
        for row in held:
            row.lease_expires_at = lease_expires_at
        reached("none" if not held else "renewed" if len(held) == len(submission_ids) else "partly")

    async def list_expired_submissions(self) -> list[Submission]:
        db = await self._database("list_expired_submissions")
        now = db.clock()
        return db.listed(
            lambda: [row for row in db.running.values() if 0 < row.lease_expires_at < now], SubmissionRow.record
        )
