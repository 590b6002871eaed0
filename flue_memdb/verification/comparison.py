"""Whether two engines gave the same, exactly: values with the order of their keys, not given against null, kinds of
errors and their messages."""

import json
from collections.abc import Iterator

from flue_memdb.contract import Json, json_text

_ANY_DEPTH = -10_000


def identical(left: Json, right: Json) -> bool:
    """Whether two JSON values have the same JSON text: 1.0 is 1 and -0 is 0, and the order of keys counts."""
    # The C encoder is much faster, and mostly there is no difference.
    return json.dumps(left) == json.dumps(right) or text_of(_wordless(left)) == text_of(_wordless(right))


def text_of(value: Json) -> str:
    """The JSON text of a value of any depth."""
    return json_text(value, depth=_ANY_DEPTH)


def _wordless(value: Json) -> Json:
    """The value without the messages of `corrupt_record` errors, which name what a layout calls things."""
    if isinstance(value, dict):
        if value.get("kind") == "corrupt_record":
            return {"kind": "corrupt_record"}
        return dict(zip(value, map(_wordless, value.values()), strict=True))
    return list(map(_wordless, value)) if isinstance(value, list) else value


def words_of_corrupt_records(value: Json) -> Iterator[str]:
    """The messages of the `corrupt_record` errors in an answer, or in many."""
    if isinstance(value, dict) and value.get("kind") == "corrupt_record":
        yield str(value.get("message"))
    elif isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from words_of_corrupt_records(item)


def differences(left: dict[str, Json], right: dict[str, Json]) -> Iterator[str]:
    """The keys whose values differ."""
    for key in {**left, **right}:
        if (key in left) != (key in right) or not identical(left.get(key), right.get(key)):
            yield key
