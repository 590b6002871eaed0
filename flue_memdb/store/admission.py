"""Admission: new work gets its number and its place in its session's queue."""

from flue_memdb.contract.admission import Admission, admitted_direct, read_direct, read_dispatch
from flue_memdb.contract.errors import SessionBeingDeletedError
from flue_memdb.contract.inputs import DirectInput, DispatchInput
from flue_memdb.contract.json_text import json_text
from flue_memdb.contract.outcomes import reached
from flue_memdb.contract.records import Admitted, Conflict, DispatchAdmission, RetainedReceipt, Submission
from flue_memdb.rows import SubmissionRow
from flue_memdb.store.connection import Store


class AdmissionStore(Store):
    async def admit_dispatch(self, dispatch: DispatchInput) -> DispatchAdmission:
        return await self._admit("admit_dispatch", read_dispatch("admit_dispatch", dispatch))

    async def admit_direct(self, direct: DirectInput) -> Submission:
        admission = read_direct("admit_direct", direct)
        return admitted_direct("admit_direct", admission.submission_id, await self._admit("admit_direct", admission))

    async def _admit(self, operation: str, admission: Admission) -> DispatchAdmission:
        text = json_text(admission.document, operation, "input")
        db = await self._database(operation)
        submission_id = admission.submission_id
        row = db.submission(submission_id)
        if admission.session_key in db.deletions:
            reached("deleting")
            raise SessionBeingDeletedError(operation, admission.session_key)
        if submission_id in db.receipts:
            reached("receipt")
            return RetainedReceipt(submission_id, db.receipts[submission_id])
        if row is not None:
            known = row.record()
            same = row.kind == admission.kind and row.input == text
            reached("replayed" if same else "conflict")
            return Admitted(known) if same else Conflict()
        db.admissions += 1
        row = SubmissionRow(
            db.admissions, submission_id, admission.session_key, admission.kind, text, admission.accepted_at
        )
        db.admit(row)
        reached("created")
        return Admitted(row.record())
