"""Every example on every page works as it stands there."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.documentation.pages import PAGES, blocks, name
from tests.documentation.reader import ADDRESS, Reader, shows

LANGUAGES = {"python", "console", "text", "ini", "json", "toml"}
NOT_RUN = 3


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_the_examples_of_a_page_work(tmp_path: Path, request: pytest.FixtureRequest, page: Path):
    examples = list(blocks(page))
    address = None
    if any(ADDRESS in block.text or block.language == "console" for block in examples):
        address = urlsplit(request.getfixturevalue("recommended_server").url).netloc
    reader = Reader(tmp_path, address, page)
    for block in examples:
        reader.follow(block)


def test_examples_that_are_not_run_are_few_and_say_why():
    every = [block for page in PAGES for block in blocks(page)]
    assert [block.where for block in every if block.language not in LANGUAGES] == []
    assert len([block.where for block in every if block.not_run is not None]) == NOT_RUN


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ("a\nb\n", "a\nc\n"),
        ("a …\n", "b 1\n"),
        ("a …\n", "a 1\nb\n"),
        ("a\n…\nb\n", "a\n1\n2\n"),
        ("a\n", "a\na\n"),
    ],
)
def test_an_output_that_is_another_is_found(shown: str, said: str):
    assert shows(said, said)
    assert not shows(shown, said)


def test_an_ellipsis_stands_for_anything():
    assert shows("a … c\n…\nz\n", "a b c  \n1\n2\nz\n")
    assert shows("a\n…\nz\n", "a\nz\n")
