"""The pages and their fenced blocks.

A block of Python or of the console is run (`reader.py`). One that cannot be has a comment before it that says why:
`<!-- not run: it needs a package index -->`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *EXAMPLES.rglob("*.md")])

_NOT_RUN = re.compile(r"<!-- not run: (.+) -->\s*")
_TITLE = re.compile(r'title="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: where it stands, the name of the file that it shows, and why it is not run, if it is not."""

    where: str
    language: str
    title: str | None
    text: str
    not_run: str | None


def name(page: Path) -> str:
    """How the page is called in tests."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> Iterator[Block]:
    """The page's blocks, in order."""
    before = ""
    for token in MarkdownIt().parse(page.read_text(encoding="utf-8")):
        if token.type == "fence" and token.map is not None:
            language, _, options = token.info.partition(" ")
            title, not_run = _TITLE.search(options), _NOT_RUN.fullmatch(before)
            yield Block(
                where=f"{name(page)}:{token.map[0] + 1}",
                language=language,
                title=title and title[1],
                text=token.content,
                not_run=not_run and not_run[1],
            )
        before = token.content if token.type == "html_block" else ""
