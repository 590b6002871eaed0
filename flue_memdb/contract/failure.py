"""The text that a failed submission keeps of its error."""

from flue_memdb.contract.checks import check_text
from flue_memdb.contract.errors import InvalidPayloadError, quoted
from flue_memdb.contract.plain import plain


def error_text(operation: str, error: object) -> str:
    """Of an exception `str(error)`, or its class name where that is empty or fails; a text as it is, an empty one as
    `error`."""
    if isinstance(error, str):
        text = plain(error) or "error"
    elif isinstance(error, BaseException):
        text = _said_by(error) or type(error).__name__
    else:
        raise InvalidPayloadError(operation, "error", f"is {quoted(error)}", "give an exception or a text")
    return check_text(operation, "error", text)


def _said_by(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # it is the app's, and what failed has to be settled all the same
        return ""
