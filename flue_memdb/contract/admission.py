"""What an admission stores: the checked input as one JSON document, with the facts that its row needs."""

from typing import NamedTuple

from flue_memdb.contract.checks import check_id, check_one_of, check_type
from flue_memdb.contract.errors import InvalidPayloadError, SubmissionConflictError, quoted
from flue_memdb.contract.images import check_images
from flue_memdb.contract.inputs import DirectInput, DispatchInput, check_extra
from flue_memdb.contract.json_text import Json
from flue_memdb.contract.keys import session_storage_key
from flue_memdb.contract.records import Admitted, Conflict, DispatchAdmission, Kind, Submission
from flue_memdb.contract.timestamps import parse_timestamp
from flue_memdb.contract.unset import UNSET

_IMAGE_FIELDS = ("type", "data", "mimeType")


class Admission(NamedTuple):
    """A checked input on its way into a store; `document` is what is stored, and compared, as JSON text."""

    submission_id: str
    session_key: str
    kind: Kind
    accepted_at: int
    document: dict[str, Json]


def read_dispatch(operation: str, dispatch: DispatchInput) -> Admission:
    """The admission of a dispatch; bad input is the typed error of its kind."""
    check_type(operation, "input", dispatch, DispatchInput)
    submission_id = check_id(operation, "dispatch_id", dispatch.dispatch_id)
    if dispatch.input is UNSET:
        raise InvalidPayloadError(operation, "input", "is missing", "give a JSON value; None is one")
    document = {**_document(operation, dispatch), "kind": "dispatch", "submissionId": submission_id}
    return _admission(operation, dispatch, submission_id, "dispatch", document)


def read_direct(operation: str, direct: DirectInput) -> Admission:
    """The admission of a direct prompt; bad input is the typed error of its kind."""
    check_type(operation, "input", direct, DirectInput)
    check_one_of(operation, "kind", direct.kind, ("direct",))
    submission_id = check_id(operation, "submission_id", direct.submission_id)
    _check_payload(operation, direct.payload)
    return _admission(operation, direct, submission_id, "direct", _document(operation, direct))


def admitted_direct(operation: str, submission_id: str, answer: DispatchAdmission) -> Submission:
    """The submission of an admission; anything else is a `SubmissionConflictError`."""
    if isinstance(answer, Admitted):
        return answer.submission
    became = (
        "was admitted before with something else" if isinstance(answer, Conflict) else "was deleted with its session"
    )
    raise SubmissionConflictError(operation, submission_id, f"the id {became}")


def _admission(
    operation: str, record: DispatchInput | DirectInput, submission_id: str, kind: Kind, document: dict[str, Json]
) -> Admission:
    return Admission(
        submission_id=submission_id,
        session_key=session_storage_key(record.id, operation),
        kind=kind,
        accepted_at=parse_timestamp(record.accepted_at, operation, "accepted_at"),
        document=document,
    )


def _document(operation: str, record: DispatchInput | DirectInput) -> dict[str, Json]:
    check_id(operation, "agent", record.agent)
    check_extra(operation, record)
    return record.document()


def _check_payload(operation: str, payload: Json) -> None:
    check_type(operation, "payload", payload, dict)
    if not isinstance(payload.get("message"), str):
        raise InvalidPayloadError(
            operation, "payload['message']", f"is {quoted(payload.get('message'))}", "give a text"
        )
    images = payload.get("images", [])
    check_type(operation, "payload['images']", images, list)
    for index, image in enumerate(images):
        place = f"payload['images'][{index}]"
        check_type(operation, place, image, dict)
        for name in _IMAGE_FIELDS:
            if not isinstance(image.get(name), str):
                raise InvalidPayloadError(
                    operation, f"{place}[{name!r}]", f"is {quoted(image.get(name))}", "give a text"
                )
        check_one_of(operation, f"{place}['type']", image["type"], ("image",))
    check_images(images, operation, "payload['images']")
