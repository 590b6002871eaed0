"""Checks of single values. Each gives the value as what is stored of it, a plain one, and raises the typed error of
`errors` for bad input."""

from collections.abc import Collection
from typing import Any, Final, TypeVar, get_args

from flue_memdb.contract.errors import InvalidIdentifierError, InvalidNumberError, InvalidPayloadError, quoted
from flue_memdb.contract.limits import MAX_ID_BYTES, MAX_KEY_BYTES, MAX_NUMBER
from flue_memdb.contract.plain import plain
from flue_memdb.contract.records import Kind, Phase, RunStatus, SubmissionStatus

PHASES: Final[tuple[Phase, ...]] = get_args(Phase)
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
SUBMISSION_STATUSES: Final[tuple[SubmissionStatus, ...]] = get_args(SubmissionStatus)
RUN_STATUSES: Final[tuple[RunStatus, ...]] = get_args(RunStatus)

_Name = TypeVar("_Name", bound=str)


def check_id(operation: str, name: str, value: object, max_bytes: int = MAX_ID_BYTES) -> str:
    """An id, owner, name, path or offset to record: a non-empty text of at most 4,096 UTF-8 bytes, no surrogates."""
    if type(value) is str and value.isascii() and 0 < len(value) <= max_bytes:  # as nearly all are
        return value
    text = plain(value)
    if not isinstance(text, str):
        found = f"is {quoted(value)}"
    elif not text:
        found = "is empty"
    else:
        try:
            size = len(text.encode())
        except UnicodeEncodeError:
            found = f"holds a surrogate: {quoted(value)}"
        else:
            if size <= max_bytes:
                return text
            found = f"has {size:,} bytes"
    raise InvalidIdentifierError(
        operation, name, found, f"give a text of 1 to {max_bytes:,} UTF-8 bytes without surrogates"
    )


def check_key(operation: str, name: str, value: object) -> str:
    """A session, stream or event key, which is made from ids: at most 32,768 UTF-8 bytes."""
    if type(value) is str and value.isascii() and 0 < len(value) <= MAX_KEY_BYTES:  # as nearly all are
        return value
    return check_id(operation, name, value, MAX_KEY_BYTES)


def check_ids(operation: str, name: str, values: object) -> list[str]:
    """A list or tuple of ids."""
    if not isinstance(values, (list, tuple)):
        raise InvalidPayloadError(operation, name, f"is {quoted(values)}", "give a list of ids")
    return [check_id(operation, f"{name}[{index}]", value) for index, value in enumerate(values)]


def check_number(operation: str, name: str, value: object) -> int:
    """A whole number from 0 to 2^53 - 1."""
    number = value if type(value) is int else plain(value)
    if type(number) is int and 0 <= number <= MAX_NUMBER:
        return number
    raise InvalidNumberError(operation, name, f"is {quoted(value)}", "give an int from 0 to 2^53 - 1")


def check_limit(operation: str, limit: object) -> None:
    """A limit of a listing: any int, or None."""
    if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool)):
        raise InvalidNumberError(operation, "limit", f"is {quoted(limit)}", "give an int, or None for 100")


def check_text(operation: str, name: str, value: object) -> str:
    """A text that is stored as it is: any length, no surrogates."""
    if type(value) is str and value.isascii():
        return value
    if not isinstance(value, str):
        raise InvalidPayloadError(operation, name, f"is {quoted(value)}", "give a text")
    text: str = plain(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidPayloadError(
            operation, name, f"holds a surrogate: {quoted(value)}", "give text without surrogates"
        ) from None
    return text


def check_one_of(operation: str, name: str, value: Any, allowed: Collection[_Name]) -> _Name:
    """One of a set of names."""
    text: _Name = value if type(value) is str else plain(value)  # type: ignore[assignment]
    if not isinstance(text, str) or text not in allowed:
        raise InvalidPayloadError(operation, name, f"is {quoted(value)}", f"give one of {', '.join(sorted(allowed))}")
    return text


def check_flag(operation: str, name: str, value: object) -> bool:
    """A bool."""
    if not isinstance(value, bool):
        raise InvalidPayloadError(operation, name, f"is {quoted(value)}", "give True or False")
    return value


def check_type(operation: str, name: str, value: object, expected: type) -> None:
    """A record of the contract, or another object of a certain type."""
    if not isinstance(value, expected):
        article = "an" if expected.__name__.startswith("A") else "a"
        raise InvalidPayloadError(operation, name, f"is {quoted(value)}", f"give {article} {expected.__name__}")
