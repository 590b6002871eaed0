"""Admission: new work gets its number and its place in its session's queue."""

from flue_memdb.contract import (
    Admitted,
    Conflict,
    DirectInput,
    DispatchAdmission,
    DispatchInput,
    RetainedReceipt,
    SessionBeingDeletedError,
    Submission,
)
from flue_memdb.contract.admission import Admission, admitted_direct, read_direct, read_dispatch
from flue_memdb.contract.images import Chunk, detach_images
from flue_memdb.contract.json_text import json_text
from flue_memdb.contract.limits import DEFAULT_MAX_RETRY
from flue_memdb.contract.outcomes import reached
from flue_valkey import rows
from flue_valkey.rows import Row
from flue_valkey.store.connection import Store


class AdmissionStore(Store):
    async def admit_dispatch(self, dispatch: DispatchInput) -> DispatchAdmission:
        return await self._admit("admit_dispatch", read_dispatch("admit_dispatch", dispatch))

    async def admit_direct(self, direct: DirectInput) -> Submission:
        admission = read_direct("admit_direct", direct)
        return admitted_direct("admit_direct", admission.submission_id, await self._admit("admit_direct", admission))

    async def _admit(self, operation: str, admission: Admission) -> DispatchAdmission:
        payload = _payload(operation, admission)
        self._connection.require_open(operation)
        tag, *found = await self._run(
            operation,
            *payload,
            script="admit_submission",
            submission_id=admission.submission_id,
            session_key=admission.session_key,
            kind=admission.kind,
            accepted_at=admission.accepted_at,
            max_retry=DEFAULT_MAX_RETRY,
            generation=self._connection.new_id(),
        )
        if tag != "known":
            reached(tag)
        if tag == "deleting":
            raise SessionBeingDeletedError(operation, admission.session_key)
        if tag == "receipt":
            row = Row(operation, f"receipt of {admission.submission_id!r}", [b"acceptedAt", found[0]])
            return RetainedReceipt(admission.submission_id, row.instant(b"acceptedAt"))
        if tag == "created":
            return Admitted(_created(operation, admission, int(found[0]), payload))
        known = rows.submission(operation, admission.submission_id, *found)
        same = known.kind == admission.kind and rows.payload_texts(found[1]) == rows.payload_texts(_encoded(payload))
        reached("replayed" if same else "conflict")
        return Admitted(known) if same else Conflict()


def _payload(operation: str, admission: Admission) -> list[str]:
    """The fields and values of the payload: the document with markers for its images, and their chunks."""
    document = admission.document
    chunks: list[Chunk] = []
    if admission.kind == "direct" and "images" in document["payload"]:
        images, chunks = detach_images(document["payload"]["images"])
        document = {**document, "payload": {**document["payload"], "images": images}}
    fields = ["payload", json_text(document, operation, "input"), "sessionKey", admission.session_key]
    fields += ["chunkCount", str(len(chunks))]
    for index, chunk in enumerate(chunks):
        fields += [f"chunk:{index}", json_text(chunk)]
    return fields


def _encoded(fields: list[str]) -> list[bytes]:
    return [field.encode() for field in fields]


def _created(operation: str, admission: Admission, sequence: int, payload: list[str]) -> Submission:
    return Submission(
        sequence=sequence,
        submission_id=admission.submission_id,
        session_key=admission.session_key,
        kind=admission.kind,
        input=rows.payload_document(operation, admission.submission_id, admission.kind, _encoded(payload)),
        status="queued",
        accepted_at=admission.accepted_at,
        attempt_count=0,
        max_retry=DEFAULT_MAX_RETRY,
        timeout_at=0,
        lease_expires_at=0,
    )
