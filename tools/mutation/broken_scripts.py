"""The adapter over fakeredis, with one of its scripts or includes changed."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from flue_valkey.scripts import SCRIPTS, load
from tools.mutation.mutant import ROOT

SCRIPTS_FOLDER = "flue_valkey/scripts"


@cache
def script_sources() -> dict[str, str]:
    """The scripts and includes, as files from the root of the repository."""
    files = sorted((ROOT / SCRIPTS_FOLDER).rglob("*.lua"))
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in files}


@contextmanager
def scripts_with(changed: dict[str, str]) -> Iterator[None]:
    """For the block, the scripts are as these texts of files say."""
    whole = dict(SCRIPTS)
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory) / "scripts"
        shutil.copytree(ROOT / SCRIPTS_FOLDER, folder)
        for file, text in changed.items():
            (folder / Path(file).relative_to(SCRIPTS_FOLDER)).write_text(text, encoding="utf-8")
        try:
            SCRIPTS.update({name: load(name, folder) for name in whole})
            yield
        finally:
            SCRIPTS.update(whole)
