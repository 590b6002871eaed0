"""Leases: who keeps a running submission alive, and which were let go."""

from collections.abc import Sequence

from flue_memdb.contract import Submission
from flue_memdb.contract.checks import check_id, check_ids
from flue_memdb.contract.limits import LEASE_MS
from flue_memdb.contract.outcomes import reached
from flue_valkey import rows
from flue_valkey.scripts import Value
from flue_valkey.store import parts
from flue_valkey.store.listing import ListingStore


class LeaseStore(ListingStore):
    async def renew_leases(self, owner_id: str, submission_ids: Sequence[str]) -> None:
        owner_id = check_id("renew_leases", "owner_id", owner_id)
        submission_ids = check_ids("renew_leases", "submission_ids", submission_ids)
        values: dict[str, Value] = {"owner_id": owner_id, "lease_expires_at": self._clock() + LEASE_MS}
        tags = set()
        for part in parts.of_ids(submission_ids, parts.LEASES):
            tag, *_ = await self._run("renew_leases", *part, script="renew_leases", **values)
            tags.add(tag)
        reached("partly" if len(tags) > 1 else tags.pop())

    async def list_expired_submissions(self) -> list[Submission]:
        return await self._list("list_expired_submissions", rows.submission)
