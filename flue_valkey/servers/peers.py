"""Peers that read and write documents while the adapters do: what they hold stays, and what they let go of goes."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from flue_memdb.clock import Clock
from flue_memdb.verification.disturbances import OTHER_INDEX, OTHER_TEXT
from flue_valkey.keyspace import Keyspace
from flue_valkey.layout import key
from flue_valkey.runner import Arg, Runner

ReadKeyspace: TypeAlias = Callable[[], Awaitable[Keyspace]]
SaveSession: TypeAlias = Callable[[str], Awaitable[None]]

_HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class _Generation:
    """A generation that a peer counts on. Of that time are `beside`, the published one, for a document that it stages,
    and `admissions`, how many there had been, for a payload that it stages."""

    kind: Literal["session", "submission"]
    id: str
    name: str
    stamp: int
    beside: str | None = None
    admissions: int = 0


class Peers:
    """The peers of one namespace."""

    def __init__(self, runner: Runner, prefix: str, clock: Clock) -> None:
        self._runner = runner
        self._prefix = prefix
        self._clock = clock
        self._held: dict[str, list[_Generation]] = {}
        self._staged: list[_Generation] = []
        self._early: list[str] = []
        self._staged_ones = 0
        self._published_ones = 0
        self.sessions: dict[str, None] = {}

    async def hold(self, session_key: str) -> None:
        """A reader takes hold of the published generation of a session."""
        generation = await self._published("session", session_key)
        if generation is not None:
            self.sessions[session_key] = None
            self._held.setdefault(session_key, []).append(generation)
            readers = key(self._prefix, "session_readers", session_key=session_key)
            await self._runner.command("HINCRBY", readers, generation.name, 1)

    async def let_go(self, session_key: str) -> None:
        """All readers let go of a session."""
        readers = key(self._prefix, "session_readers", session_key=session_key)
        for generation in self._held.pop(session_key, []):
            await self._runner.command("HDEL", readers, generation.name)

    async def stage(self, session_key: str, how: str) -> None:
        """A writer stages a generation: its `session` with no entry, of which a `part` has two still to come."""
        self.sessions[session_key] = None
        published = await self._published("session", session_key)
        count = 0 if how == "whole" else 2
        name = f"peer-{how}-{self._staged_ones}"
        ids = {"session_key": session_key, "generation": name}
        await self._runner.command("ZADD", key(self._prefix, "session_generations", **ids), self._clock(), name)
        await self._runner.command(
            "HSET", key(self._prefix, "session_generation", **ids), "session", "{}", "entryCount", count
        )
        beside = published.name if published and (how == "part" or published.stamp < self._clock()) else None
        self._staged_ones += 1
        self._staged.append(_Generation("session", session_key, name, self._clock(), beside))

    async def publish(self, session_key: str) -> None:
        """A writer publishes a document without entries, and leaves what was published before."""
        self.sessions[session_key] = None
        self._published_ones += 1
        name = f"other-{self._published_ones}"
        ids = {"session_key": session_key, "generation": name}
        await self._runner.command("ZADD", key(self._prefix, "session_generations", **ids), self._clock(), name)
        await self._runner.command(
            "HSET", key(self._prefix, "session_generation", **ids), "session", "{}", "entryCount", 0
        )
        await self._runner.command("HSET", key(self._prefix, "session", **ids), "generation", name)

    async def publish_staged(self, session_key: str) -> None:
        """Who staged a whole document last publishes it, after a save of another: it has to be there still."""
        staged = [one for one in self._staged if one.id == session_key and "whole" in one.name]
        if not staged:
            await self.publish(session_key)
            return
        generation = staged[-1]
        ids = {"session_key": session_key, "generation": generation.name}
        document = key(self._prefix, "session_generation", **ids)
        is_there = await self._runner.command("EXISTS", document)
        if generation.beside is not None and not is_there and generation.stamp >= self._clock() - _HOUR_MS:
            self._early.append(f"{generation.name} of session {session_key!r} is gone before its peer publishes it")
        self._staged.remove(generation)
        self.sessions[session_key] = None
        await self._runner.command(
            "ZADD", key(self._prefix, "session_generations", **ids), self._clock(), generation.name
        )
        await self._runner.command("HSET", document, "session", "{}", "entryCount", 0)
        await self._runner.command("HSET", key(self._prefix, "session", **ids), "generation", generation.name)

    async def replace_segments(self, stream_key: str) -> None:
        """The segments of a stream are deleted, and it is begun anew with another one."""
        segments = key(self._prefix, "stream_segments", stream_key=stream_key)
        if await self._runner.command("TYPE", segments) == b"hash":
            await self._runner.pipeline([("DEL", segments), ("HSET", segments, OTHER_INDEX, OTHER_TEXT)])

    async def begin_deletions(self, prefix: str, count: int) -> None:
        """Who deletes the sessions of these names has died."""
        cutoff = await self._runner.command("GET", key(self._prefix, "sequence")) or 0
        for number in range(count):
            await self._mark_deletion(f"{prefix}{number}", cutoff)

    async def begin_deletion(self, session_key: str) -> None:
        """Who deletes a settled session up to its first submission has died."""
        submissions = key(self._prefix, "session_submissions", session_key=session_key)
        admitted = await self._runner.command("ZRANGEBYSCORE", submissions, "(0", "+inf", "LIMIT", 0, 1)
        if admitted and not await self._has_work(session_key):
            cutoff = await self._runner.command("ZSCORE", submissions, admitted[0])
            await self._mark_deletion(session_key, int(float(cutoff)))

    async def _has_work(self, session_key: str) -> bool:
        """Whether the session's queue names a submission whose row is not settled."""
        queue = key(self._prefix, "session_unsettled", session_key=session_key)
        for submission_id in await self._runner.command("ZRANGE", queue, 0, -1):
            row = key(self._prefix, "submission", submission_id=submission_id.decode())
            is_row = await self._runner.command("TYPE", row) == b"hash"
            if is_row and await self._runner.command("HGET", row, "status") != b"settled":
                return True
        return False

    async def _mark_deletion(self, session_key: str, cutoff: Arg) -> None:
        marker = key(self._prefix, "deletion", session_key=session_key)
        if not await self._runner.command("EXISTS", marker):
            fields = ("cutoff", cutoff, "startedAt", self._clock(), "ownerId", "peer", "leaseExpiresAt", 0)
            await self._runner.command("HSET", marker, *fields, "phase", "snapshot")
            await self._runner.command("ZADD", key(self._prefix, "deletions"), self._clock(), session_key)

    async def stage_payload(self, submission_id: str) -> None:
        """A writer stages the payload of a submission that nobody has admitted, and dies."""
        ids = {"submission_id": submission_id, "generation": f"peer-payload-{self._staged_ones}"}
        if await self._runner.command("TYPE", key(self._prefix, "submission", **ids)) != b"none":
            return
        listed = key(self._prefix, "submission_generations", **ids)
        await self._runner.command("ZADD", listed, self._clock(), ids["generation"])
        payload = key(self._prefix, "submission_generation", **ids)
        await self._runner.command("HSET", payload, "payload", "{}", "chunkCount", 0)
        self._staged_ones += 1
        admissions = int(await self._runner.command("GET", key(self._prefix, "sequence")) or 0)
        self._staged.append(
            _Generation("submission", submission_id, ids["generation"], self._clock(), admissions=admissions)
        )

    async def hold_payload(self, submission_id: str) -> None:
        """A reader takes hold of the payload of a submission, for good."""
        generation = await self._published("submission", submission_id)
        if generation is not None:
            self._held.setdefault(f"payload of {submission_id}", []).append(generation)
            readers = key(self._prefix, "submission_readers", submission_id=submission_id)
            await self._runner.command("HINCRBY", readers, generation.name, 1)

    async def findings(self, read: ReadKeyspace, save: SaveSession) -> list[str]:
        """What was taken from the peers too early; and what stays though nobody needs it, once they have let go and
        each session was saved again."""
        before = await read()
        found = [*self._taken_from_readers(before), *self._taken_from_writers(before)]
        for session_key in self.sessions:
            await self.let_go(session_key)
            await save(session_key)
        after = await read()
        return [*self._early, *found, *self._taken_from_writers(after), *self._left(after)]

    def concerns(self, finding: str) -> bool:
        """Whether a finding is about something that a peer has staged, or the payload that one holds."""
        held = (generation.name for generations in self._held.values() for generation in generations)
        return "generation peer-" in finding or any(name in finding for name in held)

    def _taken_from_readers(self, space: Keyspace) -> Iterator[str]:
        for generation in (one for held in self._held.values() for one in held):
            lapsed = generation.stamp < self._clock() - _HOUR_MS
            counted = generation.name in space.one(f"{generation.kind}_readers", generation.id)
            if lapsed and counted and not self._is_stored(space, generation):
                yield f"{generation.name} of {generation.kind} {generation.id!r} is gone, and its reader is counted"
            if not self._is_there(space, generation):
                yield f"a reader holds {generation.name} of {generation.kind} {generation.id!r}, which is gone"

    def _taken_from_writers(self, space: Keyspace) -> Iterator[str]:
        for generation in self._staged:
            # What is whole and no younger than what was published after it counts as published before.
            pointer = space.one(generation.kind, generation.id).get("generation")
            keeps = "part" in generation.name or (pointer is not None and generation.beside == pointer)
            is_there = self._is_there(space, generation)
            if generation.kind == "submission":
                # Only the admission may take it, or a deletion, which takes the whole submission. There was none if the
                # submission is the one that was admitted next.
                is_next = space.one("submission", generation.id).get("sequence") == str(generation.admissions + 1)
                is_young = generation.stamp >= self._admitted_at(space, generation.id) - _HOUR_MS
                keeps = is_next and is_young and pointer is not None
                is_there = self._is_stored(space, generation)
            if keeps and not is_there:
                yield f"a peer stages {generation.name} of {generation.kind} {generation.id!r}, which is gone"

    def _left(self, space: Keyspace) -> Iterator[str]:
        for session_key in self.sessions:
            current = space.one("session", session_key).get("generation")
            for name, stamp in space.one("session_generations", session_key).items():
                if name != current and (not name.startswith("peer-") or stamp < self._clock() - _HOUR_MS):
                    yield f"generation {name} of session {session_key!r} stays though nobody needs it"
        for generation in self._staged:
            is_old = generation.stamp < self._admitted_at(space, generation.id) - _HOUR_MS
            if generation.kind == "submission" and is_old and self._is_stored(space, generation):
                yield f"a payload of submission {generation.id!r} was staged over an hour before, and stays"

    def _is_there(self, space: Keyspace, generation: _Generation) -> bool:
        if generation.stamp < self._clock() - _HOUR_MS:
            return True  # or not: it has lapsed
        listed = generation.name in space.one(f"{generation.kind}_generations", generation.id)
        return listed and self._is_stored(space, generation)

    @staticmethod
    def _admitted_at(space: Keyspace, submission_id: str) -> int:
        """When the payload was published; 0 of a submission that nobody has admitted."""
        pointer = space.one("submission", submission_id).get("generation")
        return int(space.one("submission_generations", submission_id).get(pointer, 0))

    @staticmethod
    def _is_stored(space: Keyspace, generation: _Generation) -> bool:
        return (generation.id, generation.name) in space.all(f"{generation.kind}_generation")

    async def _published(self, kind: Literal["session", "submission"], id_: str) -> _Generation | None:
        ids = {f"{kind}_key" if kind == "session" else f"{kind}_id": id_}
        owner = key(self._prefix, kind, **ids)
        if await self._runner.command("TYPE", owner) != b"hash":
            return None
        named = await self._runner.command("HGET", owner, "generation")
        if named is None:
            return None
        name = named.decode()
        stamp = await self._runner.command("ZSCORE", key(self._prefix, f"{kind}_generations", **ids), name)
        return _Generation(kind, id_, name, int(float(stamp or 0)))
