"""The sizes on the page are those that are measured."""

import re

import pytest

from flue_valkey.servers.server import Server
from tests.documentation.pages import ROOT
from tools.sizing import sizes


async def test_the_sizes_of_the_page_are_measured(recommended_server: Server):
    page = (ROOT / "docs" / "production.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (an? [^|]+|what [^|]+) \| ([\d,]+) \|$", page, re.MULTILINE)
    measured = {size.what: size.each async for size in sizes(recommended_server, many=200)}
    told = {what: int(each.replace(",", "")) for what, each in rows}
    assert list(told) == list(measured)
    assert told == pytest.approx(measured, rel=0.15)  # another version of the server allocates otherwise
