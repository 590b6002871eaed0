"""References with one line broken, to see whether a differential run finds it."""

import sys
import types
from pathlib import Path

import flue_memdb
from flue_memdb.verification import ReferenceEngine
from flue_memdb.verification.engines import ReferenceNamespace

_ROOT = Path(flue_memdb.__file__).parent
_MODULES = [
    "rows.py",
    "run_order.py",
    "database.py",
    "store/connection.py",
    *sorted(
        f"store/{path.name}"
        for path in (_ROOT / "store").glob("*.py")
        if path.name not in ("__init__.py", "connection.py", "submissions.py")
    ),
    "store/submissions.py",
    "adapter.py",
]


class BrokenEngine:
    """The reference, with `old` replaced by `new` in one of its files; `old` must stand there exactly once."""

    name = "broken"
    layout = "memory"

    def __init__(self, file: str, old: str, new: str) -> None:
        package = f"broken_{abs(hash((file, old, new)))}"
        sources = {module: (_ROOT / module).read_text(encoding="utf-8") for module in _MODULES}
        assert sources[file].count(old) == 1, f"{file} holds {old!r} {sources[file].count(old)} times"
        sources[file] = sources[file].replace(old, new)
        for name in (package, f"{package}.store"):
            sys.modules[name] = types.ModuleType(name)
        for module, source in sources.items():
            name = f"{package}.{module.removesuffix('.py').replace('/', '.')}"
            loaded = sys.modules[name] = types.ModuleType(name)
            own = source.replace("flue_memdb.store", f"{package}.store")
            for top in ("rows", "run_order", "database"):
                own = own.replace(f"flue_memdb.{top}", f"{package}.{top}")
            exec(compile(own, name, "exec"), loaded.__dict__)
        self._memory = sys.modules[f"{package}.adapter"].memory
        self._database = sys.modules[f"{package}.database"].MemoryDatabase

    async def open(self, clock, new_id):
        namespace = ReferenceNamespace(self._database(clock=clock, new_id=new_id))
        namespace.adapter = lambda client: self._memory(namespace._database)
        return namespace

    async def close(self):
        return None


class SecondReference(ReferenceEngine):
    """The reference under another name."""

    name = "second"
