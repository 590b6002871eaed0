"""The site's hook: what README.md and CHANGELOG.md say stands on its pages, too.

A line of a page that is nothing but a link to one of them, or to one of their headings, becomes what stands there.
"""

import re
from pathlib import Path
from typing import Any, Final

from markdown.extensions.toc import slugify

_ROOT: Final = Path(__file__).parents[1]
_LINK: Final = re.compile(r"^\[[^\]]+\]\(\.\./(?P<file>\w+\.md)(?:#(?P<anchor>[\w-]+))?\)$", re.MULTILINE)
_HEADING: Final = re.compile(r"^#+ (.+)\n", re.MULTILINE)


def on_page_markdown(markdown: str, **_: Any) -> str:
    """The page with what its links stand for; links within that lead on from `docs/`."""
    return _LINK.sub(lambda link: _told(link["file"], link["anchor"]).replace("](docs/", "]("), markdown)


def _told(file: str, anchor: str | None) -> str:
    text = (_ROOT / file).read_text(encoding="utf-8")
    headings = list(_HEADING.finditer(text))
    for heading, following in zip(headings, [*headings[1:], None], strict=True):
        if anchor in (None, slugify(heading[1], "-")):
            end = following.start() if anchor is not None and following is not None else len(text)
            return text[heading.end() : end].strip()
    raise ValueError(f"{file} has no heading for #{anchor}")
