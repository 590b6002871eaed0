"""A project's adapter: the variable `adapter` of its `db.py`."""

import importlib.util
import os
import sys
from difflib import get_close_matches
from pathlib import Path
from types import FunctionType, ModuleType, TracebackType
from typing import Final

from flue_memdb.contract import Adapter, FlueStoreError

SOURCE_ROOTS: Final = (".flue", "src", ".")
"""Where a project may keep its sources, relative to its root; the first one that exists is taken."""
FILE: Final = "db.py"
_MODULE: Final = "flue_project_db"
_METHODS: Final = ("migrate", "connect", "close")
_NAMES_SHOWN: Final = 8


class ProjectError(FlueStoreError):
    """A project whose adapter cannot be had from its `db.py`. Where the file raised, that is its `__cause__`."""


def load_adapter(root: str | os.PathLike[str] = ".") -> Adapter:
    """The adapter of the project in the folder `root`: what `adapter` is in the first `db.py` of `.flue/`, `src/` and
    the root itself.

    Each call runs the file anew, as a module `flue_project_db`, and so gives an adapter of its own. The three folders,
    those that exist, are put in front of `sys.path`, in this order, and stay there: the file imports what lies beside
    it and what the project has in its root or in `src/`, as when it is run from there.

    Nothing is migrated or connected; `open_stores(load_adapter())` does both. A `ProjectError` says what is missing:
    the file, an `adapter` in it, or what an adapter has to have. A file that raises is one, too, shown with the
    traceback of the file's own lines.
    """
    project = Path(root).absolute()
    places = [project / source_root for source_root in SOURCE_ROOTS]
    path = next((place / FILE for place in places if (place / FILE).is_file()), None)
    if path is None:
        raise _no_file(project)
    wanted = [str(place) for place in places if place.is_dir()]
    sys.path[:0] = [place for place in wanted if place not in sys.path]
    return _adapter_in(_imported(path), path)


def _no_file(project: Path) -> ProjectError:
    if not project.is_dir():
        return _error(project, "there is no such folder", "give the folder that holds the project")
    looked_in = ", ".join(str(Path(source_root) / FILE) for source_root in SOURCE_ROOTS)
    return _error(
        project,
        f"it has none of {looked_in}",
        "give the project's root, or let 'flue add database valkey' write the file",
    )


def _imported(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(_MODULE, path)
    assert spec is not None, "a .py file has a loader"
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[_MODULE] = module  # as import does: dataclasses look there for the names in their annotations
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        sys.modules.pop(_MODULE, None)  # gone already where the file loads another project, which failed
        own = _own_part(error.__traceback__, path)
        where = f"line {own.tb_lineno} of it" if own else "reading it"
        raise _error(
            path, f"{where} raised {type(error).__name__}: {error}", "correct what its traceback shows"
        ) from error.with_traceback(own)
    return module


def _own_part(traceback: TracebackType | None, path: Path) -> TracebackType | None:
    """The part of the traceback that begins in the file; a file that cannot be compiled has none."""
    while traceback is not None and traceback.tb_frame.f_code.co_filename != str(path):
        traceback = traceback.tb_next
    return traceback


def _adapter_in(module: ModuleType, path: Path) -> Adapter:
    if not hasattr(module, "adapter"):
        raise _no_adapter(module, path)
    adapter: Adapter = module.adapter
    given: object = adapter
    if isinstance(given, (type, FunctionType)):
        kind = "class" if isinstance(given, type) else "function"
        raise _error(
            path, f"its adapter is the {kind} {given.__name__}", f"call it, as in adapter = {given.__name__}(...)"
        )
    missing = _missing(given)
    if missing:
        raise _error(
            path,
            f"its adapter is a {type(given).__name__}, which has no {' and no '.join(f'{name}()' for name in missing)}",
            "give it an adapter, as in adapter = flue_valkey.valkey(url)",
        )
    return adapter


def _missing(value: object) -> list[str]:
    return [name for name in _METHODS if not callable(getattr(value, name, None))]


def _no_adapter(module: ModuleType, path: Path) -> ProjectError:
    found = {name: value for name, value in vars(module).items() if not name.startswith("_")}
    adapters = [name for name, value in found.items() if not isinstance(value, type) and not _missing(value)]
    meant = adapters or get_close_matches("adapter", found, n=1)
    if meant:
        return _error(path, "it has no variable adapter", f"was {meant[0]} meant? Name it adapter")
    names = ", ".join(list(found)[:_NAMES_SHOWN]) or "nothing"
    more = ", …" if len(found) > _NAMES_SHOWN else ""
    return _error(
        path,
        f"it has no variable adapter, only: {names}{more}",
        "give it one, as in adapter = flue_valkey.valkey(url)",
    )


def _error(subject: Path, found: str, remedy: str) -> ProjectError:
    return ProjectError("load_adapter", str(subject), found, remedy)
