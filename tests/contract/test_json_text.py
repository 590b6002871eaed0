"""JSON text is what ECMAScript's JSON.stringify gives."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flue_memdb import InvalidPayloadError, json_text, parse_json

VECTORS = Path(__file__).parent.parent / "vectors" / "json-text.jsonl"
LINES = [json.loads(line) for line in VECTORS.read_text(encoding="utf-8").split("\n") if line]


@pytest.mark.parametrize("line", LINES, ids=range(len(LINES)))
def test_the_text_is_the_recorded_one(line: dict[str, str]) -> None:
    assert json_text(parse_json(line["json"])) == line["text"]


def test_the_vectors_are_there() -> None:
    assert len(LINES) == 400


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_is_read_back_as_it_was(value: float) -> None:
    assert float(json_text(value)) == value


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=())),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_the_text_of_what_a_text_reads_as_is_that_text(value: Any) -> None:
    text = json_text(value)
    assert json_text(parse_json(text)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (10**21, "1000000000000000000000"),
        (1e21, "1e+21"),
        (-1e-7, "-1e-7"),
        (123456789012345680000.0, "123456789012345680000"),
        (5e-324, "5e-324"),
        (-0.0, "0"),
        (True, "true"),
        ({"b": 1, "10": 2, "9": 3, "01": 4}, '{"9":3,"10":2,"b":1,"01":4}'),
        ("\ud83d\ude00", '"😀"'),
        ("\ude00\ud83d", '"\\ude00\\ud83d"'),
        ({"\ud83d\ude00": 1, "a": 2, "😀": 3}, '{"😀":3,"a":2}'),
        ("\u2028\x7f\x1f/", '"\u2028\x7f\\u001f/"'),
        (10**4299, "1" + "0" * 4299),
    ],
)
def test_texts_that_differ_from_pythons(value: Any, text: str) -> None:
    assert json_text(value) == text


def _nested(levels: int) -> Any:
    value: Any = 0
    for _ in range(levels):
        value = [value]
    return value


def test_256_levels_are_the_limit() -> None:
    assert json_text(_nested(256)) == "[" * 256 + "0" + "]" * 256
    with pytest.raises(InvalidPayloadError, match="256 levels"):
        json_text(_nested(257))


@pytest.mark.parametrize(
    ("value", "place"),
    [
        (math.nan, "value"),
        ({"a": [1, math.inf]}, "value['a'][1]"),
        ({"a": {"b": (1,)}}, "value['a']['b']"),
        ([b"bytes"], "value[0]"),
        ({"a": {1: 2}}, "value['a']"),
        ([object()], "value[0]"),
        ({"n": 10**4300}, "value['n']"),
        ({"n": -(10**4300)}, "value['n']"),
        ([{1, 2}], "value[0]"),
    ],
)
def test_a_value_without_a_form_is_refused_with_its_place(value: Any, place: str) -> None:
    with pytest.raises(InvalidPayloadError) as refused:
        json_text(value)
    assert refused.value.subject == place


@pytest.mark.parametrize("text", ["", "{", "NaN", "-Infinity", '"\n"', "[1,]", "01", "1 2", "[" * 100_000])
def test_what_is_no_json_text_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- the message is Python's
        parse_json(text)
