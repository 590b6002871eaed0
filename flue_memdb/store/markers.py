"""Attempt markers: evidence that an attempt was started."""

from flue_memdb.contract.inputs import AttemptRef, check_attempt
from flue_memdb.contract.outcomes import reached
from flue_memdb.contract.records import AttemptMarker
from flue_memdb.store.connection import Store


class MarkerStore(Store):
    async def insert_attempt_marker(self, attempt: AttemptRef) -> None:
        check_attempt("insert_attempt_marker", attempt)
        db = await self._database("insert_attempt_marker")
        key = (attempt.submission_id, attempt.attempt_id)
        reached("kept" if key in db.markers else "inserted")
        db.markers.setdefault(key, db.clock())

    async def delete_attempt_marker(self, attempt: AttemptRef) -> None:
        check_attempt("delete_attempt_marker", attempt)
        db = await self._database("delete_attempt_marker")
        created_at = db.markers.pop((attempt.submission_id, attempt.attempt_id), None)
        reached("unknown" if created_at is None else "deleted")

    async def list_attempt_markers(self) -> list[AttemptMarker]:
        db = await self._database("list_attempt_markers")
        reached("some" if db.markers else "none")
        in_order = sorted((created_at, *attempt) for attempt, created_at in db.markers.items())
        return [
            AttemptMarker(submission_id, attempt_id, created_at) for created_at, submission_id, attempt_id in in_order
        ]
