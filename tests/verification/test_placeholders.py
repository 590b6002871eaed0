"""Values that JSON cannot carry stand as small objects, and documents that look like those stay documents."""

import math

import pytest

from flue_memdb.verification.placeholders import Opaque, expand, fold


@pytest.mark.parametrize(
    ("placeholder", "value"),
    [
        ({"$float": "inf"}, math.inf),
        ({"$float": "-0.0"}, -0.0),
        ({"$value": "bytes"}, b"bytes"),
        ({"$value": "tuple"}, ("tuple",)),
        ({"$value": "set"}, {"set"}),
        ({"$value": "int_keys"}, {1: "one"}),
        pytest.param({"$value": "huge_int"}, 10**5_000, id="huge_int"),
        ({"$repeat": ["é", 3, "x", 1]}, "éééx"),
        ({"$nested": 3}, [[[]]]),
    ],
)
def test_a_placeholder_stands_for_its_value_at_any_place(placeholder, value):
    assert expand({"a": [placeholder], "b": 1}) == {"a": [value], "b": 1}


def test_nan_and_a_cycle():
    assert math.isnan(expand({"$float": "nan"}))
    cycle = expand({"$value": "cycle"})
    assert cycle[0] is cycle


@pytest.mark.parametrize(
    "document",
    [
        {"$value": "bytes", "other": 1},
        {"$value": "unknown"},
        {"$value": ["bytes"]},
        {"$float": "one"},
        {"$float": 1.5},
        {"$repeat": "x"},
        {"$repeat": ["x"]},
        {"$repeat": ["x", True]},
        {"$nested": 0},
        {"$other": "nan"},
        {"": "nan"},
    ],
)
def test_what_only_looks_like_a_placeholder_is_a_document(document):
    assert expand(document) == document


@pytest.mark.parametrize(
    "document",
    [
        {"$value": "bytes"},
        {"a": [{"$float": "nan"}]},
        {"$$value": "bytes"},
        {"$repeat": ["x", 3]},
        {"$nested": {"$value": "set"}},
    ],
)
def test_a_document_that_looks_like_a_placeholder_survives_recording(document):
    assert fold(document) != document
    assert expand(fold(document)) == document


@pytest.mark.parametrize(
    "value", [b"", (1,), {1}, {1: 2}, Opaque(), object(), math.nan, pytest.param(10**6_000, id="huge_int")]
)
def test_what_json_has_no_form_for_becomes_something_of_the_kind(value):
    assert type(expand(fold([value]))[0]) in (type(value), Opaque)


def test_a_cycle_is_told_where_it_closes():
    items = ["a"]
    items.append({"in": items})  # once: where it closes twice, going on to the last level would never end
    told = ["a", {"in": {"$value": "cycle"}}]
    assert fold({"x": items, "y": items}) == {"x": told, "y": told}


def test_what_is_too_deep_is_cut_where_no_document_reaches():
    depth, value = 0, fold(expand({"$nested": 300}))
    while value:
        depth, value = depth + 1, value[0]
    assert depth == 257
