"""Somebody who follows a page, block after block, in one folder.

- `python`: a program, or a module of tests if it has any; under the name that is its title, where it has one.
- `console`: each line after a `$` is a command; what stands below it is compared with what it says. There `…` stands
  for anything within a line, and as a line of its own for any lines.
- `text title="output"`: what the block before it printed, likewise.
- Any other block with a title is a file.

The server at `redis://127.0.0.1:6379` is one for the occasion; VALKEY_URL names it, too.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final

from tests.documentation.pages import EXAMPLES, ROOT, Block

ADDRESS: Final = "127.0.0.1:6379"
_TESTS: Final = re.compile(r"^ *(async )?def test_|\bconformance import\b", re.MULTILINE)
# Where the package is not installed its entry point is not found.
_PLUGIN: Final = "" if entry_points(group="pytest11", name="flue") else "-p flue_valkey.pytest_plugin"
_PYTEST: Final = ["-m", "pytest", *_PLUGIN.split(), "-q", "-p", "no:cacheprovider", "-p", "no:randomly"]
_ANY_LINES: Final = "(?:.*\n)*?"
_PARSED: Final = {"json": json.loads, "toml": tomllib.loads}


class Reader:
    """`address` is the host and port of the server, if there is one. `page` lies in the example that it is about, of
    which the reader has a copy, or it is about none."""

    def __init__(self, folder: Path, address: str | None, page: Path) -> None:
        self._address = address
        self._project = folder / "project"
        if page.is_relative_to(EXAMPLES):
            shutil.copytree(page.parent, self._project, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        else:
            self._project.mkdir()
        self._programs = folder / "bin"
        self._programs.mkdir()
        for program, arguments in (
            ("python", ""),
            ("pytest", f" -m pytest {_PLUGIN}"),
            ("flue", " -m flue_valkey.cli"),
        ):
            path = self._programs / program
            path.write_text(f'#!/bin/sh\nexec "{sys.executable}"{arguments} "$@"\n', encoding="utf-8")
            path.chmod(0o755)
        self._said = ""

    def follow(self, block: Block) -> None:
        """Does what the block says; where it is not so, an AssertionError names the place."""
        if block.not_run is not None:
            return
        if block.language == "python":
            self._run_python(block)
        elif block.language == "console":
            self._run_console(block)
        elif block.title == "output":
            assert shows(block.text, self._said), f"{block.where}: printed was\n{self._said}"
        else:
            _PARSED.get(block.language, str)(block.text)
            if block.title is not None:
                self._written(block.title, block.text)

    def _run_python(self, block: Block) -> None:
        has_tests = _TESTS.search(block.text) is not None
        path = self._written(block.title or ("test_program.py" if has_tests else "program.py"), block.text)
        if path.name != "conftest.py":
            command = ["python", *(_PYTEST if has_tests else ["-W", "error"]), str(path)]
            if "conformance import *" in block.text:
                command += ["-k", "TestMarkers"]  # the whole suite runs in tests/conformance
            self._run(block, command)

    def _run_console(self, block: Block) -> None:
        assert block.text.startswith("$ "), f"{block.where}: a console begins with a command, after a $"
        for part in block.text.removeprefix("$ ").split("\n$ "):
            command, _, shown = part.partition("\n")
            self._run(block, ["bash", "-c", self._addressed(command)])
            assert shows(shown, self._said), f"{block.where}: $ {command}\nsaid\n{self._said}"

    def _run(self, block: Block, command: list[str]) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("FLUE_", "PYTEST_"))}
        environment |= {"PATH": f"{self._programs}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "COLUMNS": "100"}
        environment["VALKEY_URL"] = self._addressed(f"redis://{ADDRESS}/0")
        ran = subprocess.run(
            command,
            cwd=self._project,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self._said = ran.stdout
        if self._address is not None:
            self._said = self._said.replace(self._address, ADDRESS)
        assert ran.returncode == 0, f"{block.where}: exit code {ran.returncode}\n{self._said}"

    def _written(self, title: str, text: str) -> Path:
        path = self._project / title
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self._addressed(text), encoding="utf-8")
        return path

    def _addressed(self, text: str) -> str:
        return text if self._address is None else text.replace(ADDRESS, self._address)


def shows(shown: str, said: str) -> bool:
    """Whether what a page shows is what was said. A page that shows nothing does not care."""
    lines = [line.rstrip() for line in shown.strip("\n").split("\n")]
    pattern = "".join(_ANY_LINES if line == "…" else _line(line) for line in lines)
    heard = "".join(f"{line.rstrip()}\n" for line in said.strip("\n").split("\n"))
    return not shown.strip() or re.fullmatch(pattern, heard) is not None


def _line(shown: str) -> str:
    return ".*".join(map(re.escape, shown.split("…"))) + "\n"
