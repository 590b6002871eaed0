"""Admission: new work gets its number and its place in the queue, the same work again is recognised."""

import asyncio
import dataclasses
import json

import pytest

from flue_memdb.clock import ManualClock
from flue_memdb.conformance.examples import (
    NOW,
    NOW_MS,
    SESSION,
    admit,
    attempt,
    direct,
    dispatch,
    image,
    running,
    settled,
    submission_of,
)
from flue_memdb.conformance.picture import nothing_changes
from flue_memdb.conformance.suite import Contract
from flue_memdb.contract import (
    UNSET,
    Admitted,
    Conflict,
    DirectInput,
    DispatchInput,
    InvalidIdentifierError,
    InvalidPayloadError,
    InvalidTimestampError,
    Json,
    Stores,
    Submission,
    SubmissionConflictError,
    session_storage_key,
)

_QUEUED = Submission(
    sequence=1,
    submission_id="d1",
    session_key=SESSION,
    kind="dispatch",
    input={
        "dispatchId": "d1",
        "agent": "planner",
        "id": "crew",
        "input": {"text": "plan the day"},
        "acceptedAt": NOW,
        "kind": "dispatch",
        "submissionId": "d1",
    },
    status="queued",
    accepted_at=NOW_MS,
    attempt_count=0,
    max_retry=10,
    timeout_at=0,
    lease_expires_at=0,
)

_OTHERWISE: dict[str, dict[str, Json]] = {
    "agent": {"agent": "writer"},
    "session": {"id": "else"},
    "accepted_at": {"accepted_at": "2026-06-03T09:30:00.001Z"},
    "accepted_at in another form": {"accepted_at": "2026-06-03T09:30:00Z"},
    "trace carrier": {"trace_carrier": {"traceparent": "00-1"}},
    "trace carrier null": {"trace_carrier": None},
    "extra": {"extra": {"priority": 1}},
}

_NO_PAYLOADS: dict[str, Json] = {
    "text": "hello",
    "null": None,
    "list": [],
    "no message": {"images": []},
    "message null": {"message": None},
    "message a number": {"message": 1},
    "images null": {"message": "m", "images": None},
    "images an object": {"message": "m", "images": {}},
    "image a text": {"message": "m", "images": ["x"]},
    "image of another type": {"message": "m", "images": [image(), image() | {"type": "audio"}]},
    "image without type": {"message": "m", "images": [{"data": "x", "mimeType": "image/png"}]},
    "image without data": {"message": "m", "images": [{"type": "image", "mimeType": "image/png"}]},
    "image with bytes": {"message": "m", "images": [image() | {"data": b"x"}]},
    "image without mime type": {"message": "m", "images": [{"type": "image", "data": "x"}]},
    "image with a number as mime type": {"message": "m", "images": [image() | {"mimeType": 1}]},
}


