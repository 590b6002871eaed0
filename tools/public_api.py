"""The public API as text: every exported name with its signature, fields and methods, as the sources have them.

    python -m tools.public_api             prints it
    python -m tools.public_api --write     writes the copy that the tests compare it with

It is read from the sources, not from the objects, so that it is the same with every version of Python.
"""

import ast
import inspect
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, Final

COPY: Final = Path(__file__).parents[1] / "tests" / "release" / "public_api.txt"
MODULES: Final = (
    "flue_memdb",
    "flue_memdb.conformance",
    "flue_memdb.verification",
    "flue_valkey",
    "flue_valkey.pytest_plugin",
    "flue_valkey.runner",
)
_OURS: Final = ("flue_memdb", "flue_valkey")


def public_api() -> str:
    """All of it. What a module has from one that stands before it is only named there."""
    homes: dict[Any, str] = {}
    lines: list[str] = []
    for module in MODULES:
        exports = import_module(module)
        lines += ["", "", module, "=" * len(module)]
        for name in sorted(exports.__all__, key=str.lower):
            value = getattr(exports, name)
            home = homes.setdefault(value, module) if _is_ours(value) else module
            lines += ["", *(_described(name, value) if home == module else [f"{name}: as in {home}"])]
    return "\n".join(lines[2:]) + "\n"


def _is_ours(value: Any) -> bool:
    """Whether it is a class or a function with a source of ours."""
    return (inspect.isclass(value) or inspect.isfunction(value)) and value.__module__.startswith(_OURS)


def _described(name: str, value: Any) -> list[str]:
    if name.startswith("Test"):
        return [f"class {name}: tests"]
    if not _is_ours(value):
        return [name]  # a value, a fixture, or a name for a type
    tree = _tree(inspect.unwrap(value))
    if inspect.isfunction(value):
        return [_signature(tree)]
    bases = f"({', '.join(map(ast.unparse, tree.bases))})" if tree.bases else ""
    return [*_decorators(tree), f"class {name}{bases}", *_members(value)]


def _members(cls: type) -> Iterator[str]:
    """What a class has, with what it has from bases of ours."""
    members: dict[str, str] = {}
    for each in reversed(cls.__mro__):
        if each.__module__.startswith(_OURS):
            members |= dict(_members_of(_tree(each)))
    return (f"    {text}" for text in members.values())


def _members_of(tree: Any) -> Iterator[tuple[str, str]]:
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            name = ast.unparse(node.targets[0] if isinstance(node, ast.Assign) else node.target)
            if _is_public(name):
                yield name, ast.unparse(node)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if _is_public(node.name):
                yield node.name, " ".join([*_decorators(node), _signature(node)])
            if node.name == "__init__":
                yield from ((name, f"self.{name}") for name in _attributes(node))


def _attributes(init: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    """What `__init__` gives an instance."""
    for node in ast.walk(init):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and _is_public(node.attr):
            yield node.attr


def _decorators(node: Any) -> list[str]:
    return [f"@{ast.unparse(decorator)}" for decorator in node.decorator_list]


def _is_public(name: str) -> bool:
    return not name.startswith("_") or name in ("__init__", "__call__")


def _signature(node: Any) -> str:
    kind = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    result = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"{kind} {node.name}({ast.unparse(node.args)}){result}"


def _tree(value: Any) -> Any:
    """The syntax tree of a class or a function."""
    return ast.parse(inspect.getsource(value)).body[0]


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        COPY.write_text(public_api(), encoding="utf-8")
    else:
        sys.stdout.write(public_api())
