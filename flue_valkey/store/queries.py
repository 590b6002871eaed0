"""Questions about submissions."""

from flue_memdb.contract import Submission
from flue_memdb.contract.checks import check_id
from flue_memdb.contract.outcomes import reached
from flue_valkey import rows
from flue_valkey.store import parts
from flue_valkey.store.listing import ListingStore


class QueryStore(ListingStore):
    async def get_submission(self, submission_id: str) -> Submission | None:
        submission_id = check_id("get_submission", "submission_id", submission_id)
        tag, *found = await self._call("get_submission", submission_id=submission_id)
        return None if tag == "unknown" else rows.submission("get_submission", submission_id, *found)

    async def has_unsettled_submissions(self) -> bool:
        tag = "part"
        while tag == "part":
            tag, *_ = await self._run("has_unsettled_submissions", budget=parts.MICROSECONDS)
        reached(tag)
        return tag == "some"

    async def list_runnable_submissions(self) -> list[Submission]:
        heads: dict[str, Submission] = {}
        for submission in await self._list("list_runnable_submissions", rows.submission):
            # One that became the head between two parts, because the other was settled, waits for the next listing.
            heads.setdefault(submission.session_key, submission)
        return [*heads.values()]

    async def list_running_submissions(self) -> list[Submission]:
        return await self._list("list_running_submissions", rows.submission)
