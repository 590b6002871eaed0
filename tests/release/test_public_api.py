"""The public API is written down, so that a change to it is a decision."""

from difflib import unified_diff

from tools.public_api import COPY, public_api


def test_the_public_api_is_as_written_down():
    written, found = (text.splitlines() for text in (COPY.read_text(encoding="utf-8"), public_api()))
    difference = "\n".join(unified_diff(written, found, COPY.name, "the sources", lineterm="", n=1))
    assert written == found, (
        f"the public API has changed:\n\n{difference}\n\n"
        "If that is what you want, write it down with 'python -m tools.public_api --write' (or 'make api'),"
        " and say in CHANGELOG.md what it means for those who use it."
    )
