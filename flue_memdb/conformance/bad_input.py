"""Bad input, for every operation and parameter: refused before anything is read or written."""

from typing import Any

import pytest

from flue_memdb.conformance.examples import (
    PATH,
    SESSION,
    STREAM,
    admit,
    attempt,
    direct,
    dispatch,
    nested,
    new_journal,
    new_run,
    run_end,
    running,
    session,
)
from flue_memdb.conformance.parameters import (
    DOCUMENTS,
    IDS,
    KEYS,
    LIMITS,
    NAMES,
    NUMBERS,
    OPTIONAL_IDS,
    OPTIONAL_KEYS,
    OPTIONAL_NAMES,
    RECORDS,
    TEXTS,
    OpenCall,
)
from flue_memdb.conformance.picture import nothing_changes
from flue_memdb.conformance.suite import Contract
from flue_memdb.contract import (
    Durability,
    FlueStoreError,
    InvalidIdentifierError,
    InvalidNumberError,
    InvalidPayloadError,
    Lease,
    Stores,
)

_NO_TEXT = {"a number": 7, "bytes": b"x", "a list": ["x"]}
_NO_IDS = {"empty": "", "a lone surrogate": "a\ud800", "another lone surrogate": "\udfff", **_NO_TEXT}
_NO_NUMBERS = {
    "negative": -1,
    "2^53": 2**53,
    "great": 10**400,
    "a float": 1.0,
    "a fraction": 1.5,
    "true": True,
    "false": False,
    "a text": "1",
    "null": None,
}
_NO_LIMITS = {"a float": 1.0, "true": True, "a text": "10"}
_CYCLE: list[object] = []
_CYCLE.append(_CYCLE)
_NO_DOCUMENTS = {
    "NaN": float("nan"),
    "infinity": [float("inf")],
    "minus infinity": {"deep": {"down": [float("-inf")]}},
    "bytes": b"x",
    "a tuple": (1,),
    "a set": {"deep": {1, 2}},
    "an object": object(),
    "a number as key": {1: 2},
    "null as key": {"deep": [{None: 1}]},
    "257 levels": nested(257),
    "itself": _CYCLE,
    "an int of 4,301 digits": 10**4_300,
}
_NO_NAMES = {"empty": "", "unknown": "finished", "a number": 1, "a list": ["committed"]}
_NO_TEXTS = {"null": None, "a lone surrogate": "a\udc00", **_NO_TEXT}
_NO_RECORDS: dict[str, Any] = {"null": None, "an object": {}, "a text": "d1", "another record": Durability(1, 2)}


def _each(calls: dict[str, OpenCall], values: dict[str, Any]) -> pytest.MarkDecorator:
    """All values for all parameters."""
    return pytest.mark.parametrize(
        ("call", "value"),
        [
            pytest.param(call, value, id=f"{name}-{what}")
            for name, call in calls.items()
            for what, value in values.items()
        ],
    )


async def _refused(stores: Stores, error: type[FlueStoreError], call: OpenCall, value: Any) -> None:
    """The call is refused in a namespace where it would do something, and changes nothing there."""
    await stores.sessions.save(SESSION, session())
    await running(stores, direct("p1"))
    await admit(stores, direct("p2", "another session"))
    await stores.submissions.begin_turn_journal(new_journal("p1"))
    await stores.submissions.update_turn_journal_phase(attempt("p1"), "provider_started", stream_key=STREAM)
    await stores.submissions.append_stream_chunk_segment(STREAM, 0, "partly")
    await stores.runs.create_run(new_run("r1"))
    await stores.events.create_stream(PATH)
    async with nothing_changes(stores):
        with pytest.raises(error) as refusal:
            await call(stores, value)
    assert type(refusal.value) is error


