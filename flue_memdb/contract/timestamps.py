"""Timestamps: ISO 8601 texts to instants in epoch milliseconds, and back."""

import datetime
import re

from flue_memdb.contract.errors import InvalidTimestampError

_HOUR_AND_MINUTE = r"(?:[01]\d|2[0-3]):[0-5]\d"
_FORM = re.compile(
    r"(?:(0000)|\d{4})-\d{2}-\d{2}"
    rf"(?:T(?:(24):00(?::00(?:\.0+)?)?|{_HOUR_AND_MINUTE}(?::[0-5]\d(?:\.\d+)?)?)(?:Z|[+-]{_HOUR_AND_MINUTE})?)?",
    re.ASCII,
)
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_EPOCH_DAY = _EPOCH.toordinal()
_MS = datetime.timedelta(milliseconds=1)
_DAY_MS = 86_400_000
_400_YEARS_MS = 146_097 * _DAY_MS
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
    # datetime has no year 0, which an offset may lift into year 1, and the calendar repeats after 400 years; nor has it
    # an hour 24.
    year_0, hour_24 = match.groups()
    if year_0:
        text = f"0400{text[4:]}"
    if hour_24:
        text = text.replace("T24", "T00")
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    instant = (moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)) - _EPOCH
    return instant // _MS - (_400_YEARS_MS if year_0 else 0) + (_DAY_MS if hour_24 else 0)


def utc_text(instant_ms: int) -> str:
    """`instant_ms` as `YYYY-MM-DDTHH:MM:SS.mmmZ`: the one form whose text order is the order of instants."""
    days, rest = divmod(instant_ms, _DAY_MS)
    date = datetime.date.fromordinal(_EPOCH_DAY + days)
    seconds, milliseconds = divmod(rest, 1_000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{date.isoformat()}T{hour:02}:{minute:02}:{second:02}.{milliseconds:03}Z"
