"""A whole namespace as data: every key with its type and its value."""

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from flue_valkey.layout import LAYOUT, from_base64url
from flue_valkey.runner import Runner

Hash: TypeAlias = dict[str, str]
Score: TypeAlias = int | float
"""A float only where it is no whole number, which no index has by itself."""
Place: TypeAlias = tuple[str, tuple[str, ...]]
"""A key: its name in the layout, and its ids."""

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
class Page:
    """Some keys of a namespace: those of the layout, what is none of it, and the helper keys without a time to live."""

    places: list[Place] = field(default_factory=list)
    misfits: list[str] = field(default_factory=list)
    lasting: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Keyspace:
    """The keys of a namespace by the names of the layout, then by their ids; with what does not fit the layout.

    A hash is a dict, a sorted set a dict of scores, a set a list, a string a text. `lasting` lists the helper keys that
    have no time to live. The coroutines make it a `View` (`flue_valkey.invariants`).
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

    async def pages(self) -> AsyncIterator[Page]:
        """All keys."""
        places = [(name, ids) for name, keys in self.keys.items() for ids in keys]
        yield Page(places, self.misfits, self.lasting)

    async def exists(self, name: str, *ids: str) -> bool:
        """Whether there is a key."""
        return ids in self.all(name)

    async def text(self, name: str) -> str | None:
        """The value of a string."""
        return self.all(name).get(())

    async def count(self, name: str, *ids: str) -> int:
        """How many fields or members a key has."""
        return len(self.one(name, *ids))

    async def fields(self, name: str, *ids: str) -> Hash:
        """All fields of a hash."""
        return dict(self.one(name, *ids))

    async def some(self, name: str, fields: Sequence[str], *ids: str) -> list[str | None]:
        """The values of some fields of a hash."""
        return [self.one(name, *ids).get(each) for each in fields]

    async def score(self, name: str, member: str, *ids: str) -> Score | None:
        """Where a member stands in a sorted set."""
        score: Score | None = self.one(name, *ids).get(member)
        return score

    async def contains(self, name: str, member: str, *ids: str) -> bool:
        """Whether a set has a member."""
        return member in self.one(name, *ids)

    async def entries(self, name: str, *ids: str) -> AsyncIterator[tuple[str, Any]]:
        """The members of a set, each with None; of a sorted set with their scores; the fields of a hash."""
        value = self.one(name, *ids)
        for entry in value.items() if isinstance(value, dict) else [(member, None) for member in value]:
            yield entry


async def read_keyspace(runner: Runner, prefix: str) -> Keyspace:
    """Everything under the prefix. It scans the whole database: a tool for checks, not for normal operation."""
    keys = sorted([key async for key in scan(runner, prefix)])
    types = [reply.decode() for reply in await runner.pipeline([("TYPE", key) for key in keys])]
    space = Keyspace()
    placed = []
    for key, kind in zip(keys, types, strict=True):
        try:
            placed += [(*place_of(text_of(key)[len(prefix) + 1 :], kind), key)] if kind != "none" else []
        except MisfitError as misfit:
            space.misfits.append(str(misfit))
    reads = [(_READ[LAYOUT[name].type], key) for name, _, key in placed]
    values = await runner.pipeline([(command, key, *args) for (command, args), key in reads])
    for (name, ids, _), value in zip(placed, values, strict=True):
        space.keys.setdefault(name, {})[ids] = _plain(LAYOUT[name].type, value)
    helpers = [key for key in keys if is_helper(key, prefix)]
    ttls = await runner.pipeline([("TTL", key) for key in helpers])
    space.lasting = [text_of(key) for key, ttl in zip(helpers, ttls, strict=True) if ttl == -1]
    return space


async def scan(runner: Runner, prefix: str) -> AsyncIterator[bytes]:
    """The keys that start with the prefix and a colon, each once."""
    seen: set[bytes] = set()
    async for keys in scan_pages(runner, prefix):
        for key in keys:
            if key not in seen:
                seen.add(key)
                yield key


async def scan_pages(runner: Runner, prefix: str, page: int = _PAGE) -> AsyncIterator[list[bytes]]:
    """The keys that start with the prefix and a colon, some at a time; one may come twice."""
    pattern = re.sub(r"([*?\[\]\\^-])", r"\\\1", prefix) + ":*"
    cursor: bytes | int = 0
    while True:
        cursor, found = await runner.command("SCAN", cursor, "MATCH", pattern, "COUNT", page)
        yield found
        if int(cursor) == 0:
            return


class MisfitError(ValueError):
    """A key that is none of the layout, or not of its type."""


def place_of(key: str, kind: str) -> Place:
    """The name and the ids of a key, which is given without its prefix; a `MisfitError` where it has none."""
    for name, form in _FORMS.items():
        match = form.fullmatch(key)
        if match is None:
            continue
        if LAYOUT[name].type != kind:
            raise MisfitError(f"key {key} is a {kind} and no {LAYOUT[name].type}")
        try:
            return name, tuple(from_base64url(part) for part in match.groups())
        except ValueError as error:
            raise MisfitError(f"key {key}: {error}") from None
    raise MisfitError(f"key {key} is none of the layout")


def is_helper(key: bytes, prefix: str) -> bool:
    """Whether a key is one of this adapter's own, which must have a time to live."""
    return text_of(key).startswith(f"{prefix}:py:")


def text_of(value: bytes) -> str:
    """What was read as text; bytes that are no UTF-8 stand as lone surrogates."""
    return value.decode(errors="surrogateescape")


def score_of(value: bytes | float) -> Score:
    """A score as it was read, over either protocol."""
    score = float(value)
    return int(score) if score.is_integer() else score


def pairs_of(reply: Any) -> list[tuple[Any, Any]]:
    """The pairs of a reply, which has another shape over each protocol."""
    flat = list(reply.items()) if isinstance(reply, dict) else reply
    if flat and isinstance(flat[0], (list, tuple)):
        return [tuple(pair) for pair in flat]
    return list(zip(flat[::2], flat[1::2], strict=True))


def _plain(kind: str, value: Any) -> Any:
    if kind == "string":
        return text_of(value)
    if kind == "set":
        return sorted(text_of(member) for member in value)
    if kind == "zset":
        return {text_of(member): score_of(score) for member, score in pairs_of(value)}
    return {text_of(name): text_of(content) for name, content in pairs_of(value)}
