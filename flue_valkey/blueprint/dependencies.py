"""Where a project lists what it needs, and how one more is added there."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import tomlkit
from tomlkit.exceptions import TOMLKitError

from flue_valkey.blueprint.edits import Edit, edited, read, with_line
from flue_valkey.project import ProjectError

_REQUIREMENTS: Final = ("requirements.in", "requirements.txt")
"""In this order: where there is the first, the second is made from it."""
_NAME: Final = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")


@dataclass(frozen=True, slots=True)
class Dependencies:
    """The list of one file: the names in it, in their normal form, and what makes its text with one more."""

    path: Path
    names: frozenset[str]
    _added: Callable[[str, str, str], str]

    def __contains__(self, name: str) -> bool:
        return name in self.names

    def with_one_more(self, name: str, versions: str) -> Edit:
        """`versions` is as in a requirement, such as `>=0.1`; empty for any."""
        return edited(self.path, lambda text: self._added(text, name, versions))


def find_dependencies(root: Path) -> Dependencies | None:
    """The list of the project in `root`: PEP 621's, Poetry's or that of a requirements file; `None` if it has none.

    A file that cannot be read as what it is is a `ProjectError`.
    """
    pyproject = root / "pyproject.toml"
    if pyproject.is_file():
        document = _parsed(pyproject)
        project, poetry = _table(pyproject, document, "project"), _table(pyproject, document, "tool", "poetry")
        if project is not None and "dependencies" not in project.get("dynamic", ()):
            listed = project.get("dependencies", [])
            if not isinstance(listed, list):
                raise _error(pyproject, "its project.dependencies is no list", "make it one first")
            return Dependencies(pyproject, _names(listed), _added_to_project)
        if poetry is not None:
            required = _table(pyproject, document, "tool", "poetry", "dependencies") or {}
            return Dependencies(pyproject, _names(required), _added_to_poetry)
    for name in _REQUIREMENTS:
        if (root / name).is_file():
            lines = read(root / name).splitlines()
            return Dependencies(root / name, _names(lines), _added_to_requirements)
    return None


def _parsed(path: Path) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(read(path))
    except TOMLKitError as error:
        raise _error(path, f"it is no TOML ({error})", "correct it first") from error


def _table(path: Path, document: Any, *names: str) -> Any:
    for name in names:
        document = document.get(name)
        if document is None:
            return None
        if not isinstance(document, dict):
            raise _error(path, f"its {'.'.join(names)} is no table", "make it one first")
    return document


def _names(requirements: Iterable[object]) -> frozenset[str]:
    found = (_NAME.match(str(requirement)) for requirement in requirements)
    return frozenset(re.sub(r"[-_.]+", "-", match[1]).lower() for match in found if match)


def _added_to_project(text: str, name: str, versions: str) -> str:
    document: Any = tomlkit.parse(text)
    project = document["project"]
    if "dependencies" in project:
        project["dependencies"].append(name + versions)
    else:  # a table in several parts gives a copy of a list that it is given
        project["dependencies"] = [name + versions]
    return tomlkit.dumps(document)


def _added_to_poetry(text: str, name: str, versions: str) -> str:
    document: Any = tomlkit.parse(text)
    document["tool"]["poetry"].setdefault("dependencies", tomlkit.table())[name] = versions or "*"
    return tomlkit.dumps(document)


def _added_to_requirements(text: str, name: str, versions: str) -> str:
    if "--hash=" in text:  # pip takes no line without one then
        raise ProjectError("add database", "the requirements", "they have hashes", f"add {name} with its own first")
    return with_line(text, name + versions)


def _error(path: Path, found: str, remedy: str) -> ProjectError:
    return ProjectError("add database", str(path), found, remedy)
