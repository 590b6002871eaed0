"""`UNSET`: "not given", where that differs from `None` (a JSON `null` that was given)."""

import enum
from typing import Final


class Unset(enum.Enum):
    """The type of `UNSET`; its one member."""

    UNSET = "UNSET"

    def __repr__(self) -> str:
        return "UNSET"

    def __bool__(self) -> bool:
        return False


UNSET: Final = Unset.UNSET
"""Not given, where `None` would be a JSON null that was given. It is false."""
