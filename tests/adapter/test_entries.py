"""Texts of session entries are remembered: what is remembered never shows."""

from typing import Any

import pytest

from flue_memdb import InvalidPayloadError
from flue_memdb.contract.limits import MAX_JSON_DEPTH
from flue_valkey.documents import entry_text, entry_value
from flue_valkey.store.entries import Entries

_LIMIT = 1_000_000


class Text(str):
    """A subclass of a plain type."""


def entry(value: Any) -> dict[str, Any]:
    return {"id": "e", "value": value}


ALIKE = [
    *(0, 0.0, -0.0, False, "0", None, [], {}),
    *(1, 1.0, True, Text("1"), [1], [1.0], [True], ["1"]),
    *({"a": 1, "b": 2}, {"b": 2, "a": 1}, {"1": 1, "0": 2}, {"0": 2, "1": 1}),
    *("\ud83d\ude00", "\U0001f600", "\ud83d", "é", "é"),
]


def test_a_text_is_that_of_its_own_entry_whatever_resembles_it_and_was_given_before() -> None:
    entries = Entries(_LIMIT)
    for _ in range(2):
        for value in ALIKE:
            assert entries.text(entry(value), "entry") == entry_text(entry(value), "entry"), repr(value)


def test_a_value_is_read_anew_for_each_caller() -> None:
    entries = Entries(_LIMIT)
    text = entry_text(entry([1, {"a": "b"}]), "entry")
    for _ in range(3):
        value = entries.value(text)
        assert value == entry([1, {"a": "b"}])
        value["value"][1]["a"] = "changed"


def test_what_was_refused_once_is_refused_again() -> None:
    entries = Entries(_LIMIT)
    for _ in range(2):
        with pytest.raises(InvalidPayloadError, match="which JSON has no form for"):
            entries.text(entry({1, 2}), "entry")
        with pytest.raises(ValueError, match="holds no entry"):
            entries.value(b'{"id":"e","value":1,"chunks":[]}')


def test_what_holds_itself_twice_is_refused_and_never_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    def dumps(*_: object) -> bytes:
        raise AssertionError("marshal would go on for ever")

    monkeypatch.setattr("marshal.dumps", dumps)
    circle: list[Any] = []
    circle += [circle, circle]
    pairs: Any = []
    for _ in range(MAX_JSON_DEPTH):
        pairs = {"a": pairs, "b": pairs}
    for value in (circle, {"a": circle}, (circle, circle), pairs):
        with pytest.raises(
            InvalidPayloadError, match=r"is nested more than 256 levels deep|which JSON has no form for"
        ):
            Entries(_LIMIT).text(entry(value), "entry")


@pytest.mark.parametrize("limit", [0, 1, 5_000, _LIMIT])
def test_more_than_is_remembered_is_made_anew(limit: int) -> None:
    entries = Entries(limit)
    for _ in range(2):
        for number in range(100):
            text = entries.text(entry(number), "entry")
            assert text == entry_text(entry(number), "entry")
            assert entries.value(text) == entry_value(text) == entry(number)
    assert entries.remembered_bytes <= limit
    assert (entries.remembered_bytes > 0) == (limit >= 5_000)
