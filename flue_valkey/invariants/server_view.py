"""A namespace on a server, read piece by piece: what it holds in memory is a page of keys and one record for each."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from redis.exceptions import NoPermissionError, ResponseError

from flue_valkey.keyspace import (
    Hash,
    MisfitError,
    Page,
    Score,
    is_helper,
    pairs_of,
    place_of,
    scan_pages,
    score_of,
    text_of,
)
from flue_valkey.layout import LAYOUT, key
from flue_valkey.runner import Arg, Runner

_PAGE = 100
_ENTRIES = 1_000
_SCAN = {"hash": "HSCAN", "set": "SSCAN", "zset": "ZSCAN"}


class ServerView:
    """A `View` of the namespace with this prefix. It only reads, and runs no script."""

    def __init__(self, runner: Runner, prefix: str) -> None:
        self._runner = runner
        self._prefix = prefix

    async def pages(self) -> AsyncIterator[Page]:
        """All keys, some at a time; one may come twice."""
        async for keys in scan_pages(self._runner, self._prefix, _PAGE):
            page = Page()
            types = await self._runner.pipeline([("TYPE", each) for each in keys])
            for each, kind in zip(keys, types, strict=True):
                if kind == b"none":
                    continue
                try:
                    page.places.append(place_of(text_of(each)[len(self._prefix) + 1 :], kind.decode()))
                except MisfitError as misfit:
                    page.misfits.append(str(misfit))
            helpers = [each for each in keys if is_helper(each, self._prefix)]
            ttls = await self._runner.pipeline([("TTL", each) for each in helpers])
            page.lasting = [text_of(each) for each, ttl in zip(helpers, ttls, strict=True) if ttl == -1]
            yield page

    async def exists(self, name: str, *ids: str) -> bool:
        """Whether there is a key, of its type."""
        return bool(await self._ask("TYPE", name, ids) == LAYOUT[name].type.encode())

    async def text(self, name: str) -> str | None:
        """The value of a string."""
        value = await self._ask("GET", name, ())
        return None if value is None else text_of(value)

    async def count(self, name: str, *ids: str) -> int:
        """How many fields or members a key has."""
        return await self._ask(LAYOUT[name].count, name, ids) or 0

    async def fields(self, name: str, *ids: str) -> Hash:
        """All fields of a hash."""
        reply = await self._ask("HGETALL", name, ids)
        return {text_of(field): text_of(value) for field, value in pairs_of(reply or [])}

    async def some(self, name: str, fields: Sequence[str], *ids: str) -> list[str | None]:
        """The values of some fields of a hash."""
        values = await self._ask("HMGET", name, ids, *map(_bytes, fields))
        return [None if value is None else text_of(value) for value in values or [None] * len(fields)]

    async def score(self, name: str, member: str, *ids: str) -> Score | None:
        """Where a member stands in a sorted set."""
        score = await self._ask("ZSCORE", name, ids, _bytes(member))
        return None if score is None else score_of(score)

    async def contains(self, name: str, member: str, *ids: str) -> bool:
        """Whether a set has a member."""
        return bool(await self._ask("SISMEMBER", name, ids, _bytes(member)))

    async def entries(self, name: str, *ids: str) -> AsyncIterator[tuple[str, Any]]:
        """The members of a set, each with None; of a sorted set with their scores; the fields of a hash."""
        kind = LAYOUT[name].type
        cursor: bytes | int = 0
        while reply := await self._ask(_SCAN[kind], name, ids, cursor, "COUNT", _ENTRIES):
            cursor, found = reply
            if kind == "set":
                found = [(member, None) for member in found]
            for member, value in pairs_of(found):
                yield text_of(member), value if value is None else (score_of if kind == "zset" else text_of)(value)
            if int(cursor) == 0:
                return

    async def _ask(self, command: str, name: str, ids: tuple[str, ...], *args: Arg) -> Any:
        try:
            at = key(self._prefix, name, **dict(zip(LAYOUT[name].ids, ids, strict=True)))
        except UnicodeEncodeError:  # an id that is no UTF-8 has no key
            return None
        try:
            return await self._runner.command(command, at, *args)
        except NoPermissionError:
            raise
        except ResponseError as error:
            if str(error).startswith("WRONGTYPE"):
                return None  # the key itself is a finding
            raise


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")
