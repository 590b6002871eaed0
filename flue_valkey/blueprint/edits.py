"""Files of a project, read with their line ends and written whole or not at all."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

from flue_valkey.project import ProjectError


@dataclass(frozen=True, slots=True)
class Edit:
    """A file as it is (`old`, `None` where there is none) and as it is to be (`new`)."""

    path: Path
    old: str | None
    new: str

    @property
    def is_change(self) -> bool:
        return self.new != self.old

    def diff(self, name: str) -> list[str]:
        """The lines of a unified diff, without their ends."""
        old, new = (self.old or "").splitlines(), self.new.splitlines()
        return list(unified_diff(old, new, "/dev/null" if self.old is None else name, name, lineterm=""))

    def write(self) -> None:
        """Puts the file in place in one step, with the permissions that it had."""
        path = self.path.resolve()  # a link stays one
        beside = path.with_name(f".{path.name}.{os.getpid()}.new")
        try:
            beside.write_bytes(self.new.encode())
            if self.old is not None:
                shutil.copymode(path, beside)
            beside.replace(path)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(path)) from error
        finally:
            beside.unlink(missing_ok=True)


def edited(path: Path, edit: Callable[[str], str]) -> Edit:
    """What `edit` makes of the text of a file. It sees every line end as `\\n`; in the file they stay as they are."""
    old = read(path)
    if "\r\n" in old and old.count("\r\n") == old.count("\n"):
        return Edit(path, old, edit(old.replace("\r\n", "\n")).replace("\n", "\r\n"))
    return Edit(path, old, edit(old))


def read(path: Path) -> str:
    """The text of a file, as it is. What is no text is a `ProjectError`."""
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise ProjectError("add database", str(path), f"it is not UTF-8 ({error})", "correct it first") from error


def with_line(text: str, line: str) -> str:
    """The text with one more line at its end."""
    end = "" if not text or text.endswith("\n") else "\n"
    return f"{text}{end}{line}\n"
