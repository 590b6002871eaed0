"""The text of a failed submission's error, where the error itself is odd."""

from enum import Enum

import pytest

from flue_memdb import InvalidPayloadError
from flue_memdb.contract.failure import error_text


class UnprintableError(Exception):
    def __init__(self, said: object) -> None:
        self.said = said

    def __str__(self) -> str:
        return self.said.text  # type: ignore[attr-defined, no-any-return]


class Reason(str, Enum):  # noqa: UP042 -- a StrEnum is shown as its value anyway
    LATE = "too late"


def test_an_error_that_cannot_be_shown_settles_by_its_name() -> None:
    assert error_text("fail_submission", UnprintableError(None)) == "UnprintableError"


def test_what_ends_the_process_is_not_taken_for_such_an_error() -> None:
    class Interrupted:
        @property
        def text(self) -> str:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        error_text("fail_submission", UnprintableError(Interrupted()))


def test_a_text_that_is_a_member_of_an_enumeration_is_its_value() -> None:
    assert error_text("fail_submission", Reason.LATE) == "too late"


def test_a_text_with_a_surrogate_is_refused_by_the_operation() -> None:
    with pytest.raises(InvalidPayloadError, match=r"^fail_submission: error: holds a surrogate"):
        error_text("fail_submission", "a\ud800")
