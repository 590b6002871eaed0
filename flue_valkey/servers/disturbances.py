"""What the disturbances of a differential run do to a namespace, and what its findings say for it all the same."""

from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from typing import Any

from flue_memdb.clock import Clock
from flue_memdb.contract import Adapter, Json
from flue_memdb.contract.errors import quoted
from flue_valkey.invariants import findings
from flue_valkey.keyspace import Keyspace
from flue_valkey.layout import base64url, key
from flue_valkey.runner import Arg, Runner
from flue_valkey.servers.part_watch import PartWatch
from flue_valkey.servers.peers import Peers, ReadKeyspace, SaveSession
from flue_valkey.servers.probes import Probes
from flue_valkey.servers.small_parts import small_parts, smallest_parts

_UNREADABLE = "?"
_NO_HASH = "string and no hash"
_HEAD = 2  # the fields of a document that are no entries
_SHOWN = 40


class Disturbances:
    """The disturbances of one namespace; some of them are made by peers, some are probes.

    Peers go by `clock`; a process that starts for a probe has a new `adapter`; `watch` knows when the adapters are
    between two parts.
    """

    def __init__(
        self, runner: Runner, prefix: str, clock: Clock, adapter: Callable[[], Adapter], watch: PartWatch
    ) -> None:
        self._runner = runner
        self._prefix = prefix
        self._watch = watch
        self._peers = peers = Peers(runner, prefix, clock)
        self._probes = probes = Probes(runner, prefix, adapter)
        self._damaged: set[str] = set()
        self._told: set[tuple[str, str]] = set()
        self._replaced: dict[str, None] = {}
        self._in_the_end = ExitStack()
        self._does: dict[str, Callable[..., Coroutine[Any, Any, None]]] = {
            "addEntry": self._add_entry,
            "addGhost": self._add_ghost,
            "addGhostMarker": self._add_ghost_marker,
            "addGhostDeletion": self._add_ghost_deletion,
            "addGhostRun": self._add_ghost_run,
            "halfCreate": self._half_create,
            "hold": peers.hold,
            "letGo": peers.let_go,
            "stage": peers.stage,
            "publish": peers.publish,
            "holdPayload": peers.hold_payload,
            "stagePayload": peers.stage_payload,
            "publishStaged": peers.publish_staged,
            "beginDeletion": peers.begin_deletion,
            "beginDeletions": peers.begin_deletions,
            "meanwhile": self._meanwhile,
            "smallestParts": partial(self._smaller_parts, smallest_parts),
            "smallParts": partial(self._smaller_parts, small_parts),
            "unlisted": probes.unlisted,
            "otherVersion": probes.other_version,
            "wrongType": probes.wrong_type,
            "spoilSubmission": self._spoil_submission,
            "spoilJournal": self._spoil_journal,
            "spoilRun": self._spoil_run,
            "spoilSession": self._spoil_session,
            "spoilSegments": self._spoil_segments,
            "spoilStream": self._spoil_stream,
            "spoilDeletion": self._spoil_deletion,
        }

    async def make(self, name: str, *args: Json) -> None:
        """Makes a disturbance."""
        if name not in self._does:
            raise ValueError(f"there is no disturbance {name!r}")
        await self._does[name](*args)

    @property
    def sessions(self) -> list[str]:
        """The sessions that peers have read or written."""
        return list(self._peers.sessions)

    def end(self) -> None:
        """Undoes what holds for the whole process."""
        self._in_the_end.close()

    async def findings(self, read: ReadKeyspace, save: SaveSession) -> list[str]:
        """What contradicts the invariants, or what peers count on; without what was damaged, or peers keep."""
        of_peers = await self._peers.findings(read, save)
        space = await read()
        texts = [str(finding) for finding in await findings(space)]
        of_layout = [text for text in texts if not self._peers.concerns(text)]
        unexpected = [text for text in of_peers + of_layout if not any(damaged in text for damaged in self._damaged)]
        return [*unexpected, *self._still_listed(space), *self._probes.findings]

    def _still_listed(self, space: Keyspace) -> Iterator[str]:
        """Listings, which were all made in the end, take what is no row out of every index that they meet it in."""
        for submission_id in self._replaced:
            for index in ("queued", "running", "terminalizing"):
                if submission_id in space.one(index) and not space.one("submission", submission_id):
                    yield f"{index} lists {submission_id!r}, which is no row"

    def names_damage(self, message: str) -> bool:
        """Whether the message of an error is about a record that was damaged, and names what of it."""
        _, _, found = message.partition(": ")
        return any(found.startswith(f"{subject}: ") and word in found[len(subject) :] for subject, word in self._told)

    async def _smaller_parts(self, parts: Callable[[], AbstractContextManager[None]]) -> None:
        self._in_the_end.enter_context(parts())

    async def _meanwhile(self, what: str, id_: str) -> None:
        does = {"publish": self._peers.publish, "replaceSegments": self._peers.replace_segments}[what]
        self._watch.meanwhile = partial(does, id_)

    async def _add_entry(self, index: str, submission_id: str) -> None:
        row = self._key("submission", submission_id=submission_id)
        if await self._type(row) != "hash":
            return
        status, session_key = await self._runner.command("HMGET", row, "status", "sessionKey")
        score = await self._runner.command("ZSCORE", self._key("submissions"), submission_id)
        place = int(float(score or 0))
        if index != "queue":
            await self._runner.command("ZADD", self._key(index), place, submission_id)
        elif status == b"settled" and session_key is not None:
            self._damage(submission_id, session_key.decode())
            queue = self._key("session_unsettled", session_key=session_key.decode())
            await self._runner.command("ZADD", queue, place, submission_id)

    async def _add_ghost(self, index: str, submission_id: str, session_key: str) -> None:
        if await self._type(self._key("submission", submission_id=submission_id)) != "none":
            return
        if index in ("queue", "session"):
            self._damage(submission_id, session_key)
            name = "session_unsettled" if index == "queue" else "session_submissions"
            await self._runner.command("ZADD", self._key(name, session_key=session_key), 0, submission_id)
        else:
            await self._runner.command("ZADD", self._key(index), 0, submission_id)

    async def _add_ghost_marker(self, attempt: dict[str, str]) -> None:
        submission_id, attempt_id = attempt["submissionId"], attempt["attemptId"]
        if await self._type(self._key("marker", submission_id=submission_id, attempt_id=attempt_id)) == "none":
            member = f"{base64url(submission_id)}.{base64url(attempt_id)}"
            await self._runner.command("SADD", self._key("markers"), member)

    async def _add_ghost_deletion(self, session_key: str) -> None:
        if await self._type(self._key("deletion", session_key=session_key)) == "none":
            await self._runner.command("ZADD", self._key("deletions"), 0, session_key)

    async def _add_ghost_run(self, run_id: str, workflow_name: str) -> None:
        if await self._type(self._key("run", run_id=run_id)) == "none":
            self._damage(run_id)
            workflow = self._key("runs_workflow", workflow_name=workflow_name)
            for index in (self._key("runs"), self._key("runs_active"), workflow):
                await self._runner.command("ZADD", index, 2**52, run_id)

    async def _half_create(self, path: str) -> None:
        event = self._key("event", path=path)
        if await self._runner.command("HGET", event, "closed") == b"0":
            self._damage(path)
            await self._runner.command("HDEL", event, "closed")

    async def _spoil_submission(self, submission_id: str, what: str) -> None:
        row = self._key("submission", submission_id=submission_id)
        if await self._type(row) != "hash":
            return
        self._damage(submission_id)
        label = f"submission {quoted(submission_id)}"
        if what == "row":
            self._tell(_NO_HASH, label, row)
            self._replaced[submission_id] = None
            await self._replace(row)
        elif what == "sessionKey":
            self._tell(what, label, row)
            await self._runner.command("HDEL", row, what)
        elif what in ("payload", "generation", "input"):
            self._tell("payload" if what == "input" else "missing", f"payload of {label}", row)
            await self._spoil_payload(submission_id, row, what)
        else:
            self._tell(what, label, row)
            await self._runner.command("HSET", row, what, _UNREADABLE)

    async def _spoil_payload(self, submission_id: str, row: str, what: str) -> None:
        generation = await self._runner.command("HGET", row, "generation")
        if what == "generation":
            await self._runner.command("HDEL", row, "generation")
        elif generation is not None:
            ids = {"submission_id": submission_id, "generation": generation.decode()}
            payload = self._key("submission_generation", **ids)
            if what == "payload":
                await self._runner.command("DEL", payload)
            elif await self._type(payload) == "hash":
                await self._runner.command("HSET", payload, "payload", _UNREADABLE)

    async def _spoil_journal(self, submission_id: str, what: str) -> None:
        row = self._key("journal", submission_id=submission_id)
        self._tell(what, f"journal of submission {quoted(submission_id)}", row)
        await self._spoil(submission_id, row, what)

    async def _spoil_run(self, run_id: str, what: str) -> None:
        row = self._key("run", run_id=run_id)
        self._tell(_NO_HASH if what == "row" else what, f"run {quoted(run_id)}", row)
        if what != "row":
            await self._spoil(run_id, row, what)
        elif await self._type(row) != "none":
            self._damage(run_id)
            await self._replace(row)

    async def _spoil_session(self, session_key: str, what: str) -> None:
        generation = await self._runner.command("HGET", self._key("session", session_key=session_key), "generation")
        if generation is None:
            return
        ids = {"session_key": session_key, "generation": generation.decode()}
        document, label = self._key("session_generation", **ids), f"session {quoted(session_key)}"
        if what in ("row", "gone"):
            self._damage(session_key)
            self._tell(_NO_HASH if what == "row" else "missing", label)
            await (self._replace(document) if what == "row" else self._runner.command("DEL", document))
        elif what != "entry":
            self._tell(what, label)
            await self._spoil(session_key, document, what)
        elif await self._type(document) == "hash" and (count := await self._runner.command("HLEN", document)) > _HEAD:
            self._damage(session_key)
            self._tell(f"entry:{count - _HEAD - 1} is missing", label)
            await self._runner.command("HDEL", document, f"entry:{count - _HEAD - 1}")

    async def _spoil_segments(self, stream_key: str) -> None:
        self._tell("index", f"segments of stream {quoted(stream_key)}")
        await self._spoil(stream_key, self._key("stream_segments", stream_key=stream_key), "-1")

    async def _spoil_stream(self, path: str, what: str) -> None:
        field = what.removeprefix("key ")
        name = "event" if what == "nextOffset" else "event_entries" if field == what else "event_keys"
        row = self._key(name, path=path)
        if await self._runner.command("HEXISTS", row, field):
            self._tell("the event's key" if name == "event_keys" else what, f"stream {quoted(path)}", row)
            await self._spoil(path, row, field)

    async def _spoil_deletion(self, session_key: str, what: str) -> None:
        marker = self._key("deletion", session_key=session_key)
        if what != "ownerId":
            await self._spoil(session_key, marker, what)
        elif await self._type(marker) == "hash":
            self._damage(session_key)
            await self._runner.command("HDEL", marker, what)

    async def _spoil(self, id_: str, hash_key: str, field: str) -> None:
        """Makes a field of an id's record unreadable, if the record is there."""
        if await self._type(hash_key) == "hash":
            self._damage(id_)
            await self._runner.command("HSET", hash_key, field, _UNREADABLE)

    async def _replace(self, row: str) -> None:
        """Puts a text where a row stood."""
        await self._runner.pipeline([("DEL", row), ("SET", row, _UNREADABLE)])

    def _tell(self, word: str, label: str, *keys: str) -> None:
        """Remembers that errors may name this record, by its label or a key of it, with this word for what is wrong."""
        self._told |= {(label, word), *((f"key {key}", word) for key in keys)}

    async def _type(self, name: Arg) -> str:
        kind: bytes = await self._runner.command("TYPE", name)
        return kind.decode()

    def _damage(self, *ids: str) -> None:
        """Remembers that findings may be about these ids: as they are shown there, however long, or within a key."""
        for id_ in ids:
            self._damaged |= {repr(id_)[:_SHOWN], f":{base64url(id_)} ", f":{base64url(id_)}:"}

    def _key(self, name: str, **ids: str) -> str:
        return key(self._prefix, name, **ids)
