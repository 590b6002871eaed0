"""Placeholders: values that JSON has no form for, or that are long, as small objects in the arguments of operations.

An object is one only if it has exactly one key, the key is one of these names, and what stands there fits:

- `{"$float": "nan"}`: the float of that text (`1.0`, `-0.0`, `inf` among them, which JSON text does not keep apart);
- `{"$value": NAME}`: `bytes`, `object`, `tuple`, `set`, `int_keys`, `cycle` or `huge_int`; a `word` or a `number` that
  is a member of an enum;
- `{"$repeat": [TEXT, TIMES, ...]}`: texts, each so many times, one after another;
- `{"$nested": LEVELS}`: lists in one another.

Anything else is the document it looks like. A document that happens to look like a placeholder is written with one `$`
more, which `expand` takes away: `{"$$float": "nan"}`.
"""

import math
import re
from collections.abc import Callable
from enum import IntEnum, StrEnum
from functools import partial
from typing import Any

from flue_memdb.contract import Json
from flue_memdb.contract.limits import MAX_JSON_DEPTH

_ESCAPED = re.compile(r"\$+(float|value|repeat|nested)")
_FLOAT = re.compile(r"-?(\d+\.\d+(e[+-]?\d+)?|\d+e[+-]?\d+|inf)|nan", re.ASCII)


class Opaque:
    """A value of a type that nobody knows."""

    def __repr__(self) -> str:
        return "Opaque()"


class Word(StrEnum):
    """A text of an app's own class."""

    DIRECT = "direct"


class Number(IntEnum):
    """A number of an app's own class."""

    ONE = 1


def _cycle() -> list[Any]:
    items: list[Any] = []
    items.append(items)
    return items


_VALUES: dict[str, Callable[[], Any]] = {
    "bytes": lambda: b"bytes",
    "object": Opaque,
    "tuple": lambda: ("tuple",),
    "set": lambda: {"set"},
    "int_keys": lambda: {1: "one"},
    "cycle": _cycle,
    "huge_int": lambda: 10**5_000,
    "word": lambda: Word.DIRECT,
    "number": lambda: Number.ONE,
}


def expand(value: Json) -> Any:
    """A copy of `value` with each placeholder replaced by what it stands for."""
    if isinstance(value, dict):
        if len(value) == 1:
            [(name, content)] = value.items()
            make = _FORMS.get(name)
            if make is not None and (made := make(content)) is not None:
                return made[0]
            if name.startswith("$$") and _ESCAPED.fullmatch(name):
                return {name[1:]: expand(content)}
        return {key: expand(item) for key, item in value.items()}
    if isinstance(value, list):
        return [expand(item) for item in value]
    return value


def fold(value: Any, room: int = MAX_JSON_DEPTH + 1, around: frozenset[int] = frozenset()) -> Json:
    """A copy of `value` as JSON can carry it: the inverse of `expand`, as far as there is one.

    What no placeholder stands for becomes `{"$value": "object"}`; what is nested too deeply for any document is cut
    off, and stays too deep. `around` has the identities of what it lies in.
    """
    if id(value) in around:
        return {"$value": "cycle"}
    if isinstance(value, float) and not math.isfinite(value):
        return {"$float": repr(value)}
    if isinstance(value, int) and not isinstance(value, bool):
        return value if abs(value) < 10**4_300 else {"$value": "huge_int"}
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            return {"$value": "int_keys"}
        escape = "$" if len(value) == 1 and _ESCAPED.fullmatch(next(iter(value))) else ""
        around |= {id(value)}
        return {escape + key: fold(item, room - 1, around) for key, item in value.items()} if room else {}
    if isinstance(value, list):
        # By map, not by a comprehension: 257 levels must fit the interpreter's stack, beside what is there already.
        return list(map(partial(fold, room=room - 1, around=around | {id(value)}), value)) if room else []
    return {"$value": next((name for name in ("bytes", "tuple", "set") if type(value).__name__ == name), "object")}


def _float(content: Json) -> tuple[Any] | None:
    return (float(content),) if isinstance(content, str) and _FLOAT.fullmatch(content) else None


def _value(content: Json) -> tuple[Any] | None:
    return (_VALUES[content](),) if isinstance(content, str) and content in _VALUES else None


def _repeat(content: Json) -> tuple[Any] | None:
    if not isinstance(content, list) or len(content) % 2:
        return None
    pairs = list(zip(content[::2], content[1::2], strict=True))
    if not all(isinstance(text, str) and type(times) is int for text, times in pairs):
        return None
    return ("".join(text * times for text, times in pairs),)


def _nested(content: Json) -> tuple[Any] | None:
    if type(content) is not int or content < 1:
        return None
    value: list[Any] = []
    for _ in range(content - 1):
        value = [value]
    return (value,)


_FORMS: dict[str, Callable[[Json], tuple[Any] | None]] = {
    "$float": _float,
    "$value": _value,
    "$repeat": _repeat,
    "$nested": _nested,
}
