"""Questions about submissions."""

from functools import partial

from flue_memdb.contract.checks import check_id
from flue_memdb.contract.outcomes import reached
from flue_memdb.contract.records import Submission
from flue_memdb.rows import SubmissionRow
from flue_memdb.store.connection import Store


class QueryStore(Store):
    async def get_submission(self, submission_id: str) -> Submission | None:
        submission_id = check_id("get_submission", "submission_id", submission_id)
        db = await self._database("get_submission")
        row = db.submission(submission_id)
        reached("unknown" if row is None else "found")
        return None if row is None else row.record()

    async def has_unsettled_submissions(self) -> bool:
        db = await self._database("has_unsettled_submissions")
        unsettled = bool(db.session_unsettled)
        reached("some" if unsettled else "none")
        return unsettled

    async def list_runnable_submissions(self) -> list[Submission]:
        db = await self._database("list_runnable_submissions")
        heads = partial(map, db.head, db.session_unsettled)
        return db.listed(lambda: [row for row in heads() if row and row.status == "queued"], SubmissionRow.record)

    async def list_running_submissions(self) -> list[Submission]:
        db = await self._database("list_running_submissions")
        return db.listed(db.running.values, SubmissionRow.record)
