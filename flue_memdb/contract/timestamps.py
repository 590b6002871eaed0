"""Timestamps: ISO 8601 texts to instants in epoch milliseconds, and back."""

import datetime
import re

from flue_memdb.contract.errors import InvalidTimestampError

_FORM = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})"
    r"(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d+))?)?(?:Z|([+-])(\d{2}):(\d{2}))?)?",
    re.ASCII,
)
_EPOCH_DAY = datetime.date(1970, 1, 1).toordinal()
_DAY_MS = 86_400_000
_DAYS_OF_400_YEARS = 146_097
_FIRST_MS = (1 - _EPOCH_DAY) * _DAY_MS
_LAST_MS = (datetime.date.max.toordinal() + 1 - _EPOCH_DAY) * _DAY_MS - 1


def parse_timestamp(value: object, operation: str = "parse_timestamp", name: str = "timestamp") -> int:
    """The instant of an ISO 8601 text, in epoch ms (may be negative).

    A date, or a date and a time with `Z`, an offset, or none (UTC); the fraction is cut to milliseconds and 24:00 is
    the next midnight. Anything else, a day that does not exist, and an instant outside the years 1 to 9999 is an
    `InvalidTimestampError`.
    """
    instant = _instant(value) if isinstance(value, str) else None
    if instant is None or not _FIRST_MS <= instant <= _LAST_MS:
        raise InvalidTimestampError(operation, name, value)
    return instant


def _instant(text: str) -> int | None:
    match = _FORM.fullmatch(text)
    if match is None:
        return None
    *parts, fraction, sign, offset_hours, offset_minutes = match.groups("0")
    year, month, day, hour, minute, second = map(int, parts)
    milliseconds = int(f"{fraction}000"[:3])
    offset_hour, offset_minute = int(offset_hours), int(offset_minutes)
    offset = offset_hour * 60 + offset_minute
    if offset_hour > 23 or offset_minute > 59 or minute > 59 or second > 59:
        return None
    if hour > 24 or (hour == 24 and (minute or second or fraction.strip("0"))):
        return None
    try:
        # datetime has no year 0, which an offset may lift into year 1; the calendar repeats after 400 years.
        days = datetime.date(year or 400, month, day).toordinal() - (0 if year else _DAYS_OF_400_YEARS)
    except ValueError:
        return None
    minutes = hour * 60 + minute - (-offset if sign == "-" else offset)
    return (days - _EPOCH_DAY) * _DAY_MS + minutes * 60_000 + second * 1_000 + milliseconds


def utc_text(instant_ms: int) -> str:
    """`instant_ms` as `YYYY-MM-DDTHH:MM:SS.mmmZ`: the one form whose text order is the order of instants."""
    days, rest = divmod(instant_ms, _DAY_MS)
    date = datetime.date.fromordinal(_EPOCH_DAY + days)
    seconds, milliseconds = divmod(rest, 1_000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{date.isoformat()}T{hour:02}:{minute:02}:{second:02}.{milliseconds:03}Z"
