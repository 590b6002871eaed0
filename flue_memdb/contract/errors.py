"""What the stores raise. Each error names the operation, what it was about, what was found and what to do."""

from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any, ClassVar

_SHOWN = 80


def quoted(value: object) -> str:
    """`value` as a person can read it in one line: its repr, cut after 80 characters. No more of a text, a container or
    a record is looked at, however large it is."""
    try:
        text = repr(value[:_SHOWN]) if type(value) is str else _beginning_of(value)
    except Exception:  # such as of an int of more than 4,300 digits
        return f"a {type(value).__name__} that cannot be shown"
    if len(text) <= _SHOWN:
        return text
    size = f" ({len(value):,} characters)" if isinstance(value, str) else ""
    return f"{text[:_SHOWN]}…{size}"


def _beginning_of(value: object) -> str:
    text = ""
    for piece in _pieces(value):
        text += piece
        if len(text) > _SHOWN:
            break
    return text


def _pieces(value: Any) -> Iterator[str]:
    """The repr of the value, bit by bit."""
    form: object = type(value).__repr__
    if form is dict.__repr__:
        yield from _enclosed("{", (_pair(_pieces(key), ": ", item) for key, item in value.items()), "}")
    elif form is list.__repr__:
        yield from _enclosed("[", map(_pieces, value), "]")
    elif form is tuple.__repr__:
        yield from _enclosed("(", map(_pieces, value), ",)" if len(value) == 1 else ")")
    elif is_dataclass(value) and not isinstance(value, type):
        members = (_pair([field.name], "=", getattr(value, field.name)) for field in fields(value) if field.repr)
        yield from _enclosed(f"{type(value).__qualname__}(", members, ")")
    elif form in (str.__repr__, bytes.__repr__):
        yield repr(value[:_SHOWN])
    else:
        yield repr(value)


def _pair(name: Iterable[str], sign: str, value: object) -> Iterator[str]:
    yield from name
    yield sign
    yield from _pieces(value)


def _enclosed(opening: str, members: Iterable[Iterator[str]], end: str) -> Iterator[str]:
    yield opening
    for at, member in enumerate(members):
        if at:
            yield ", "
        yield from member
    yield end


class FlueStoreError(Exception):
    """Base of all errors of the stores.

    `operation` is the method that refused, `subject` what it was about (with its id), `found` what was there and
    `remedy` what to do about it; `kind` is the name that traces use.
    """

    kind: ClassVar[str] = "other"

    def __init__(self, operation: str, subject: str, found: str, remedy: str) -> None:
        about = f"{operation}: {subject}" if subject else operation
        super().__init__(f"{about}: {found}; {remedy}")
        self.operation = operation
        self.subject = subject
        self.found = found
        self.remedy = remedy

    def __reduce__(self) -> tuple[object, ...]:
        # The subclasses take other arguments than this class; a copy in another process needs only the fields.
        return (_restored, (type(self), self.args, self.__dict__))


def _restored(cls: type[FlueStoreError], args: tuple[object, ...], fields: dict[str, object]) -> FlueStoreError:
    error = cls.__new__(cls)
    error.args = args
    error.__dict__.update(fields)
    return error


class InvalidInputError(FlueStoreError):
    """Base of the errors for input that is refused before anything is read or written."""


class InvalidIdentifierError(InvalidInputError):
    """An id, key, name or path that is no text, is empty, too long, or holds a surrogate."""

    kind = "invalid_identifier"


class InvalidNumberError(InvalidInputError):
    """A number that is no int, or lies outside 0 to 2^53 - 1."""

    kind = "invalid_number"


class InvalidPayloadError(InvalidInputError):
    """A value that JSON has no form for, or that is not of its type or set."""

    kind = "invalid_payload"


class InvalidTimestampError(InvalidInputError):
    """A timestamp that is not ISO 8601 in its extended form, or names a day or an instant that does not exist."""

    kind = "invalid_timestamp"

    def __init__(self, operation: str, name: str, value: object) -> None:
        super().__init__(
            operation,
            name,
            f"is {quoted(value)}",
            "give ISO 8601 such as 2026-06-03T09:30:00.000Z, in the years 1 to 9999",
        )