class TestAdmission(Contract):
    """`admit_dispatch` and `admit_direct`."""

    async def test_a_new_dispatch_is_a_queued_submission(self, stores: Stores, other: Stores) -> None:
        """A new id is a queued submission with attempt_count 0, max_retry 10, timeout_at 0, lease_expires_at 0; the
        dispatch id is the submission id, and the session that of the instance."""
        assert await stores.submissions.admit_dispatch(dispatch("d1")) == Admitted(_QUEUED)
        assert await other.submissions.get_submission("d1") == _QUEUED

    async def test_a_new_direct_prompt_is_a_queued_submission(self, stores: Stores, other: Stores) -> None:
        """`admit_direct` gives the submission itself; its input is the prompt as it was given."""
        document: Json = {"kind": "direct", "submissionId": "p1", "agent": "planner", "id": "crew"}
        document |= {"payload": {"message": "hello"}, "acceptedAt": NOW}
        expected = dataclasses.replace(_QUEUED, submission_id="p1", kind="direct", input=document)
        assert await stores.submissions.admit_direct(direct("p1")) == expected
        assert await other.submissions.get_submission("p1") == expected

    @pytest.mark.parametrize("instance", ["crew", 'a "b" \\', "a/b:c,d", "日本 😀", "null\0", " "])
    async def test_the_session_is_that_of_the_instance(self, stores: Stores, instance: str) -> None:
        """A submission's session is `agent-session:["INSTANCE","default","default"]`, its instance's default one."""
        parts = json.dumps([instance, "default", "default"], ensure_ascii=False, separators=(",", ":"))
        assert (await admit(stores, dispatch(instance=instance))).session_key == f"agent-session:{parts}"
        assert session_storage_key(instance) == f"agent-session:{parts}"

    async def test_admissions_are_numbered_over_the_namespace(self, stores: Stores, other: Stores) -> None:
        """Admission numbers them 1, 2, 3 … over the whole namespace; what admits nothing new takes no number."""
        assert (await admit(stores, dispatch("d1"))).sequence == 1
        assert (await admit(stores, dispatch("d1"))).sequence == 1
        assert await stores.submissions.admit_dispatch(dispatch("d1", input="else")) == Conflict()
        assert (await admit(other, direct("p1", "another crew"))).sequence == 2
        with pytest.raises(SubmissionConflictError):
            await admit(stores, direct("d1"))
        assert (await admit(stores, dispatch("d2"))).sequence == 3

    async def test_concurrent_admissions_of_one_id_admit_it_once(self, stores: Stores, other: Stores) -> None:
        """Two callers never both win: one admits, the others get its submission."""
        answers = await asyncio.gather(
            *(some.submissions.admit_dispatch(dispatch("d1")) for some in (stores, other) for _ in range(5))
        )
        assert answers == [Admitted(_QUEUED)] * 10
        assert (await admit(stores, dispatch("d2"))).sequence == 2

    async def test_the_same_admission_again_gives_the_submission_as_it_stands(
        self, stores: Stores, clock: ManualClock
    ) -> None:
        """A known id with the same kind and text: the submission as it stands now, whatever its status."""
        for record in (dispatch("d1"), direct("p1", "another crew")):
            submission = await running(stores, record)
            clock.advance(1_000)
            assert await admit(stores, record) == submission
            assert await stores.submissions.fail_submission(attempt(submission.submission_id), "broke")
            again = await admit(stores, record)
            assert again == await submission_of(stores, submission.submission_id)
            assert (again.status, again.error) == ("settled", "broke")

    @pytest.mark.parametrize("fields", _OTHERWISE.values(), ids=_OTHERWISE.keys())
    async def test_a_known_id_with_another_document_conflicts(self, stores: Stores, fields: dict[str, Json]) -> None:
        """A known id with anything else in the document, unknown keys included, is a conflict and changes nothing."""
        await admit(stores, dispatch("d1"))
        await admit(stores, direct("p1"))
        async with nothing_changes(stores):
            changed = dataclasses.replace(dispatch("d1"), **fields)
            assert await stores.submissions.admit_dispatch(changed) == Conflict()
            with pytest.raises(SubmissionConflictError):
                await stores.submissions.admit_direct(dataclasses.replace(direct("p1"), **fields))

    async def test_another_payload_conflicts(self, stores: Stores) -> None:
        """A known id with another payload, or with its keys in another order, conflicts and changes nothing."""
        await admit(stores, direct("p1", payload={"message": "m", "a": 1, "images": [image("x")]}))
        async with nothing_changes(stores):
            for payload in (
                {"message": "n", "a": 1, "images": [image("x")]},
                {"a": 1, "message": "m", "images": [image("x")]},
                {"message": "m", "a": 1, "images": [image("y")]},
                {"message": "m", "a": 1, "images": [image("x"), image("x")]},
                {"message": "m", "a": 1},
            ):
                with pytest.raises(SubmissionConflictError):
                    await admit(stores, direct("p1", payload=payload))

    async def test_the_other_kind_conflicts(self, stores: Stores) -> None:
        """An id belongs to one kind: as the other it is a conflict and changes nothing."""
        await admit(stores, dispatch("d1"))
        await admit(stores, direct("p1"))
        async with nothing_changes(stores):
            assert await stores.submissions.admit_dispatch(dispatch("p1")) == Conflict()
            with pytest.raises(SubmissionConflictError):
                await stores.submissions.admit_direct(direct("d1"))

    async def test_a_conflict_with_what_is_settled_is_a_conflict(self, stores: Stores) -> None:
        """Settling does not free an id."""
        await settled(stores, dispatch("d1"))
        async with nothing_changes(stores):
            assert await stores.submissions.admit_dispatch(dispatch("d1", input="else")) == Conflict()

    async def test_unknown_keys_and_their_order_are_kept(self, stores: Stores, other: Stores) -> None:
        """Keys that the store does not know, in a payload or beside it, are kept, and so is the order of keys."""
        document = {"z": 1, "acceptedAt": NOW, "input": None, "id": "crew", "a": [], "dispatchId": "d1", "agent": "x"}
        await admit(stores, DispatchInput.from_json(document))
        prompt = {"payload": {"z": 0, "message": "m", "a": None}, "id": "crew", "new": {"b": 1, "a": 2}, "agent": "x"}
        prompt |= {"acceptedAt": NOW, "submissionId": "p1", "traceCarrier": {}, "kind": "direct"}
        await admit(stores, DirectInput.from_json(prompt))
        stored = (await submission_of(other, "d1")).input
        assert json.dumps(stored) == json.dumps({**document, "kind": "dispatch", "submissionId": "d1"})
        assert json.dumps((await submission_of(other, "p1")).input) == json.dumps(prompt)

    async def test_keys_in_another_order_conflict(self, stores: Stores) -> None:
        """The whole document counts, in the order of its keys."""
        document = {"dispatchId": "d1", "agent": "x", "id": "crew", "input": 1, "acceptedAt": NOW, "b": 1, "a": 1}
        await admit(stores, DispatchInput.from_json(document))
        reordered = dict(reversed(document.items()))
        assert await stores.submissions.admit_dispatch(DispatchInput.from_json(reordered)) == Conflict()

    async def test_null_is_an_input(self, stores: Stores) -> None:
        """A dispatch has an `input`, and JSON null is one."""
        assert (await admit(stores, dispatch("d1", input=None))).input["input"] is None

    @pytest.mark.parametrize(
        ("field", "error"),
        [
            ("dispatchId", InvalidIdentifierError),
            ("agent", InvalidIdentifierError),
            ("id", InvalidIdentifierError),
            ("input", InvalidPayloadError),
            ("acceptedAt", InvalidTimestampError),
        ],
    )
    async def test_a_dispatch_has_all_its_fields(self, stores: Stores, field: str, error: type[Exception]) -> None:
        """A dispatch without one of its fields is refused, and nothing is admitted."""
        document = {"dispatchId": "d1", "agent": "x", "id": "crew", "input": 1, "acceptedAt": NOW}
        del document[field]
        async with nothing_changes(stores):
            with pytest.raises(error):
                await stores.submissions.admit_dispatch(DispatchInput.from_json(document))

    @pytest.mark.parametrize("payload", [*_NO_PAYLOADS.values(), UNSET], ids=[*_NO_PAYLOADS, "missing"])
    async def test_a_direct_payload_has_a_message_and_images(self, stores: Stores, payload: Json) -> None:
        """A direct payload has a text `message` and, optionally, a list of images, all texts; anything else is an
        `InvalidPayloadError`, and nothing is admitted that would block the session."""
        async with nothing_changes(stores):
            with pytest.raises(InvalidPayloadError):
                await admit(stores, direct("p1", payload=payload))

    @pytest.mark.parametrize("kind", ["dispatch", "", None, 1])
    async def test_a_direct_prompt_is_of_kind_direct(self, stores: Stores, kind: Json) -> None:
        """A direct prompt of another kind is an `InvalidPayloadError`."""
        async with nothing_changes(stores):
            with pytest.raises(InvalidPayloadError):
                await admit(stores, direct("p1", kind=kind))

    async def test_a_caller_who_changes_an_input_changes_nothing_stored(self, stores: Stores) -> None:
        """Neither the admitted input nor the returned one is what is stored."""
        given = {"text": "plan", "tags": ["a"]}
        answer = await admit(stores, dispatch("d1", input=given))
        given["tags"].append("b")  # type: ignore[attr-defined] # it is the list
        answer.input["input"]["tags"].append("c")
        answer.input["agent"] = "changed"
        stored = (await submission_of(stores, "d1")).input
        assert (stored["agent"], stored["input"]) == ("planner", {"text": "plan", "tags": ["a"]})
