"""JSON documents: what is stored, and when two are the same."""

import json

import pytest

from flue_memdb.conformance.examples import PATH, dispatch, nested
from flue_memdb.conformance.suite import Contract
from flue_memdb.contract import Admitted, Conflict, EventKeyConflictError, Json, Stores

_VALUES: dict[str, Json] = {
    "null": None,
    "false": False,
    "zero": 0,
    "empty text": "",
    "empty list": [],
    "empty object": {},
    "nested": {"a": [1, {"b": [None, True, "x"]}, []], "": {}},
    "256 levels": nested(256),
    "great int": 10**40,
    "2^53 + 1": 2**53 + 1,
    "negative": -12,
    "fraction": 0.1,
    "small": 5e-324,
    "NUL": "a\0b",
    "controls": "".join(map(chr, range(32))) + "\x7f\u2028\u2029",
    "quotes": '"\\/',
    "beyond the basic plane": "😀👩‍👩‍👧",
    "lone surrogates": "\ud83d | \ude00",
    "empty key": {"": 1},
    "proto": {"__proto__": 1, "constructor": {"toString": 2}},
}

_SAME: dict[str, tuple[Json, Json]] = {
    "1.0 and 1": (1.0, 1),
    "-0.0 and 0": (-0.0, 0),
    "1e3 and 1000": (1e3, 1000),
    "integer-like keys in any order": ({"b": 0, "10": 1, "9": 2}, {"9": 2, "10": 1, "b": 0}),
    "a pair of surrogates and its character": ("\ud83d\ude00", "😀"),
}

_DIFFERENT: dict[str, tuple[Json, Json]] = {
    "keys in another order": ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    "keys in another order, deep down": ([{"x": {"a": 1, "b": 2}}], [{"x": {"b": 2, "a": 1}}]),
    "01 is no integer-like key": ({"01": 1, "a": 2}, {"a": 2, "01": 1}),
    "2^32 - 1 is no integer-like key": ({"a": 2, "4294967295": 1}, {"4294967295": 1, "a": 2}),
    "true and 1": (True, 1),
    "false and 0": (False, 0),
    "null and false": (None, False),
    "1 and its text": (1, "1"),
    "10^21 as int and as float": (10**21, 1e21),
    "great ints": (2**53, 2**53 + 1),
    "composed and decomposed": ("é", "e\u0301"),
    "case": ("a", "A"),
    "another list": ([1, 2], [2, 1]),
    "null and missing": ({"a": None}, {}),
    "different lone surrogates": ("\ud83d", "\ud83e"),
}

each_same = pytest.mark.parametrize(("first", "again"), _SAME.values(), ids=_SAME.keys())
each_different = pytest.mark.parametrize(("first", "again"), _DIFFERENT.values(), ids=_DIFFERENT.keys())


class TestJsonDocuments(Contract):
    """Documents are stored, and compared, as JSON text."""

    @pytest.mark.parametrize("value", _VALUES.values(), ids=_VALUES.keys())
    async def test_every_json_value_comes_back(self, stores: Stores, value: Json) -> None:
        """Every plain JSON value is stored and read back as it was."""
        await stores.events.create_stream(PATH)
        await stores.events.append_event(PATH, value)
        (event,) = (await stores.events.read_events(PATH)).events
        assert json.dumps(event.data) == json.dumps(value)

    async def test_a_document_reads_as_its_json_text(self, stores: Stores) -> None:
        """Keys stand in insertion order with integer-like ones first, and a whole float is a whole number."""
        await stores.events.create_stream(PATH)
        await stores.events.append_event(PATH, {"b": 1.0, "10": 0, "a": {"x": 0, "4294967294": 1, "01": 2}, "9": -0.0})
        (event,) = (await stores.events.read_events(PATH)).events
        assert json.dumps(event.data) == '{"9": 0, "10": 0, "b": 1, "a": {"4294967294": 1, "x": 0, "01": 2}}'

    @each_same
    async def test_an_admission_with_the_same_json_text_is_the_same(
        self, stores: Stores, first: Json, again: Json
    ) -> None:
        """The same payload means the same JSON text."""
        admitted = await stores.submissions.admit_dispatch(dispatch(input=first))
        assert await stores.submissions.admit_dispatch(dispatch(input=again)) == admitted

    @each_different
    async def test_an_admission_with_another_json_text_conflicts(
        self, stores: Stores, first: Json, again: Json
    ) -> None:
        """Another JSON text is another payload, also where Python finds the values equal."""
        assert isinstance(await stores.submissions.admit_dispatch(dispatch(input=first)), Admitted)
        assert await stores.submissions.admit_dispatch(dispatch(input=again)) == Conflict()

    @each_same
    async def test_a_keyed_append_of_the_same_json_text_is_the_same(
        self, stores: Stores, first: Json, again: Json
    ) -> None:
        """The same key with the same JSON text gives the first offset again."""
        await stores.events.create_stream(PATH)
        offset = await stores.events.append_event_once(PATH, "k", first)
        assert await stores.events.append_event_once(PATH, "k", again) == offset

    @each_different
    async def test_a_keyed_append_of_another_json_text_conflicts(
        self, stores: Stores, first: Json, again: Json
    ) -> None:
        """The same key with another JSON text is an `EventKeyConflictError`."""
        await stores.events.create_stream(PATH)
        await stores.events.append_event_once(PATH, "k", first)
        with pytest.raises(EventKeyConflictError):
            await stores.events.append_event_once(PATH, "k", again)