class TestBadInput(Contract):
    """One error type for each kind of bad input, and no change."""

    @_each(IDS | KEYS, _NO_IDS | {"null": None})
    async def test_an_id_or_key_is_a_text(self, stores: Stores, call: OpenCall, value: Any) -> None:
        """Ids, keys and names are non-empty Unicode strings with no lone surrogates; anything else is an
        `InvalidIdentifierError`."""
        await _refused(stores, InvalidIdentifierError, call, value)

    @_each(OPTIONAL_IDS | OPTIONAL_KEYS, _NO_IDS)
    async def test_an_id_or_key_that_is_given_is_a_text(self, stores: Stores, call: OpenCall, value: Any) -> None:
        """The same holds for those that need not be given: an empty text is not the same as None."""
        await _refused(stores, InvalidIdentifierError, call, value)

    @_each(IDS | OPTIONAL_IDS, {"ASCII": "x" * 4_097, "two bytes each": "é" * 2_049, "four bytes each": "😀" * 1_025})
    async def test_an_id_has_at_most_4096_bytes(self, stores: Stores, call: OpenCall, value: str) -> None:
        """Ids and names have at most 4,096 UTF-8 bytes."""
        await _refused(stores, InvalidIdentifierError, call, value)

    @_each(KEYS | OPTIONAL_KEYS, {"ASCII": "x" * 32_769, "two bytes each": "é" * 16_385})
    async def test_a_key_has_at_most_32768_bytes(self, stores: Stores, call: OpenCall, value: str) -> None:
        """Session, stream and event keys, which are made from ids, have at most 32,768 UTF-8 bytes."""
        await _refused(stores, InvalidIdentifierError, call, value)

    @_each(IDS | OPTIONAL_IDS, {"ASCII": "x" * 4_096, "two bytes each": "é" * 2_048, "NUL": "\0", "blank": " "})
    async def test_every_other_text_is_an_id(self, stores: Stores, call: OpenCall, value: str) -> None:
        """A text of 4,096 UTF-8 bytes is an id, and so is any shorter one, of whatever characters."""
        await stores.events.create_stream(value)
        await call(stores, value)

    @_each(KEYS | OPTIONAL_KEYS, {"ASCII": "x" * 32_768, "four bytes each": "😀" * 8_192, "newline": "\n"})
    async def test_every_other_text_is_a_key(self, stores: Stores, call: OpenCall, value: str) -> None:
        """A text of 32,768 UTF-8 bytes is a key, and so is any shorter one, of whatever characters."""
        await stores.events.create_stream(PATH)
        await call(stores, value)

    @_each(NUMBERS, _NO_NUMBERS)
    async def test_a_number_is_a_whole_one(self, stores: Stores, call: OpenCall, value: Any) -> None:
        """Numbers are ints (and no bools) from 0 to 2^53 − 1; anything else is an `InvalidNumberError`."""
        await _refused(stores, InvalidNumberError, call, value)

    @_each(NUMBERS, {"0": 0, "2^53 - 1": 2**53 - 1})
    async def test_both_ends_of_the_range_are_numbers(self, stores: Stores, call: OpenCall, value: int) -> None:
        """0 and 2^53 − 1 are numbers."""
        await running(stores, direct("p1"))
        await admit(stores, direct("p2", "another session"))
        await call(stores, value)

    @_each(LIMITS, _NO_LIMITS)
    async def test_a_limit_is_an_int(self, stores: Stores, call: OpenCall, value: Any) -> None:
        """A `limit` is any int; anything else is an `InvalidNumberError`."""
        await _refused(stores, InvalidNumberError, call, value)

    @_each(DOCUMENTS, _NO_DOCUMENTS)
    async def test_a_document_is_a_plain_json_value(self, stores: Stores, call: OpenCall, value: Any) -> None:
        """A value that JSON has no form for, however deep down, is an `InvalidPayloadError`."""
        await _refused(stores, InvalidPayloadError, call, value)

    @_each(NAMES, _NO_NAMES | {"null": None})
    async def test_a_name_is_one_of_its_set(self, stores: Stores, call: OpenCall, value: Any) -> None:
        """A phase, a kind or a run status that is none is an `InvalidPayloadError`."""
        await _refused(stores, InvalidPayloadError, call, value)

    @_each(OPTIONAL_NAMES, _NO_NAMES)
    async def test_a_name_that_is_given_is_one_of_its_set(self, stores: Stores, call: OpenCall, value: Any) -> None:
        """The same holds for a run status to list by, which need not be given."""
        await _refused(stores, InvalidPayloadError, call, value)

    @_each(TEXTS, _NO_TEXTS)
    async def test_a_text_is_a_text(self, stores: Stores, call: OpenCall, value: Any) -> None:
        """A segment body or an error text that is no text, or has a lone surrogate, is an `InvalidPayloadError`."""
        await _refused(stores, InvalidPayloadError, call, value)

    async def test_an_exceptions_text_is_a_text(self, stores: Stores) -> None:
        """So is the text of an exception that has a lone surrogate."""

        async def fail(stores: Stores, error: BaseException) -> bool:
            return await stores.submissions.fail_submission(attempt("p1"), error)

        await _refused(stores, InvalidPayloadError, fail, ValueError("\ud800"))

    @pytest.mark.parametrize("value", [None, 0, 1, "true", []], ids=ascii)
    async def test_is_error_is_a_bool(self, stores: Stores, value: Any) -> None:
        """An `is_error` that is no bool is an `InvalidPayloadError`."""

        async def end(stores: Stores, is_error: Any) -> None:
            await stores.runs.end_run(run_end(is_error=is_error))

        await _refused(stores, InvalidPayloadError, end, value)

    @_each(RECORDS, _NO_RECORDS)
    async def test_a_record_is_of_its_type(self, stores: Stores, call: OpenCall, value: Any) -> None:
        """What is not of its type is an `InvalidPayloadError`: every record, and a dict in place of one."""
        await _refused(stores, InvalidPayloadError, call, value)

    @_each(
        {
            "durability": lambda s, v: s.submissions.mark_submission_input_applied(attempt("p1"), v),
            "lease": lambda s, v: s.submissions.replace_turn_journal_attempt(attempt("p1"), "a2", v),
        },
        {"an object": {}, "a number": 7, "another record": attempt("p1")},
    )
    async def test_a_record_that_is_given_is_of_its_type(self, stores: Stores, call: OpenCall, value: Any) -> None:
        """The same holds for a durability and a lease, which need not be given."""
        await _refused(stores, InvalidPayloadError, call, value)

    @_each(
        {"submission_ids": lambda s, v: s.submissions.renew_leases("w1", v)},
        {"null": None, "a text": "p1", "a number": 7},
    )
    async def test_submission_ids_are_a_list(self, stores: Stores, call: OpenCall, value: Any) -> None:
        """The ids whose leases are renewed are a list of ids."""
        await _refused(stores, InvalidPayloadError, call, value)

    @_each(
        {
            "callback": lambda s, v: s.submissions.delete_session("a session", v),
            "extra": lambda s, v: s.submissions.admit_dispatch(dispatch(extra=v)),
            "images": lambda s, v: s.submissions.admit_direct(direct("p9", payload={"message": "m", "images": v})),
        },
        {"null": None, "a text": "x", "a number": 7},
    )
    async def test_everything_else_is_of_its_type(self, stores: Stores, call: OpenCall, value: Any) -> None:
        """Everything else that is not of its type is an `InvalidPayloadError`."""
        await _refused(stores, InvalidPayloadError, call, value)

    @pytest.mark.parametrize("name", ["dispatchId", "agent", "id", "input", "acceptedAt", "traceCarrier"])
    async def test_extra_keys_of_a_dispatch_are_no_fields(self, stores: Stores, name: str) -> None:
        """`extra` holds the keys that a dispatch does not know: a field of its own is an `InvalidPayloadError`."""

        async def admit_with(stores: Stores, extra: Any) -> None:
            await stores.submissions.admit_dispatch(dispatch(extra=extra))

        await _refused(stores, InvalidPayloadError, admit_with, {name: "x"})

    @pytest.mark.parametrize("name", ["kind", "submissionId", "agent", "id", "payload", "acceptedAt", "traceCarrier"])
    async def test_extra_keys_of_a_direct_prompt_are_no_fields(self, stores: Stores, name: str) -> None:
        """`extra` holds the keys that a direct prompt does not know: a field of its own is an `InvalidPayloadError`."""

        async def admit_with(stores: Stores, extra: Any) -> None:
            await stores.submissions.admit_direct(direct("p9", extra=extra))

        await _refused(stores, InvalidPayloadError, admit_with, {name: "x"})

    async def test_bad_input_comes_before_every_other_answer(self, stores: Stores) -> None:
        """Also where the operation would have refused for another reason, or done nothing."""
        with pytest.raises(InvalidPayloadError):
            await stores.events.append_event("no such stream", object())
        with pytest.raises(InvalidNumberError):
            await stores.runs.end_run(run_end("unknown", duration_ms=-1))
        with pytest.raises(InvalidIdentifierError):
            await stores.submissions.replace_turn_journal_attempt(attempt("unknown"), "")
        with pytest.raises(InvalidIdentifierError):
            await stores.submissions.replace_turn_journal_attempt(attempt("unknown"), "a2", Lease("", 0))
        with pytest.raises(InvalidPayloadError):
            await stores.submissions.fail_submission(attempt("unknown"), "\ud800")
        await running(stores, dispatch("d1"))
        with pytest.raises(InvalidPayloadError):
            await stores.submissions.reserve_submission_terminal(attempt("d1"), "k", object())
        with pytest.raises(InvalidPayloadError):
            await stores.submissions.admit_dispatch(dispatch("d1", input=object()))
