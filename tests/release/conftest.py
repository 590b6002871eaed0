"""What a release consists of, built from this tree and installed where nothing else is. No network is needed."""

import os
import subprocess
import sys
import venv
from collections.abc import Callable
from importlib.metadata import distribution
from pathlib import Path

import pytest

from tests.release.building import ROOT, Built, build, required, succeeds


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return build(ROOT, tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="session")
def bare(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Runs a program of a virtual environment that has the wheel and what it requires without extras, no more."""
    home = tmp_path_factory.mktemp("bare")
    venv.create(home, symlinks=True)
    (packages,) = home.glob("lib/python*/site-packages")
    for name in sorted(required("redis", set()) | required("hiredis", set())):
        for top in {file.parts[0] for file in distribution(name).files or ()} - {"..", "__pycache__"}:
            (packages / top).symlink_to(Path(str(distribution(name).locate_file(top))).resolve())
    pip = [sys.executable, "-m", "pip", "--python", home / "bin/python", "--disable-pip-version-check", "install"]
    succeeds(*pip, "--no-deps", "--no-index", built.wheel)

    def run(program: str, *args: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VALKEY_URL"))}
        return subprocess.run(
            [home / "bin" / program, *args],
            cwd=home,
            env={**inherited, "PYTHONDONTWRITEBYTECODE": "1", **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    return run
