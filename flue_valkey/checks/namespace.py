"""A namespace in numbers: what it holds, and what waits for somebody."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from redis.exceptions import NoPermissionError, ResponseError

from flue_memdb.contract.checks import RUN_STATUSES, SUBMISSION_STATUSES
from flue_memdb.contract.errors import quoted
from flue_memdb.contract.limits import SCHEMA_VERSION
from flue_valkey.layout import key
from flue_valkey.runner import Arg, Runner

_PAGE = 1_000
_COUNTED = {
    **dict.fromkeys(SUBMISSION_STATUSES, "ZCARD"),
    **{f"runs_{status}": "ZCARD" for status in RUN_STATUSES},
    "events": "SCARD",
    "deletions": "ZCARD",
}


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A submission that is not settled; `accepted_at` is an instant in epoch ms, None where the row has none."""

    submission_id: str
    status: str
    accepted_at: int | None


@dataclass(slots=True)
class NamespaceState:
    """The schema version, the sizes of indexes by name, and the work that waits; None is unknown."""

    prefix: str
    version: str | None = None
    counts: dict[str, int | None] = field(default_factory=dict)
    oldest_unsettled: Unsettled | None = None
    expired_leases: int | None = 0
    refusals: list[str] = field(default_factory=list)
    forbidden: list[str] = field(default_factory=list)

    def findings(self) -> Iterator[str]:
        """What keeps the adapter from working on it."""
        label = f"namespace {quoted(self.prefix)}"
        if self.version is None and not self.forbidden:
            yield f"{label} has no schema version: let the adapter migrate() it, or look at another --prefix"
        elif self.version not in (None, str(SCHEMA_VERSION)):
            yield f"{label} has schema version {self.version}, this adapter reads {SCHEMA_VERSION}"
        yield from self.refusals

    def warnings(self) -> Iterator[str]:
        """What could not be seen."""
        if self.forbidden:
            yield f"unknown, because this user may not use: {', '.join(sorted(set(self.forbidden)))}"


class _Reader:
    def __init__(self, runner: Runner, state: NamespaceState) -> None:
        self._runner = runner
        self._state = state

    async def ask(self, command: str, name: str, *args: Arg, **ids: str) -> Any:
        """The reply to a command about a key of the layout; None, with a note in the state, where it is refused."""
        at = key(self._state.prefix, name, **ids)
        try:
            return await self._runner.command(command, at, *args)
        except NoPermissionError:
            self._state.forbidden.append(command)
        except ResponseError as error:
            self._state.refusals.append(f"key {at} cannot be read: {error}")
        return None


async def read_namespace(runner: Runner, prefix: str, now: int) -> NamespaceState:
    """The state of the namespace at `now`, in epoch ms."""
    state = NamespaceState(prefix)
    reader = _Reader(runner, state)
    version = await reader.ask("HGET", "meta", "schemaVersion")
    state.version = None if version is None else version.decode(errors="replace")
    sizes = await asyncio.gather(*(reader.ask(command, name) for name, command in _COUNTED.items()))
    state.counts = dict(zip(_COUNTED, sizes, strict=True))
    state.oldest_unsettled = await _oldest_unsettled(reader)
    state.expired_leases = await _expired_leases(reader, now)
    return state


async def _oldest_unsettled(reader: _Reader) -> Unsettled | None:
    found: list[tuple[int, Unsettled]] = []
    for status in SUBMISSION_STATUSES[:-1]:
        first = await reader.ask("ZRANGE", status, 0, 0)
        if first:
            submission_id = first[0].decode(errors="replace")
            row = await reader.ask("HMGET", "submission", "sequence", "acceptedAt", submission_id=submission_id)
            sequence, accepted_at = (_whole(value) for value in row or (None, None))
            found.append((sequence or 0, Unsettled(submission_id, status, accepted_at)))
    return min(found, key=lambda each: each[0])[1] if found else None


async def _expired_leases(reader: _Reader, now: int) -> int | None:
    expired, start = 0, 0
    while page := await reader.ask("ZRANGE", "running", start, start + _PAGE - 1):
        ids = [submission_id.decode(errors="replace") for submission_id in page]
        asked = (reader.ask("HGET", "submission", "leaseExpiresAt", submission_id=each) for each in ids)
        leases = [_whole(lease) or 0 for lease in await asyncio.gather(*asked)]
        expired += sum(0 < lease < now for lease in leases)
        start += _PAGE
    return None if page is None else expired


def _whole(value: bytes | None) -> int | None:
    return int(value) if value is not None and value.isdigit() else None
