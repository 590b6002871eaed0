"""Plain texts and numbers: what a database holds of those of other classes, such as an enum's members."""

from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import Any, Final

from flue_memdb.contract.unset import Unset

_PLAIN: Final = frozenset({str, int, bool, float, dict, list, type(None), Unset})


def plain(value: Any) -> Any:
    """A text or a number of another class as the plain one that it stands for; anything else as it is."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return int.__int__(value)
    return value


class PlainFields:
    """Base of records whose texts and numbers are plain ones, whatever they were made of."""

    __slots__ = ()

    def __post_init__(self) -> None:
        record: Any = type(self)
        if not _PLAIN.issuperset(map(type, _values_of(record)(self))):
            for field in fields(record):
                object.__setattr__(self, field.name, plain(getattr(self, field.name)))


@cache
def _values_of(record: Any) -> "attrgetter[tuple[object, ...]]":
    return attrgetter(*(field.name for field in fields(record)))
