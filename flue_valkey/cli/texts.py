"""Values and numbers as people read them."""

import json

from flue_memdb.contract import Json
from flue_memdb.verification.comparison import text_of

_SHOWN = 600


def shown(value: Json) -> str:
    """The JSON text of a value in one line, cut if it is long; what a terminal would not show stands as an escape."""
    text = text_of(value)
    cut = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text):,} characters)"
    return printable(cut)


def printable(text: str) -> str:
    """A text of which nothing can steer a terminal: what it would not show stands as an escape."""
    return "".join(character if character.isprintable() else json.dumps(character)[1:-1] for character in text)


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number with its word."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
