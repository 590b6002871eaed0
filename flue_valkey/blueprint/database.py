"""The text of a `db.py`, and the line by which it is known again."""

import re
from importlib.resources import files
from typing import Final

VERSION: Final = 2
"""Goes up with each change of the templates, so that older files are recognised."""

_MARKER: Final = "# flue blueprint: database valkey, version {version}"
_MARKED: Final = re.compile(r"^# flue blueprint: database valkey, version (\d+)\s*$", re.MULTILINE)
_DOTENV: Final = (
    "from dotenv import load_dotenv\n",
    "load_dotenv()  # what the environment has already stays as it is\n\n",
)


def database_text(*, runner: bool, dotenv: bool) -> str:
    """A `db.py`: with a URL alone, or with a `runner` over a client of redis-py; with `dotenv` it reads `.env`, too."""
    template = files("flue_valkey.blueprint") / "templates" / ("runner.txt" if runner else "url.txt")
    text = template.read_text(encoding="utf-8")
    if not dotenv:
        for lines in _DOTENV:
            text = text.replace(lines, "")
    return f"{_MARKER.format(version=VERSION)}\n{text}"


def version_in(text: str) -> int | None:
    """The version of the blueprint that wrote a `db.py`; `None` for a file of other origin."""
    found = _MARKED.search(text)
    return int(found[1]) if found else None
