"""The site is built without a warning, and asks nobody else for anything."""

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from tests.documentation.pages import ROOT
from tools.public_api import MODULES

ELSEWHERE = re.compile(
    r"<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)=\"?(?:https?:)?//[^>]*>|url\((?:https?:)?//|@import"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site; it is an error if a page is not in the navigation, or if a link or an anchor leads nowhere."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "properdocs", "build", "--strict", "--site-dir", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    assert "WARNING" not in built.stderr
    return folder


def test_every_page_is_built(site: Path):
    pages = {page.relative_to(ROOT / "docs").with_suffix(".html") for page in (ROOT / "docs").rglob("*.md")}
    assert pages == {page.relative_to(site) for page in site.rglob("*.html")} - {Path("404.html"), Path("search.html")}


def test_nothing_comes_from_elsewhere(site: Path):
    files = [file for kind in ("*.html", "*.css") for file in site.rglob(kind)]
    assert {match for file in files for match in ELSEWHERE.findall(file.read_text(encoding="utf-8"))} == set()


@pytest.mark.parametrize("module", MODULES)
def test_the_reference_has_every_public_name(site: Path, module: str):
    entries = {
        name
        for file in (site / "reference").glob("*.html")
        for name in re.findall(r'<h\d id="([^"]+)"', file.read_text(encoding="utf-8"))
    }
    known = {entry.rpartition(".")[2] for entry in entries}
    public = {name for name in import_module(module).__all__ if not name.startswith("pytest_")}  # hooks are for pytest
    assert sorted(public - known) == []
