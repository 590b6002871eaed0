"""Admission: new work gets its number and its place in its session's queue."""

from itertools import chain

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
            *chain.from_iterable(payload.items()),
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
        same = known.kind == admission.kind and _texts(rows.flat_fields(found[1])) == _texts(payload)
        reached("replayed" if same else "conflict")
        return Admitted(known) if same else Conflict()


def _payload(operation: str, admission: Admission) -> dict[bytes, bytes]:
    """The fields of the payload: the document with markers for its images, and their chunks."""
    document = admission.document
    chunks: list[Chunk] = []
    if admission.kind == "direct" and "images" in document["payload"]:
        images, chunks = detach_images(document["payload"]["images"])
        document = {**document, "payload": {**document["payload"], "images": images}}
    fields = {
        b"payload": json_text(document, operation, "input").encode(),
        b"sessionKey": admission.session_key.encode(),
        b"chunkCount": b"%d" % len(chunks),
    }
    for index, chunk in enumerate(chunks):
        fields[b"chunk:%d" % index] = json_text(chunk).encode()
    return fields


def _texts(payload: dict[bytes, bytes]) -> dict[bytes, bytes]:
    """What two payloads must have in common to be the same: the texts of the document and of its image chunks."""
    return {name: text for name, text in payload.items() if name != b"sessionKey"}


def _created(operation: str, admission: Admission, sequence: int, payload: dict[bytes, bytes]) -> Submission:
    return Submission(
        sequence=sequence,
        submission_id=admission.submission_id,
        session_key=admission.session_key,
        kind=admission.kind,
        input=rows.payload_document(operation, admission.submission_id, admission.kind, payload),
        status="queued",
        accepted_at=admission.accepted_at,
        attempt_count=0,
        max_retry=DEFAULT_MAX_RETRY,
        timeout_at=0,
        lease_expires_at=0,
    )
