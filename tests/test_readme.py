"""README and the pages in docs say what is so: their programs run, their tables are those of the code."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from flue_memdb.verification import read_trace
from flue_memdb.verification.bulk import BULK
from flue_memdb.verification.outcomes import OUTCOMES
from flue_memdb.verification.retries import RETRIES
from flue_memdb.verification.shapes import METHODS
from flue_valkey.layout import LAYOUT

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def _ran(folder: Path, program: str) -> str:
    path = folder / "test_program.py"
    path.write_text(program, encoding="utf-8")
    command = [sys.executable, str(path)]
    if "import pytest" in program:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", str(path)]
        if "conformance" in program:
            command += ["-k", "TestMarkers"]  # the whole suite runs elsewhere
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


PROGRAMS = {
    f"{page.name} {number}": block
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    for number, block in enumerate(re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL), 1)
}


@pytest.mark.parametrize("block", PROGRAMS.values(), ids=PROGRAMS)
def test_every_program_runs(tmp_path, block):
    _ran(tmp_path, block)


def test_the_first_program_says_what_it_does(tmp_path):
    assert _ran(tmp_path, BLOCKS[0]) == "at work on plan\n"


def test_the_first_program_on_valkey(tmp_path, server_url):
    url, prefix = server_url
    on_valkey = BLOCKS[1].replace('"redis://127.0.0.1:6379/0"', f'"{url}", key_prefix="{prefix}"')
    assert _ran(tmp_path, BLOCKS[0].replace("adapter = memory()\n", on_valkey)) == "at work on plan\n"


@pytest.fixture
async def server_url(local_server):
    prefix = local_server.new_prefix()
    yield local_server.url, prefix
    await local_server.remove(prefix)


def test_the_links_lead_somewhere():
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    for page in pages:
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


def test_the_traces_of_the_page_are_traces(tmp_path):
    page = (ROOT / "docs" / "trace-format.md").read_text(encoding="utf-8")
    (tmp_path / "trace.jsonl").write_text(re.findall(r"```\n(\{.*?)```", page, re.DOTALL)[0], encoding="utf-8")
    assert len(read_trace(tmp_path / "trace.jsonl").operations) == 3
    assert all(f"`{name} [" in page for name in BULK)


def test_the_retries_are_those_that_are_tested():
    page = (ROOT / "docs" / "retries.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+\.\w+)` \| (.+) \| (.+) \| (.+) \| (.+) \|$", page, re.MULTILINE)
    expected = []
    for op, retry in RETRIES.items():
        store, method = METHODS[op]
        expected.append((f"{store}.{method}", retry.first, retry.again, retry.twice, METHODS[retry.tell[0]][1]))
    assert [row[:4] for row in rows] == [row[:4] for row in expected]
    assert [row[0] for row, named in zip(rows, expected, strict=True) if f"`{named[4]}`" not in row[4]] == []
