"""What the pages say is so: their tables are those of the code."""

import re
from dataclasses import replace
from urllib.parse import urlsplit

from flue_memdb.verification.bulk import BULK
from flue_memdb.verification.live import LIVE
from flue_memdb.verification.outcomes import OUTCOMES
from flue_memdb.verification.retries import RETRIES
from flue_memdb.verification.shapes import METHODS
from flue_valkey.layout import LAYOUT
from flue_valkey.settings import read_info
from tests.documentation.pages import PAGES, ROOT, Block, blocks
from tests.documentation.reader import ADDRESS, Reader


def test_the_first_program_is_the_same_on_valkey(tmp_path, recommended_server):
    first, other = [block for block in blocks(ROOT / "README.md") if block.language == "python"][:2]
    program = replace(first, text=first.text.replace("adapter = memory()\n", other.text))
    output = Block(first.where, "text", "output", "at work on plan", None)
    reader = Reader(tmp_path, urlsplit(recommended_server.url).netloc, ROOT / "README.md")
    assert ADDRESS in program.text
    for block in (first, output, program, output):
        reader.follow(block)


def test_the_links_lead_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_layout_is_the_code_s():
    page = (ROOT / "docs" / "storage-format.md").read_text(encoding="utf-8")
    assert dict(re.findall(r"^\| `P:(\S+)` \| (\w+) \|", page, re.MULTILINE)) == {
        key.text: key.type for key in LAYOUT.values()
    }


def test_every_operation_is_described():
    page = (ROOT / "docs" / "semantics.md").read_text(encoding="utf-8")
    assert [name for name in OUTCOMES if name.partition(".")[2] not in page] == []


def test_every_bulk_and_live_step_is_described():
    page = (ROOT / "docs" / "trace-format.md").read_text(encoding="utf-8")
    assert [name for name in (*BULK, *LIVE) if f"`{name} [" not in page] == []


def test_the_retries_are_those_that_are_tested():
    page = (ROOT / "docs" / "retries.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+\.\w+)` \| (.+) \| (.+) \| (.+) \| (.+) \|$", page, re.MULTILINE)
    expected = []
    for op, retry in RETRIES.items():
        store, method = METHODS[op]
        expected.append((f"{store}.{method}", retry.first, retry.again, retry.twice, METHODS[retry.tell[0]][1]))
    assert [row[:4] for row in rows] == [row[:4] for row in expected]
    assert [row[0] for row, named in zip(rows, expected, strict=True) if f"`{named[4]}`" not in row[4]] == []


async def test_the_server_tells_what_is_worth_watching(recommended_server):
    page = (ROOT / "docs" / "production.md").read_text(encoding="utf-8")
    table = page.partition("| field | because |\n")[2].partition("\n\n")[0]
    fields = [name for line in table.splitlines() for name in re.findall(r"`(\w+)`", line.split("|")[1])]
    runner = recommended_server.runner()
    told = await read_info(runner)
    await runner.close()
    assert len(fields) == 7
    assert [name for name in fields if name not in told] == []
