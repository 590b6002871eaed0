"""The watch over parts tells those of the right size from others, and lets somebody in between two of them."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import pytest

from flue_valkey.runner import Arg, Reply
from flue_valkey.scripts import SCRIPTS
from flue_valkey.servers.fake import FakeServer
from flue_valkey.servers.held_parts import HELD
from flue_valkey.servers.part_watch import PartWatch
from flue_valkey.servers.passing import PassingRunner

LONG = b"x" * 3_000
EVENTS = {"after": "-1", "limit": 5, "budget": 10}
RUNS = {"prefix": "p", "status": "", "workflow_name": "", "limit": 5, "looks": 10, "after_ms": "", "after_id": ""}
LISTING = {"prefix": "p", "after": "-inf", "budget": 100}
SEGMENTS = {"at": 0, "last": "", "budget": 1_000}
DOCUMENT = {"prefix": "p", "session_key": "s", "generation": "g", "at": 0, "budget": 1_000}


def events(*sizes: int, of: int = 5) -> list[Any]:
    return [b"read", b"-1", b"%d" % of, b"0", [b"x" * size for size in sizes]]


def runs(tag: bytes, *ids: bytes) -> list[Any]:
    return [tag, [[id_, b"none"] for id_ in ids], b"1", b"last"]


def heads(*ids: bytes, session: bytes = b"s", bytes_each: int = 0, behind: bytes = b"7") -> list[Any]:
    return [b"part", behind, [[id_, [b"sessionKey", session], [b"payload", b"x" * bytes_each]] for id_ in ids], []]


def document(*sizes: int, then: bytes = b"9") -> list[Any]:
    entries = [part for at, size in enumerate(sizes) for part in (b"entry:%d" % at, b"x" * size)]
    return [b"part", b"g", then, b"session", b"x" * 600, *entries]


class Canned(PassingRunner):
    """Gives these replies, one a call."""

    def __init__(self, *replies: list[Any]) -> None:
        super().__init__(FakeServer().runner())
        self.replies = list(replies)

    async def eval(self, script: str, keys: Sequence[Arg], args: Sequence[Arg]) -> Reply:
        return self.replies.pop(0)


def called(script: str, values: dict[str, Any]) -> tuple[str, list[Arg], list[Arg]]:
    return SCRIPTS[script].text, [*SCRIPTS[script].keys], [values[name] for name in SCRIPTS[script].values]


FINE = {
    "the last event is large": ("read_events", EVENTS, events(9, 5_000)),
    "all events are there": ("read_events", EVENTS, events(1, of=1)),
    "as many runs as asked for": ("list_runs", RUNS, runs(b"more", *[b"r"] * 5)),
    "few heads of submissions": ("list_runnable_submissions", LISTING, heads(b"a", b"b", b"c", behind=b"")),
    "a document whose first entry is large": ("session_load_more", DOCUMENT, document(5_000)),
    "a stream that was begun anew": ("get_stream_chunk_segments", SEGMENTS, [b"replaced"]),
    "a stream with gaps": ("get_stream_chunk_segments", SEGMENTS, [b"gaps", [b"1", b"2"], [b"x"]]),
}
WRONG = {
    "behind the budget of events": ("read_events", EVENTS, events(10, 1, of=2), "counts 10 without its last"),
    "too few events": ("read_events", EVENTS, events(9), "counts 9 at most, and another one follows"),
    "long ids of runs": ("list_runs", RUNS, runs(b"last", LONG, b"r"), "without its last"),
    "too few runs": ("list_runs", RUNS, runs(b"more", b"r"), "another one follows"),
    "long ids": ("list_runnable_submissions", LISTING, heads(LONG, b"b"), "without its last"),
    "long sessions": ("list_runnable_submissions", LISTING, heads(b"a", b"b", session=LONG), "without its last"),
    "payloads": ("list_runnable_submissions", LISTING, heads(b"a", b"b", bytes_each=200_000), "without its last"),
    "segments": ("get_stream_chunk_segments", SEGMENTS, [b"last", [b"x" * 500, b"y"]], "without its last"),
    "too few segments": ("get_stream_chunk_segments", SEGMENTS, [b"more", [b"x" * 499]], "another one follows"),
    "a document": ("session_load_more", DOCUMENT, document(1, 1, then=b""), "without its last"),
    "pending deletions": (
        "list_pending_session_deletions",
        {"prefix": "p", "looks": 10, "after_ms": "", "after_key": ""},
        [b"last", [LONG, b"s"]],
        "without its last",
    ),
}


@pytest.mark.parametrize("case", FINE)
async def test_parts_of_the_right_size(case: str) -> None:
    script, values, reply = FINE[case]
    watch = PartWatch(FakeServer().runner)
    assert await watch.runner(Canned(reply)).eval(*called(script, values)) == reply
    assert watch.findings == []


@pytest.mark.parametrize("case", WRONG)
async def test_parts_of_the_wrong_size(case: str) -> None:
    script, values, reply, said = WRONG[case]
    watch = PartWatch(FakeServer().runner)
    await watch.runner(Canned(reply)).eval(*called(script, values))
    [found] = watch.findings
    assert found.startswith(f"{script}: a part of ")
    assert said in found


@pytest.mark.parametrize("script", HELD)
async def test_every_refusal_is_a_part_of_nothing(script: str) -> None:
    watch = PartWatch(FakeServer().runner)
    values = dict.fromkeys(SCRIPTS[script].values, 1)
    await watch.runner(Canned([b"wrong_type", b"key", b"hash", b"string"])).eval(*called(script, values))
    assert watch.findings == []


class Taking(Canned):
    """Takes these entries from an index first, and lets somebody else call meanwhile if there is a `meanwhile`."""

    def __init__(self, server: FakeServer, index: str, entries: Sequence[Arg], reply: list[Any]) -> None:
        super().__init__(reply)
        self._server = server
        self._command: list[Arg] = ["ZREM", index, *entries]
        self.meanwhile: Callable[[], Awaitable[object]] | None = None

    async def eval(self, script: str, keys: Sequence[Arg], args: Sequence[Arg]) -> Reply:
        await self._server.runner().command(*self._command)
        if self.meanwhile is not None:
            await self.meanwhile()
        return await super().eval(script, keys, args)


GHOSTS = {"prefix": "p", "budget": 15}
DELETION = {"prefix": "p", "session_key": "s", "owner_id": "o", "now": 1, "limit": 3, "kept": 1}
TAKEN = {
    "as many ghosts as fit": ("has_unsettled_submissions", "running", GHOSTS, "ab", [b"part"], []),
    "too many ghosts": ("has_unsettled_submissions", "running", GHOSTS, "abcde", [b"none"], ["20 without its last"]),
    "too few ghosts": (
        "has_unsettled_submissions",
        "queued",
        {**GHOSTS, "budget": 50},
        "ab",
        [b"part"],
        ["40 at most"],
    ),
    "a deletion, of which one stays": (
        *("finish_session_deletion", "session_submissions", DELETION, "ab"),
        *([b"more", b"2"], []),
    ),
    "too small a part of a deletion": (
        *("finish_session_deletion", "session_submissions", DELETION, "ab"),
        *([b"more", b"1"], ["counts 2 at most"]),
    ),
    "too large a part of a deletion": (
        *("finish_session_deletion", "session_submissions", DELETION, "abcde"),
        *([b"deleted"], ["counts 4 without its last"]),
    ),
}


@pytest.mark.parametrize("case", TAKEN)
async def test_parts_that_take_entries_away(case: str) -> None:
    script, index, values, entries, reply, said = TAKEN[case]
    server = FakeServer()
    await server.runner().command("ZADD", index, *(part for entry in "abcdef" for part in (1, entry)))
    watch = PartWatch(server.runner)
    await watch.runner(Taking(server, index, entries, reply)).eval(*called(script, values))
    assert len(watch.findings) == len(said)
    assert all(part in found for part, found in zip(said, watch.findings, strict=True))


async def test_what_is_taken_while_somebody_else_calls_is_not_counted() -> None:
    server = FakeServer()
    await server.runner().command("ZADD", "running", 1, "a", 1, "b", 1, "c", 1, "d")
    watch = PartWatch(server.runner)
    taking = Taking(server, "running", "abcd", [b"none"])
    migrate = called("migrate", dict.fromkeys(SCRIPTS["migrate"].values, 1))
    taking.meanwhile = partial(watch.runner(Canned([b"migrated"])).eval, *migrate)
    await watch.runner(taking).eval(*called("has_unsettled_submissions", GHOSTS))
    assert watch.findings == []


async def test_an_index_that_names_what_a_deletion_took_is_told() -> None:
    server = FakeServer()
    for index in ("session_submissions", "running"):
        await server.runner().command("ZADD", index, 1, "a", 2, "b")
    watch = PartWatch(server.runner)
    taking = Taking(server, "session_submissions", "a", [b"deleted"])
    await watch.runner(taking).eval(*called("finish_session_deletion", DELETION))
    assert watch.findings == ["finish_session_deletion: running names [b'a'] still, which went"]


CONTRADICTIONS = {
    "it names gaps where there is none": (
        "get_stream_chunk_segments",
        {**SEGMENTS, "budget": 10_000},
        [b"gaps", [b"%d" % index for index in range(11)][::-1], [b"x"] * 11],
    ),
    "it gives the head again": (
        "session_load_more",
        {**DOCUMENT, "at": 4},
        [b"part", b"g", b"", b"session", b"{}", b"entryCount", b"5", b"entry:4", b"{}"],
    ),
}


@pytest.mark.parametrize("said", CONTRADICTIONS)
async def test_a_part_that_contradicts_itself(said: str) -> None:
    script, values, reply = CONTRADICTIONS[said]
    watch = PartWatch(FakeServer().runner)
    await watch.runner(Canned(reply)).eval(*called(script, values))
    assert watch.findings == [f"{script}: {said}"]


async def test_somebody_comes_between_two_parts_once() -> None:
    came: list[str] = []
    watch = PartWatch(FakeServer().runner)

    async def come() -> None:
        came.append("now")

    reader = watch.runner(Canned(events(10), events(11, of=1), events(12, of=1)))
    watch.meanwhile = come
    assert await reader.eval(*called("read_events", EVENTS)) == events(10)
    assert came == ["now"]
    # Of a read of one part, what is read is read behind it.
    watch.meanwhile = come
    assert await reader.eval(*called("read_events", EVENTS)) == events(12, of=1)
    assert came == ["now", "now"]


async def test_somebody_comes_before_a_call_that_is_no_read() -> None:
    came: list[int] = []
    watch = PartWatch(FakeServer().runner)
    canned = Canned([b"migrated"])

    async def come() -> None:
        came.append(len(canned.replies))

    watch.meanwhile = come
    await watch.runner(canned).eval(*called("migrate", dict.fromkeys(SCRIPTS["migrate"].values, 1)))
    assert came == [1]
