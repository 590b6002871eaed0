"""The other tests, run on a mutant: for what the differential run cannot see."""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tools.mutation.mutant import ROOT, Mutant

_NEEDED = (
    "flue_memdb",
    "flue_valkey",
    "benchmarks",
    "tests",
    "tools",
    "docs",
    "properdocs.yml",
    "pyproject.toml",
    "README.md",
)
_WITHIN_S = 300
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+?)(?:\[.*)?(?: - .*)?$", re.MULTILINE)


def failing_test(mutant: Mutant, tests: Sequence[str]) -> str | None:
    """The first of these tests that fails in a copy of the repository with the change, without its parameters."""
    with tempfile.TemporaryDirectory() as directory:
        copy = Path(directory)
        for name in _NEEDED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / name, copy / name)
        (copy / mutant.file).write_text(mutant.text, encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "--exitfirst", "--quiet", "-p", "no:cacheprovider", *tests]
        try:
            run = subprocess.run(  # noqa: S603 -- our own tests
                command, cwd=copy, capture_output=True, text=True, timeout=_WITHIN_S, check=False
            )
        except subprocess.TimeoutExpired:
            return f"no end within {_WITHIN_S} s"
        failed = _FAILED.search(run.stdout)
        if failed is None and run.returncode not in (0, 1):
            raise RuntimeError(f"{' '.join(command)}:\n{run.stdout}{run.stderr}")
        return failed[1] if failed else None
