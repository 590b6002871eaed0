"""Records and arguments as the JSON values of a trace, and back."""

import dataclasses
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final, TypeVar, cast

from flue_memdb.contract import UNSET, Admitted, Conflict, DirectInput, DispatchInput, Json, RetainedReceipt

_JSON_TYPES: Final = frozenset({str, int, float, bool, type(None), list, dict})
_T = TypeVar("_T")


@cache
def camel(name: str) -> str:
    """`lease_expires_at` as `leaseExpiresAt`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _class_of(value: object) -> Json:
    return {"$class": type(value).__name__}


def to_json(value: Any, of_a_class: Callable[[Any], Json] = _class_of) -> Json:
    """A record, a list of them, or a plain JSON value in the shape of a trace; fields that are not set are absent.

    For a text or number of a class of its own `of_a_class` stands: its class, unless told otherwise.
    """
    if isinstance(value, list):
        # Records stand at the top of a list only: what is within a document is JSON already, at any depth.
        return [to_json(item, of_a_class) if not isinstance(item, list) else item for item in value]
    if not dataclasses.is_dataclass(value):
        return value if type(value) in _JSON_TYPES else of_a_class(value)
    if isinstance(value, Admitted):
        return {"kind": "submission", "submission": to_json(value.submission, of_a_class)}
    if isinstance(value, RetainedReceipt):
        return {"kind": "retained_receipt", "receipt": _fields(value, of_a_class)}
    if isinstance(value, Conflict):
        return {"kind": "conflict"}
    if isinstance(value, (DispatchInput, DirectInput)):
        return value.document()
    return _fields(value, of_a_class)


def _fields(record: Any, of_a_class: Callable[[Any], Json]) -> dict[str, Json]:
    document = {}
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        if value is not UNSET and not (value is None and field.default is None):
            document[camel(field.name)] = to_json(value, of_a_class)
    return document


def from_json(record: type[_T], document: Json) -> _T:
    """The record of a JSON object; a required field that is missing is `UNSET`, anything but an object stays as it is.

    Bad values are not refused here: that is the operation's business.
    """
    if not isinstance(document, Mapping):
        return cast("_T", document)
    given: dict[str, Any] = {}
    for field in dataclasses.fields(record):  # type: ignore[arg-type] # only dataclasses are passed
        required = field.default is dataclasses.MISSING
        if required or camel(field.name) in document:
            given[field.name] = document.get(camel(field.name), UNSET)
    return record(**given)


def same_json(left: Json, right: Json) -> bool:
    """Whether two JSON values are equal: 1.0 is 1 and -0 is 0, but true is not 1."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same_json(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same_json, left, right))
    return bool(left == right)
