"""JSON text: the one form in which documents are stored and compared, which is ECMAScript's `JSON.stringify`."""

import json
import math
import re
from collections.abc import Callable, Iterable
from json.encoder import encode_basestring as _quote
from typing import Any, TypeAlias

from flue_memdb.contract.errors import InvalidPayloadError, quoted
from flue_memdb.contract.limits import MAX_JSON_DEPTH
from flue_memdb.contract.unset import UNSET

Json: TypeAlias = Any
"""A plain JSON value: dict with str keys, list, str, int, float, bool or None, nested in one another."""

_MAX_INDEX = 2**32 - 2
_MAX_INT_DIGITS = 4_300
_SPACE = " \t\n\r"
_SURROGATE = re.compile("[\ud800-\udfff]")


class _NoJsonFormError(Exception):
    """A value without a JSON form; the place is collected on the way out."""

    def __init__(self, found: str) -> None:
        self.found = found
        self.place: list[str] = []


def json_text(value: Json, operation: str = "json_text", name: str = "value", *, depth: int = 0) -> str:
    """The JSON text of `value`.

    No spaces, keys in insertion order with integer-like ones first, non-ASCII text as it is, lone surrogates escaped,
    floats as ECMAScript prints them, ints with all their digits. NaN, infinities, other types, other keys than texts,
    and nesting over 256 levels (of which `depth` lie around this value) are an `InvalidPayloadError` that names the
    place.
    """
    parts: list[str] = []
    try:
        _write(value, parts.append, MAX_JSON_DEPTH - depth)
    except _NoJsonFormError as refused:
        place = name + "".join(reversed(refused.place))
        raise InvalidPayloadError(operation, place, refused.found, "give a plain JSON value") from None
    text = "".join(parts)
    return text if text.isascii() else _without_surrogates(text)


def given_json_text(value: Json, operation: str, name: str) -> str | None:
    """The JSON text of a value that may be `UNSET`; then None."""
    return None if value is UNSET else json_text(value, operation, name)


def parse_json(text: str | bytes) -> Json:
    """The value of a JSON text; anything that is not one is a `ValueError`."""
    if not isinstance(text, str):
        text = text.decode(json.detect_encoding(text), "surrogatepass")
    text = text.strip(_SPACE)
    try:
        value, end = _DECODER.raw_decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if end != len(text):
        raise json.JSONDecodeError("Extra data", text, end)
    return value


def joined(text: str) -> str:
    """`text` with each two surrogates that form a pair as the one character they stand for."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON value")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)


def _write(value: Json, write: Callable[[str], None], room: int) -> None:
    # Of one piece, so that a level of nesting takes one level of the interpreter's own bounded stack.
    if isinstance(value, str):
        write(_quote(value))
    elif isinstance(value, (dict, list)):
        if room == 0:
            raise _NoJsonFormError(f"is nested more than {MAX_JSON_DEPTH} levels deep")
        opening, end = ("{", "}") if isinstance(value, dict) else ("[", "]")
        separator = opening
        place: str | int | None = None
        try:
            items: Iterable[tuple[str | int, Json]] = _ordered(value) if isinstance(value, dict) else enumerate(value)
            for place, item in items:
                before = f"{separator}{_quote(place)}:" if isinstance(place, str) else separator
                separator = ","
                if type(item) is str:  # as most are: spares the call
                    write(before + _quote(item))
                else:
                    write(before)
                    _write(item, write, room - 1)
        except _NoJsonFormError as refused:
            if place is not None:
                refused.place.append(f"[{quoted(place)}]")
            raise
        write(end if value else opening + end)
    else:
        write(_scalar(value))


def _scalar(value: Json) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, float):
        return _float(value)
    raise _NoJsonFormError(f"is {quoted(value)} of type {type(value).__name__}, which JSON has no form for")


def _ordered(members: dict[str, Json]) -> Iterable[tuple[str, Json]]:
    """The members in the order of ECMAScript's objects: integer-like keys first, ascending."""
    simple = True  # identifiers neither begin with a digit nor hold surrogates
    for key in members:
        if not isinstance(key, str):
            raise _NoJsonFormError(f"has the key {quoted(key)}, which is no text")
        simple = simple and key.isidentifier()
    if simple:
        return members.items()
    normal = {joined(key): item for key, item in members.items()}
    indexes = sorted((int(key), key) for key in normal if _is_index(key))
    rest = [(key, item) for key, item in normal.items() if not _is_index(key)]
    return [(key, normal[key]) for _, key in indexes] + rest


def _is_index(key: str) -> bool:
    if not (key.isascii() and key.isdecimal()) or len(key) > 10:
        return False
    return (key == "0" or key[0] != "0") and int(key) <= _MAX_INDEX


def _without_surrogates(text: str) -> str:
    """The JSON text with pairs of surrogates joined, and lone ones escaped."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return _SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", joined(text))
    return text


def _integer(value: int) -> str:
    try:
        text = int.__repr__(value)
    except ValueError:
        text = ""
    if not text or len(text) > _MAX_INT_DIGITS + (value < 0):
        raise _NoJsonFormError(f"is an int of more than {_MAX_INT_DIGITS} digits")
    return text


def _float(value: float) -> str:
    if not math.isfinite(value):
        raise _NoJsonFormError(f"is {value!r}, which JSON has no form for")
    if value == 0:
        return "0"
    mantissa, _, exponent = float.__repr__(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    if fraction == "0":
        fraction = ""
    digits = (whole + fraction).lstrip("0")
    # The value is 0.DIGITS times ten to the power of `point`.
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    sign = "-" if value < 0 else ""
    if 0 < point <= 21:
        if len(digits) <= point:
            return sign + digits + "0" * (point - len(digits))
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    tail = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{tail}e{'+' if point > 0 else '-'}{abs(point - 1)}"
