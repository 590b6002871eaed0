"""The site's hook: what is written elsewhere already stands on its pages, too.

- A line that is only a link to README.md or CHANGELOG.md, or to one of their headings, becomes what stands there.
- A console that asks `flue` for help shows the help.
"""

import re
from pathlib import Path
from typing import Any, Final

from click.testing import CliRunner
from markdown.extensions.toc import slugify

from flue_valkey.cli.app import flue

_ROOT: Final = Path(__file__).parents[1]
_LINK: Final = re.compile(r"^\[[^\]]+\]\(\.\./(?P<file>\w+\.md)(?:#(?P<anchor>[\w-]+))?\)$", re.MULTILINE)
_HELP: Final = re.compile(r"^```console\n\$ flue (?P<arguments>.*--help)\n```$", re.MULTILINE)
_HEADING: Final = re.compile(r"^#+ (.+)\n", re.MULTILINE)


def on_page_markdown(markdown: str, **_: Any) -> str:
    """The page with what its links stand for, and with the helps; links within what is told lead on from `docs/`."""
    markdown = _LINK.sub(lambda link: _told(link["file"], link["anchor"]).replace("](docs/", "]("), markdown)
    return _HELP.sub(lambda asked: _help(asked["arguments"]), markdown)


def _told(file: str, anchor: str | None) -> str:
    text = (_ROOT / file).read_text(encoding="utf-8")
    headings = list(_HEADING.finditer(text))
    for heading, following in zip(headings, [*headings[1:], None], strict=True):
        if anchor in (None, slugify(heading[1], "-")):
            end = following.start() if anchor is not None and following is not None else len(text)
            return text[heading.end() : end].strip()
    raise ValueError(f"{file} has no heading for #{anchor}")


def _help(arguments: str) -> str:
    shown = CliRunner().invoke(flue, arguments.split(), prog_name="flue", terminal_width=100)
    if shown.exit_code:
        raise ValueError(f"flue {arguments}: {shown.output}")
    return f"```console\n$ flue {arguments}\n{shown.output.strip()}\n```"
