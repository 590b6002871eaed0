"""The reference with some of its files changed, beside the unchanged one: its modules are loaded a second time."""

import ast
import dataclasses
import sys
from collections.abc import Callable, Mapping
from functools import cache
from types import CodeType, ModuleType
from typing import Any

from flue_memdb.clock import Clock
from flue_memdb.contract import Adapter, inputs
from flue_memdb.verification import ReferenceEngine
from flue_memdb.verification.engines import Namespace, ReferenceNamespace
from flue_memdb.wrapping import OperationCall, WrappedAdapter
from tools.mutation.mutant import ROOT

_PACKAGE = "flue_memdb"
_COPY = "broken_flue_memdb"
# What callers catch and are given has to be the same to both references; these modules hold no such classes. The
# records that callers give are those of the module of this name: the changed reference is given its own ones.
_CONTRACT = ("checks", "sessions", "failure", "inputs", "admission", "deletion")
_RECORDS = f"{_PACKAGE}/contract/inputs.py"

Instrument = Callable[[str, ast.Module], ast.Module]


def reference_files() -> list[str]:
    """The files that the reference's semantics are made of, in an order in which they can be loaded."""
    stores = sorted(path.stem for path in (ROOT / _PACKAGE / "store").glob("*.py"))
    within = [f"store/{name}" for name in stores if name not in ("__init__", "connection", "submissions")]
    contract = [f"contract/{name}" for name in _CONTRACT]
    names = [*contract, "rows", "run_order", "database", "store/connection", *within, "store/submissions", "adapter"]
    return [f"{_PACKAGE}/{name}.py" for name in names]


class BrokenReference(ReferenceEngine):
    """The reference with these texts for some of its files. `instrument` may change every file's syntax tree."""

    name = "broken"

    def __init__(self, changed: Mapping[str, str], instrument: Instrument | None = None) -> None:
        modules = _loaded(changed, instrument)
        self._memory = modules[f"{_PACKAGE}/adapter.py"].memory
        self._database = modules[f"{_PACKAGE}/database.py"].MemoryDatabase
        self._records = modules[_RECORDS]

    async def open(self, clock: Clock, new_id: Callable[[], str]) -> Namespace:
        return _Namespace(self._database(clock=clock, new_id=new_id), self._memory, self._records)


class _Namespace(ReferenceNamespace):
    def __init__(self, database: object, memory: Callable[[object], Adapter], records: ModuleType) -> None:
        super().__init__(database)  # type: ignore[arg-type] # the other class of that name
        self._memory = memory
        self._records = records

    def adapter(self, client: int) -> Adapter:  # noqa: ARG002 -- every client gets an adapter of its own
        return WrappedAdapter(self._memory(self._database), self._carry)

    async def _carry(self, call: OperationCall) -> object:
        """Makes the call with the changed reference's own records."""
        given = {name: self._own(value) for name, value in call.kwargs.items()}
        return await call.method(*map(self._own, call.args), **given)

    def _own(self, value: Any) -> Any:
        """A record of the changed module in place of one of the unchanged; anything else as it is."""
        name = type(value).__name__
        if getattr(inputs, name, None) is not type(value) or not dataclasses.is_dataclass(value):
            return value
        record = getattr(self._records, name)
        if isinstance(value, (inputs.DispatchInput, inputs.DirectInput)) and isinstance(value.extra, Mapping):
            document = value.document()
            if type(value).from_json(document).extra.keys() == value.extra.keys():
                return record.from_json(document)
        return record(**{field.name: getattr(value, field.name) for field in dataclasses.fields(value)})


def _loaded(changed: Mapping[str, str], instrument: Instrument | None) -> dict[str, ModuleType]:
    for name in (_COPY, f"{_COPY}.store", f"{_COPY}.contract"):
        sys.modules[name] = ModuleType(name)
    loaded: dict[str, ModuleType] = {}
    for file in reference_files():
        source = changed[file] if file in changed else _source(file)
        name = _module_name(file, _COPY)
        module = loaded[file] = sys.modules[name] = ModuleType(name)
        exec(_compiled(file, source, instrument), module.__dict__)  # noqa: S102 -- our own files
    return loaded


def _module_name(file: str, package: str) -> str:
    return package + file.removeprefix(_PACKAGE).removesuffix(".py").replace("/", ".")


@cache
def _source(file: str) -> str:
    return (ROOT / file).read_text(encoding="utf-8")


@cache
def _compiled(file: str, source: str, instrument: Instrument | None) -> CodeType:
    tree = ast.parse(source)
    if instrument is not None:
        tree = ast.fix_missing_locations(instrument(file, tree))
    copied = {_module_name(file, _PACKAGE) for file in reference_files()}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in copied:
            node.module = _COPY + node.module.removeprefix(_PACKAGE)
    return compile(tree, file, "exec")
