"""The Lua scripts, one an operation, and what makes them callable by name.

A script's header is its calling contract. `KEYS` names keys of the layout, `ARGV` names values (a last one with `...`
takes the rest as a list); both are locals of the same names in the body. `RETURNS` has the replies, each of which
begins with its tag; any script may reply `{"corrupt", key, found}` as well. `@include NAME` brings in the one local
function of `includes/NAME.lua`. Before the body runs, each key is checked to be of its type or absent; otherwise the
script answers `{"wrong_type", key, expected, actual}` and has changed nothing.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, Final, TypeAlias

from flue_valkey.layout import LAYOUT, base64url

Value: TypeAlias = str | bytes | int

_HEADER = re.compile(r"^-- (KEYS|ARGV) +(.+)$", re.MULTILINE)
_RETURNS = re.compile(r"^-- RETURNS +.+(?:\n--  +.+)*", re.MULTILINE)
_TAG = re.compile(r'\{"(\w+)"')
_INCLUDE = re.compile(r"^-- @include (\w+)$", re.MULTILINE)
_GUARD = "wrong_type"


class ScriptError(Exception):
    """A script that cannot be put together; the message shows the stack of includes."""


@dataclass(frozen=True, slots=True)
class Script:
    """A script with the names of its keys, of the ids that these are made of, and of its values, and with its tags.

    `key_forms` are those of the keys in the layout, with a space between: filled in together, which is faster.
    """

    name: str
    text: str
    keys: tuple[str, ...]
    key_forms: str
    ids: tuple[str, ...]
    values: tuple[str, ...]
    rest: str | None
    tags: frozenset[str]

    def bind(self, prefix: str, values: Mapping[str, Any], rest: Sequence[Value]) -> tuple[list[str], list[Value]]:
        """The keys and arguments of a call in the order in which the script takes them."""
        if rest and self.rest is None:
            raise TypeError(f"script {self.name} takes no further values, got {len(rest)}")
        try:
            ids = {name: base64url(values[name]) for name in self.ids}
            keys = [*map(f"{prefix}:".__add__, (self.key_forms % ids).split())]
            return keys, [*map(values.__getitem__, self.values), *rest]
        except KeyError as missing:
            raise TypeError(f"script {self.name} needs the value {missing}") from None


def load(name: str, folder: Traversable) -> Script:
    """Reads a script and its includes, each once, in the order of need."""
    source = _read(folder, name, (name,))
    declared = dict(_HEADER.findall(source))
    keys = tuple(declared.get("KEYS", "").split())
    values = tuple(declared.get("ARGV", "").split())
    unknown = [key for key in keys if key not in LAYOUT]
    if unknown:
        raise ScriptError(f"{name}.lua: KEYS names {', '.join(unknown)}, which the layout does not know")
    rest = values[-1].removesuffix("...") if values and values[-1].endswith("...") else None
    values = values[:-1] if rest else values
    includes: dict[str, str] = {}
    for include in [_GUARD, *_INCLUDE.findall(source)] if keys else _INCLUDE.findall(source):
        _collect(folder, include, (name,), includes)
    text = "\n".join([*_locals(keys, values, rest), *includes.values(), *_guards(keys), _code(source)])
    ids = tuple({name: None for key in keys for name in LAYOUT[key].ids})
    tags = frozenset({_GUARD, "corrupt", *_TAG.findall("".join(_RETURNS.findall(source)))})
    return Script(name, text, keys, " ".join(LAYOUT[key].form for key in keys), ids, values, rest, tags)


def _collect(folder: Traversable, name: str, stack: tuple[str, ...], found: dict[str, str]) -> None:
    if name in found:
        return
    if name in stack:
        raise ScriptError(f"{' > '.join([*stack, name])}: an include of itself")
    source = _read(folder / "includes", name, (*stack, name))
    for include in _INCLUDE.findall(source):
        _collect(folder, include, (*stack, name), found)
    found[name] = _code(source)


def _read(folder: Traversable, name: str, stack: tuple[str, ...]) -> str:
    try:
        return (folder / f"{name}.lua").read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ScriptError(f"{' > '.join(stack)}: there is no file {name}.lua") from None


def _code(source: str) -> str:
    lines = (line.strip() for line in source.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("--"))


def _locals(keys: tuple[str, ...], values: tuple[str, ...], rest: str | None) -> list[str]:
    lines = [f"local {key} = KEYS[{index}]" for index, key in enumerate(keys, 1)]
    lines += [f"local {value} = ARGV[{index}]" for index, value in enumerate(values, 1)]
    if rest:
        lines.append(f"local {rest} = {{}} for i = {len(values) + 1}, #ARGV do {rest}[#{rest} + 1] = ARGV[i] end")
    return lines


def _guards(keys: tuple[str, ...]) -> list[str]:
    checks = " or ".join(f'{_GUARD}({key}, "{LAYOUT[key].type}", "{LAYOUT[key].count}")' for key in keys)
    return [f"local refused_type = {checks}", "if refused_type then return refused_type end"] if keys else []


def _load_all() -> dict[str, Script]:
    folder = resources.files(__name__)
    names = sorted(file.name.removesuffix(".lua") for file in folder.iterdir() if file.name.endswith(".lua"))
    return {name: load(name, folder) for name in names}


SCRIPTS: Final = _load_all()
