"""Errors are for people: which operation, which id, what was found, what to do."""

import pickle
from dataclasses import replace

import pytest

from flue_memdb import (
    UNSET,
    AttemptRef,
    DirectInput,
    DispatchInput,
    FlueStoreError,
    InvalidIdentifierError,
    InvalidPayloadError,
    SessionBusyError,
    StoreUnavailableError,
    StreamNotFoundError,
)
from flue_memdb.conformance.examples import new_journal
from flue_memdb.contract.checks import check_id, check_number
from flue_memdb.contract.errors import quoted
from flue_memdb.contract.limits import MAX_IMAGE_UNITS
from tests.stores import stores_in


def test_an_error_says_what_it_was_about() -> None:
    error = StreamNotFoundError("append_event", "runs/1")
    assert (error.operation, error.subject) == ("append_event", "stream 'runs/1'")
    assert str(error) == "append_event: stream 'runs/1': there is no such stream; call create_stream first"


@pytest.mark.parametrize("record", [DispatchInput, DirectInput])
def test_an_input_is_made_of_an_object_alone(record: type[DispatchInput | DirectInput]) -> None:
    with pytest.raises(InvalidPayloadError, match=r"^from_json: input: is \['agent'\]; give a dict"):
        record.from_json(["agent"])


def test_an_input_that_was_changed_keeps_the_order_of_what_is_left() -> None:
    document = {
        "traceCarrier": 1,
        "x": 2,
        "acceptedAt": "2026-06-03",
        "input": 3,
        "id": "i",
        "agent": "a",
        "dispatchId": "d",
    }
    changed = replace(DispatchInput.from_json(document), trace_carrier=UNSET, extra={"y": 4})
    assert list(changed.document()) == ["acceptedAt", "input", "id", "agent", "dispatchId", "y"]


def test_a_long_id_is_cut_in_the_message() -> None:
    with pytest.raises(InvalidIdentifierError) as refused:
        check_id("get_run", "run_id", "x" * 4096 + "\ud800")
    assert len(str(refused.value)) < 300


def test_a_number_too_large_to_print_is_refused_all_the_same() -> None:
    with pytest.raises(FlueStoreError, match=r"a int that cannot be shown"):
        check_number("claim_submission", "lease_expires_at", 10**5000)


@pytest.mark.parametrize(
    "value",
    ["it's", b"\x00", None, 1.5, [], (), {}, [1, "a", [None]], (1,), (1, 2), {"a": {2: (3,)}}, AttemptRef("d1", "a1")],
    ids=repr,
)
def test_a_value_that_fits_into_a_line_is_shown_as_it_is(value: object) -> None:
    assert quoted(value) == repr(value)


def test_of_a_longer_value_the_beginning_is_shown() -> None:
    assert quoted("x" * 2_000) == f"'{'x' * 79}… (2,000 characters)"
    assert quoted([1, "x" * 2_000]) == f"[1, '{'x' * 75}…"
    assert quoted(AttemptRef("d1", "x" * 99)) == f"{repr(AttemptRef('d1', 'x' * 99))[:80]}…"
    assert quoted(range(10**80)) == f"{repr(range(10**80))[:80]}…"


def test_no_more_of_a_value_is_looked_at_than_is_shown() -> None:
    """Each level holds the one below twice: in whole it would be a repr of more than 2^200 characters."""
    value: object = "leaf"
    for level in range(200):
        value = [value, value] if level % 3 else {"left": value, "right": (value, AttemptRef("d1", value))}  # type: ignore[arg-type]
    itself: list[object] = []
    itself.append(itself)
    assert len(quoted(value)) == len(quoted(itself)) == 81


@pytest.mark.parametrize(
    "error",
    [
        StreamNotFoundError("append_event", "p"),
        SessionBusyError("delete_session", "s", "it is busy", "wait"),
        StoreUnavailableError("get_run", "the server", "no answer", may_have_happened=True),
    ],
)
def test_an_error_survives_the_way_to_another_process(error: FlueStoreError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)


