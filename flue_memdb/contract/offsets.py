"""Offsets of events: 16 zeros, `_`, and the sequence in 16 digits."""

import re
from typing import Final

from flue_memdb.contract.errors import InvalidOffsetError

START: Final = "-1"
NOW: Final = "now"

_FORM = re.compile("0{16}_([0-9]{16})")


def format_offset(sequence: int) -> str:
    """The offset of the event with this sequence (from 0); `"-1"` for -1, the place before the first."""
    return f"{0:016}_{sequence:016}" if sequence >= 0 else START


def parse_offset(value: object, operation: str = "parse_offset") -> int | None:
    """The sequence of an offset: -1 for `"-1"`, None for `"now"`; any other form is an `InvalidOffsetError`."""
    if isinstance(value, str):
        if value == START:
            return -1
        if value == NOW:
            return None
        match = _FORM.fullmatch(value)
        if match is not None:
            return int(match[1])
    raise InvalidOffsetError(operation, value)
