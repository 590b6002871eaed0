"""A driver's exceptions as the errors of the stores."""

from collections.abc import Iterator
from contextlib import contextmanager

from redis.exceptions import (
    AuthenticationError,
    AuthenticationWrongNumberOfArgsError,
    BusyLoadingError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
)
from redis.exceptions import (
    ConnectionError as NoConnectionError,
)
from redis.exceptions import (
    TimeoutError as NoAnswerError,
)

from flue_memdb.contract import FlueStoreError, ServerReplyError, StoreFullError, StoreUnavailableError
from flue_memdb.contract.errors import quoted
from flue_valkey.runner import NotSentError

DRIVER_ERRORS = (RedisError, OSError, TimeoutError)
LOGIN = "user name, password and database number"
_LOGIN_ERRORS = (AuthenticationError, AuthenticationWrongNumberOfArgsError)
_BUSY = "BUSY "
_FULL = "OOM "
_NOT_ALLOWED = "ACL failure in script"
_NO_SCRIPT_RUNS = "no script runs on it without an end"


@contextmanager
def raised_as_store_errors(operation: str) -> Iterator[None]:
    """Raises what the driver raises in the block as `StoreUnavailableError`, `StoreFullError` or `ServerReplyError`."""
    try:
        yield
    except DRIVER_ERRORS as error:
        raise store_error(operation, error) from error


def store_error(operation: str, error: Exception) -> FlueStoreError:
    """One of `DRIVER_ERRORS` as what the block would raise; for where the block itself would take too long."""
    if is_busy(error):  # before the login, where it refuses to choose the database
        found = f"is busy and has refused ({error})"
        return StoreUnavailableError(operation, "the server", found, may_have_happened=False, check=_NO_SCRIPT_RUNS)
    if isinstance(error, _LOGIN_ERRORS) or _refuses_login(error):
        return ServerReplyError(operation, "the server", f"refuses the login ({error})", f"check {LOGIN} in the URL")
    if isinstance(error, OutOfMemoryError) or str(error).startswith(_FULL):
        return StoreFullError(
            operation,
            "the server",
            "has reached maxmemory; nothing was written",
            "free memory on it or raise maxmemory",
        )
    if isinstance(error, (NoConnectionError, NoAnswerError, BusyLoadingError, OSError, TimeoutError)):
        never_ran = isinstance(error, (NotSentError, BusyLoadingError))
        found = "it was not asked" if isinstance(error, NotSentError) else "no answer"
        reason = str(error) or type(error).__name__
        return StoreUnavailableError(operation, "the server", f"{found} ({reason})", may_have_happened=not never_ran)
    if isinstance(error, ReadOnlyError):
        return ServerReplyError(operation, "the server", f"refused: {error}", "use its primary")
    if isinstance(error, NoPermissionError) or _NOT_ALLOWED in str(error):
        return ServerReplyError(
            operation, "the server", f"refused: {error}", "allow this user what docs/production.md lists"
        )
    return ServerReplyError(operation, "the server", f"refused: {error}", "see its documentation for this reply")


def strange_reply(operation: str, reply: object) -> ServerReplyError:
    """Of what no script gives: something else has answered."""
    remedy = "find out what answers in its place; a write may or may not have happened"
    return ServerReplyError(operation, "the server", f"answered a script with {quoted(reply)}", remedy)


def is_busy(error: Exception) -> bool:
    """Whether the server refused because a script takes all its time. It has run nothing, and may run it later."""
    return str(error).startswith(_BUSY)


def _refuses_login(error: Exception) -> bool:
    return str(error).startswith(("NOAUTH", "WRONGPASS", "Authentication required"))
