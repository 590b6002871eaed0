"""A whole namespace as data: every key with its type and its value."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from flue_valkey.layout import LAYOUT, from_base64url
from flue_valkey.runner import Runner

Hash: TypeAlias = dict[str, str]
Scores: TypeAlias = dict[str, int]

_PAGE: Final = 1_000
_READ: Final[dict[str, tuple[str, tuple[str | int, ...]]]] = {
    "string": ("GET", ()),
    "hash": ("HGETALL", ()),
    "set": ("SMEMBERS", ()),
    "zset": ("ZRANGE", (0, -1, "WITHSCORES")),
}
_FORMS: Final = {
    name: re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[A-Za-z0-9_-]*)", key.text)) for name, key in LAYOUT.items()
}


@dataclass(slots=True)
class Keyspace:
    """The keys of a namespace by the names of the layout, then by their ids; with what does not fit the layout.

    A hash is a dict, a sorted set a dict of scores, a set a list, a string a text. `lasting` lists the helper keys that
    have no time to live.
    """

    keys: dict[str, dict[tuple[str, ...], Any]] = field(default_factory=dict)
    misfits: list[str] = field(default_factory=list)
    lasting: list[str] = field(default_factory=list)

    def all(self, name: str) -> dict[tuple[str, ...], Any]:
        """The keys of one name, by their ids."""
        return self.keys.get(name, {})

    def one(self, name: str, *ids: str) -> Any:
        """The value of one key; an empty dict where it is absent."""
        return self.all(name).get(ids, {})

    def as_json(self) -> dict[str, Any]:
        """The whole as a JSON value, in an order of its own, to be compared with another."""
        document = {
            " ".join([name, *ids]): sorted(value.items()) if isinstance(value, dict) else value
            for name, keys in self.keys.items()
            for ids, value in keys.items()
        }
        return dict(sorted(document.items())) | {"misfits": self.misfits, "lasting": self.lasting}


async def read_keyspace(runner: Runner, prefix: str) -> Keyspace:
    """Everything under the prefix. It scans the whole database: a tool for checks, not for normal operation."""
    keys = sorted([key async for key in scan(runner, prefix)])
    types = [reply.decode() for reply in await runner.pipeline([("TYPE", key) for key in keys])]
    readable = [(key, kind) for key, kind in zip(keys, types, strict=True) if kind in _READ]
    values = await runner.pipeline([(_READ[kind][0], key, *_READ[kind][1]) for key, kind in readable])
    space = Keyspace()
    for key, kind in zip(keys, types, strict=True):
        if kind not in _READ and kind != "none":
            space.misfits.append(f"key {_text(key)} is a {kind}, which the layout does not use")
    for (key, kind), value in zip(readable, values, strict=True):
        _place(space, _text(key)[len(prefix) + 1 :], kind, _plain(kind, value))
    helpers = [key for key in keys if _text(key).startswith(f"{prefix}:py:")]
    ttls = await runner.pipeline([("TTL", key) for key in helpers])
    space.lasting = [_text(key) for key, ttl in zip(helpers, ttls, strict=True) if ttl == -1]
    return space


async def scan(runner: Runner, prefix: str) -> AsyncIterator[bytes]:
    """The keys that start with the prefix and a colon, each once."""
    pattern = re.sub(r"([*?\[\]\\^-])", r"\\\1", prefix) + ":*"
    cursor: bytes | int = 0
    seen: set[bytes] = set()
    while True:
        cursor, found = await runner.command("SCAN", cursor, "MATCH", pattern, "COUNT", _PAGE)
        for key in found:
            if key not in seen:
                seen.add(key)
                yield key
        if int(cursor) == 0:
            return


def _place(space: Keyspace, key: str, kind: str, value: Any) -> None:
    for name, form in _FORMS.items():
        match = form.fullmatch(key)
        if match is None:
            continue
        if LAYOUT[name].type != kind:
            space.misfits.append(f"key {key} is a {kind} and no {LAYOUT[name].type}")
            return
        try:
            ids = tuple(from_base64url(part) for part in match.groups())
        except ValueError as error:
            space.misfits.append(f"key {key}: {error}")
            return
        space.keys.setdefault(name, {})[ids] = value
        return
    space.misfits.append(f"key {key} is none of the layout")


def _plain(kind: str, value: Any) -> Any:
    if kind == "string":
        return _text(value)
    if kind == "set":
        return sorted(_text(member) for member in value)
    flat = list(value.items()) if isinstance(value, dict) else value
    pairs = flat if flat and isinstance(flat[0], (list, tuple)) else list(zip(flat[::2], flat[1::2], strict=True))
    if kind == "zset":
        return {_text(member): int(float(score)) for member, score in pairs}
    return {_text(name): _text(content) for name, content in pairs}


def _text(value: bytes) -> str:
    return value.decode(errors="surrogateescape")