@pytest.mark.parametrize(
    ("may_have_happened", "known"),
    [(True, "a write may or may not have happened"), (False, "nothing was written")],
)
def test_an_outage_says_whether_a_write_may_have_happened(may_have_happened: bool, known: str) -> None:
    error = StoreUnavailableError("end_run", "the server", "no answer (cut)", may_have_happened=may_have_happened)
    assert error.may_have_happened is may_have_happened
    assert str(error) == f"end_run: the server: no answer (cut); check that it runs and can be reached; {known}"


async def test_a_record_of_the_wrong_type_is_named() -> None:
    stores = await stores_in()
    with pytest.raises(FlueStoreError) as refused:
        await stores.submissions.complete_submission(("d1", "a1"))  # type: ignore[arg-type]
    assert str(refused.value) == "complete_submission: attempt: is ('d1', 'a1'); give an AttemptRef"
    assert await stores.submissions.complete_submission(AttemptRef("d1", "a1")) is False


@pytest.mark.parametrize("value", [10**5000, [10**5000], {"id": 10**5000}], ids=["int", "list", "dict"])
async def test_what_python_refuses_to_print_is_refused_like_anything_else(value: object) -> None:
    stores = await stores_in()
    with pytest.raises(InvalidIdentifierError, match="that cannot be shown"):
        await stores.submissions.get_submission(value)  # type: ignore[arg-type]


async def test_an_extra_key_that_is_a_field_is_named_and_then_what_to_give_instead() -> None:
    stores = await stores_in()
    prompt = DirectInput(
        submission_id="p1",
        agent="a",
        id="i",
        payload={"message": "m"},
        accepted_at="2026-06-03",
        extra={"submissionId": "x"},
    )
    with pytest.raises(FlueStoreError) as refused:
        await stores.submissions.admit_direct(prompt)
    assert (
        str(refused.value) == "admit_direct: extra: holds 'submissionId', which is a field; give submission_id instead"
    )


async def test_an_extra_key_of_a_dispatch_that_is_a_field_of_it_only_is_refused() -> None:
    stores = await stores_in()
    dispatch = DispatchInput(
        dispatch_id="d", agent="a", id="i", input=1, accepted_at="2026-06-03", extra={"dispatchId": "x"}
    )
    with pytest.raises(InvalidPayloadError, match="holds 'dispatchId', which is a field; give dispatch_id instead"):
        await stores.submissions.admit_dispatch(dispatch)


async def test_images_that_are_no_list_are_named() -> None:
    stores = await stores_in()
    payload = {"message": "m", "images": "image"}
    prompt = DirectInput(submission_id="p1", agent="a", id="i", payload=payload, accepted_at="2026-06-03")
    with pytest.raises(InvalidPayloadError, match=r"^admit_direct: payload\['images'\]: "):
        await stores.submissions.admit_direct(prompt)


async def test_an_image_that_is_too_large_is_named() -> None:
    stores = await stores_in()
    image = {"type": "image", "data": "A" * (MAX_IMAGE_UNITS + 1), "mimeType": "image/png"}
    payload = {"message": "m", "images": [{**image, "data": "A"}, image]}
    prompt = DirectInput(submission_id="p1", agent="a", id="i", payload=payload, accepted_at="2026-06-03")
    with pytest.raises(
        InvalidPayloadError, match=r"^admit_direct: payload\['images'\]\[1\]\['data'\]: has 14,680,065 "
    ):
        await stores.submissions.admit_direct(prompt)


async def test_a_leaf_that_is_none_is_named() -> None:
    stores = await stores_in()
    with pytest.raises(InvalidIdentifierError, match=r"^begin_turn_journal: checkpoint_leaf_id: is empty"):
        await stores.submissions.begin_turn_journal(new_journal(checkpoint_leaf_id=""))