class InvalidOffsetError(InvalidInputError):
    """An offset that is neither `"-1"`, `"now"`, nor one that an append gave."""

    kind = "invalid_offset"

    def __init__(self, operation: str, value: object) -> None:
        super().__init__(
            operation, "offset", f"is {quoted(value)}", 'give "-1", "now", or an offset as an append returned it'
        )


class InvalidCursorError(InvalidInputError):
    """A cursor that no `list_runs` gave."""

    kind = "invalid_cursor"

    def __init__(self, operation: str, value: object) -> None:
        super().__init__(operation, "cursor", f"is {quoted(value)}", "give next_cursor of an earlier page, unchanged")


class SubmissionConflictError(FlueStoreError):
    """`admit_direct` of an id that was admitted with another payload, or whose submission was deleted."""

    kind = "submission_conflict"

    def __init__(self, operation: str, submission_id: str, found: str) -> None:
        super().__init__(operation, f"submission {quoted(submission_id)}", found, "admit it under an id of its own")


class SessionBeingDeletedError(FlueStoreError):
    """An admission to a session that has a deletion marker."""

    kind = "session_being_deleted"

    def __init__(self, operation: str, session_key: str) -> None:
        super().__init__(
            operation,
            f"session {quoted(session_key)}",
            "it is being deleted",
            "try again when the deletion has ended; if its process died, call delete_session again",
        )


class SessionBusyError(FlueStoreError):
    """`delete_session` while work of the session is unsettled, or from within its own deletion's callback; nothing was
    deleted."""

    kind = "session_busy"

    def __init__(self, operation: str, session_key: str, found: str, remedy: str) -> None:
        super().__init__(operation, f"session {quoted(session_key)}", found, remedy)


class StreamNotFoundError(FlueStoreError):
    """An append to a stream that was never created."""

    kind = "stream_not_found"

    def __init__(self, operation: str, path: str) -> None:
        super().__init__(operation, f"stream {quoted(path)}", "there is no such stream", "call create_stream first")


class StreamClosedError(FlueStoreError):
    """An append to a closed stream."""

    kind = "stream_closed"

    def __init__(self, operation: str, path: str) -> None:
        super().__init__(operation, f"stream {quoted(path)}", "it is closed", "append to a stream of another path")


class EventKeyConflictError(FlueStoreError):
    """A keyed append whose key already stands for another event."""

    kind = "event_key_conflict"

    def __init__(self, operation: str, path: str, key: str) -> None:
        super().__init__(
            operation,
            f"stream {quoted(path)}",
            f"event key {quoted(key)} already stands for another event",
            "give each event a key of its own",
        )


class CorruptRecordError(FlueStoreError):
    """A stored record that cannot be read; `found` says what is wrong with it."""

    kind = "corrupt_record"

    def __init__(self, operation: str, record: str, found: str) -> None:
        super().__init__(operation, record, found, "restore it from a backup, or delete it")


class AdapterClosedError(FlueStoreError):
    """A store used after its adapter was closed."""

    kind = "adapter_closed"

    def __init__(self, operation: str) -> None:
        super().__init__(operation, "", "the adapter is closed", "connect a new adapter")


class SchemaVersionError(FlueStoreError):
    """A namespace whose schema version is not the one that this version of the adapter reads and writes. Nothing else
    of it was read or written."""


class ServerRequirementError(FlueStoreError):
    """A server that does not meet a requirement, or whose settings cannot be verified. Nothing was written."""


class StoreUnavailableError(FlueStoreError):
    """No connection to the server, or no answer in time.

    `may_have_happened` is false where the server was never asked, or refused because it was still loading or busy
    with a script: then nothing was written, and the call can be made again. Where it is true, a write may or may not
    have happened.
    """

    def __init__(
        self,
        operation: str,
        subject: str,
        found: str,
        *,
        may_have_happened: bool,
        check: str = "it runs and can be reached",
    ) -> None:
        known = "a write may or may not have happened" if may_have_happened else "nothing was written"
        super().__init__(operation, subject, found, f"check that {check}; {known}")
        self.may_have_happened = may_have_happened


class StoreFullError(FlueStoreError):
    """The server has reached its memory limit; nothing was written."""


class ServerReplyError(FlueStoreError):
    """Any other refusal by the server: of the credentials, of a command that this user may not use, and so on; also an
    answer that no server gives."""
