"""The text that a failed submission keeps of its error."""

from flue_memdb.contract.checks import check_text
from flue_memdb.contract.errors import InvalidPayloadError, quoted


def error_text(operation: str, error: object) -> str:
    """Of an exception `str(error)`, or its class name where that is empty; a text as it is, an empty one as `error`."""
    if not isinstance(error, (str, BaseException)):
        raise InvalidPayloadError(operation, "error", f"is {quoted(error)}", "give an exception or a text")
    text = str(error) or (type(error).__name__ if isinstance(error, BaseException) else "error")
    check_text(operation, "error", text)
    return text
