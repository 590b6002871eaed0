"""All that is to be done to a project, found out before anything is written."""

import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from flue_valkey.blueprint.database import VERSION, database_text, version_in
from flue_valkey.blueprint.dependencies import find_dependencies
from flue_valkey.blueprint.edits import Edit, edited, with_line
from flue_valkey.project import FILE, SOURCE_ROOTS, ProjectError

_PACKAGE: Final = "flue-valkey"
_SECRET: Final = "VALKEY_URL"  # noqa: S105 -- the name of one
_NAMED: Final = re.compile(rf"^\s*#?\s*(export\s+)?{_SECRET}\s*=", re.MULTILINE)
_READ_DOTENV: Final = ("python-dotenv", "pydantic-settings")
"""A project with one of these keeps its secrets in `.env`; the second brings the first."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done to the project in `root`: to its `db.py`, and to files that are there already."""

    root: Path
    database: Edit
    others: tuple[Edit, ...]
    reasons_to_ask: tuple[str, ...]
    """Why somebody has to agree first: one sentence for each file that would be replaced."""
    notes: tuple[str, ...]
    """What is left to do by hand."""

    @property
    def changes(self) -> list[Edit]:
        """What is to be written, in this order."""
        return [edit for edit in (*self.others, self.database) if edit.is_change]

    def name_of(self, edit: Edit) -> str:
        """The file as seen from the project's root."""
        return edit.path.relative_to(self.root).as_posix()

    def carry_out(self) -> None:
        """Writes what changes, each file in one step. An `OSError` leaves it and those that follow as they are."""
        for edit in self.changes:
            edit.write()


def plan_database(root: Path, *, runner: bool = False) -> Plan:
    """The plan to give the project in `root` a `db.py` for `VALKEY_URL`, with a `runner` of its own if that is wanted.

    It reads and changes nothing. A file of the project that cannot be read as what it is, is a `ProjectError`.
    """
    dependencies = find_dependencies(root)
    others, notes = [], []
    if dependencies is None:
        notes.append(f"No pyproject.toml or requirements file lists dependencies here: add {_PACKAGE} where you do.")
    elif _PACKAGE not in dependencies:
        others.append(dependencies.with_one_more(_PACKAGE, _versions()))
    example = root / ".env.example"
    if example.is_file():
        others.append(edited(example, _with_secret))
    dotenv = dependencies is not None and any(name in dependencies for name in _READ_DOTENV)
    database = _database(root, database_text(runner=runner, dotenv=dotenv))
    return Plan(root, database, tuple(others), tuple(_reasons_to_ask(root, database)), tuple(notes))


def _versions() -> str:
    try:
        return f">={version(_PACKAGE)}"
    except PackageNotFoundError:  # it runs from its sources
        return ""


def _with_secret(text: str) -> str:
    return text if _NAMED.search(text) else with_line(text, f"{_SECRET}=")


def _database(root: Path, text: str) -> Edit:
    places = [root / source_root for source_root in SOURCE_ROOTS]
    path = next(place for place in places if place.is_dir()) / FILE
    if path.is_file():
        return edited(path, lambda _: text)
    if path.exists():
        raise ProjectError("add database", str(path), "it is no file", "move it away first")
    return Edit(path, None, text)


def _reasons_to_ask(root: Path, database: Edit) -> list[str]:
    name = database.path.relative_to(root)
    if database.old is None:
        others = [root / source_root / FILE for source_root in SOURCE_ROOTS]
        return [
            f"{name} would be used in place of {other.relative_to(root)}, which is there already."
            for other in others
            if other.is_file()
        ]
    if not database.is_change:
        return []
    found = version_in(database.old)
    if found is None:
        return [f"{name} is there already, and not from this blueprint."]
    if found == VERSION:
        return [f"{name} is of this blueprint (version {VERSION}), with other contents."]
    age = "an older" if found < VERSION else "a newer"
    return [f"{name} is from {age} version of this blueprint ({found}; this is {VERSION})."]
