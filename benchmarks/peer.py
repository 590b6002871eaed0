"""The peer: the command sequences of Flue's Node.js adapter, sent by our driver to our server.

This is a model of recorded counts, not that program: for each operation its round trips, commands and bytes are those
that were counted with payloads of 500 bytes; what each round trip does is derived from the storage format. A script's
text travels with every call; a read of a submission is two scripts around two reads; a transition ends with a repair of
the indexes in one batch. The peer's own work is left out, such as checks and JSON in the client and most of what its
scripts do, while the adapter is measured whole; so is the speed of its driver. The ratios are none to that program.
"""

from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from functools import cache
from typing import Literal, TypeAlias

from benchmarks.measure import PAYLOAD, Comparison, Effort, Once, compare
from benchmarks.reference import STREAM, add_runs, prompt, start_of
from benchmarks.setting import IN_FLIGHT, callers, emptied, server_time, stores_over
from flue_memdb import Json, NewRun, Stores
from flue_memdb.conformance.examples import entry, session
from flue_valkey.runner import Command, Runner
from flue_valkey.runner.commands import packed
from flue_valkey.servers.server import Server

Step: TypeAlias = Literal["script", "read", "write", "document"] | int
"""A round trip: a script with its text, a read of a row or of a session, a write of a field, or a batch of so many."""

ENTRIES = 100
ENTRY = "x" * 850
LISTED = 100

_FIRST_ENTRIES = [entry(f"e{index}", ENTRY) for index in range(ENTRIES - 1)]
_ROW, _DOCUMENT = "peer:row", "peer:document"
_REPAIR = 7
"""Batches up to that long repair indexes, or stage a payload; longer ones carry entries."""
_SCRIPT = "redis.call('HGETALL', KEYS[1]) return redis.call('HSET', KEYS[2], 'at', ARGV[1]) --"


@dataclass(frozen=True, slots=True)
class Sequence:
    """What the peer does for an operation. `sent_bytes` were counted; what the steps lack of them is filled up."""

    sent_bytes: int
    steps: tuple[Step, ...]


_READ: tuple[Step, ...] = ("script", "read", "read", "script")
_CHANGE: tuple[Step, ...] = ("read", "script", "read", 7)

ADMIT = Sequence(5_772, ("read", 5, "script", "read", "read", "script", *_READ))
CLAIM = Sequence(3_059, (*_READ, *_CHANGE))
MARK_INPUT = Sequence(2_352, _CHANGE)
BEGIN_JOURNAL = Sequence(2_219, ("script",))
UPDATE_JOURNAL = Sequence(2_402, ("script",))
SEGMENT = Sequence(601, ("write", "write"))
COMMIT_JOURNAL = Sequence(2_086, ("script",))
RESERVE = Sequence(1_836, ("read", "script", "read"))
EVENT_ONCE = Sequence(1_971, ("script",))
RECORD_OFFSET = Sequence(763, ("script",))
FINALIZE = Sequence(920, ("script", "write"))
LIFE = (
    *(ADMIT, CLAIM, MARK_INPUT, BEGIN_JOURNAL, UPDATE_JOURNAL, SEGMENT, SEGMENT, SEGMENT),
    *(UPDATE_JOURNAL, COMMIT_JOURNAL, RESERVE, EVENT_ONCE, RECORD_OFFSET, FINALIZE),
)
GET_SUBMISSION = Sequence(1_328, _READ)
APPEND_EVENT = Sequence(1_504, ("script",))
CREATE_RUN = Sequence(1_595, ("script",))
_ROW_AND_SUBMISSION: tuple[Step, ...] = ("read", *_READ)
LIST_RUNNABLE = Sequence(280_239, ("read", *(_ROW_AND_SUBMISSION * 2 * LISTED)))
_ONE_READ: tuple[Step, ...] = ("read",)
LIST_RUNS = Sequence(3_221, _ONE_READ * (LISTED + 1))
SAVE_AGAIN = Sequence(95_139, ("script", "read", ENTRIES + 5, "script", "script"))
LOAD = Sequence(1_277, ("script", "document", "script"))


class Peer:
    """Sends sequences over a connection."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def prepare(self) -> None:
        """Stores the row and the session that are read."""
        row = [text for field in range(20) for text in (f"field-{field}", "x" * 25)]
        document = [text for number in range(ENTRIES) for text in (f"entry:{number}", ENTRY)]
        await self._runner.command("HSET", _ROW, *row, "input", PAYLOAD)
        await self._runner.command("HSET", _DOCUMENT, *document)

    async def do(self, sequence: Sequence, number: int) -> None:
        """One operation, each round trip when the one before it is answered."""
        for request in _requests(sequence, f"peer:{number % 100_000:05}"):
            if len(request) == 1:
                await self._runner.command(*request[0])
            else:
                await self._runner.pipeline(request)


def _requests(sequence: Sequence, key: str) -> list[list[Command]]:
    filling = _filling(sequence)
    return [_request(step, key, filling) for step in sequence.steps]


def _request(step: Step, key: str, filling: str) -> list[Command]:
    if isinstance(step, int):
        return [("HSET", key, f"f{number:03}", filling if step > _REPAIR else "x") for number in range(step)]
    if step == "script":
        return [("EVAL", f"{_SCRIPT}{filling}", 2, _ROW, key, "x")]
    if step == "write":
        return [("HSET", key, "field", filling)]
    return [("HGETALL", _DOCUMENT if step == "document" else _ROW)]


@cache
def _filling(sequence: Sequence) -> str:
    """What each request that carries text is filled up with, so that all together have the counted bytes."""
    carriers = sum(_carriers(step) for step in sequence.steps)
    if not carriers:
        return ""
    bare = sum(len(packed(command)) for step in sequence.steps for command in _request(step, "peer:00000", ""))
    return "x" * max(0, (sequence.sent_bytes - bare) // carriers - 2)  # lengths of more digits take two bytes or so


def _carriers(step: Step) -> int:
    if isinstance(step, int):
        return step if step > _REPAIR else 0
    return 1 if step in ("script", "write") else 0


async def peer(server: Server, effort: Effort) -> AsyncIterator[Comparison]:
    """Operations against the peer's sequences for them."""
    async with emptied(server) as runner:
        other = Peer(runner)
        await other.prepare()
        stores = await stores_over(runner)
        await _store(stores)
        forgetful = await stores_over(runner, session_cache_bytes=0)
        for name, (operation, sequence) in _pairs(stores, forgetful).items():

            async def theirs(number: int, sequence: Sequence = sequence) -> None:
                await other.do(sequence, number)

            for in_flight in IN_FLIGHT:
                what = f"{name}, {callers(in_flight)}"
                yield await compare(
                    what, operation, theirs, effort, server_time=server_time(runner), in_flight=in_flight
                )


async def _store(stores: Stores) -> None:
    for number in range(LISTED - 1):
        await stores.submissions.admit_direct(prompt(f"queued-{number}", session=f"queued-{number}", text=PAYLOAD))
    await stores.submissions.admit_direct(prompt("known", session="known", text=PAYLOAD))
    for number in range(max(IN_FLIGHT)):
        await stores.sessions.save(_session(number), _document(number))
    await add_runs(stores.runs, LISTED)


def _session(number: int) -> str:
    """A session for each of those who call at once."""
    return f"document-{number % max(IN_FLIGHT)}"


def _document(number: int) -> dict[str, Json]:
    return session(*_FIRST_ENTRIES, entry(f"last-{number}", ENTRY))


def _pairs(stores: Stores, forgetful: Stores) -> dict[str, tuple[Once, Sequence]]:
    submissions, runs, events, sessions = stores.submissions, stores.runs, stores.events, stores.sessions

    def admit(number: int) -> Awaitable[object]:
        return submissions.admit_direct(prompt(f"p{number}", session="known", text=PAYLOAD))

    def segment(number: int) -> Awaitable[object]:
        return submissions.append_stream_chunk_segment(f"s{number}", 0, PAYLOAD)

    def create_run(number: int) -> Awaitable[object]:
        return runs.create_run(
            NewRun(run_id=f"new-{number}", workflow_name="other", started_at=start_of(number), input=PAYLOAD)
        )

    return {
        "get_submission": (lambda _: submissions.get_submission("known"), GET_SUBMISSION),
        "append_stream_chunk_segment": (segment, SEGMENT),
        "append_event": (lambda _: events.append_event(STREAM, PAYLOAD), APPEND_EVENT),
        "session save, 1 of 100 entries new": (lambda n: sessions.save(_session(n), _document(n)), SAVE_AGAIN),
        "session load, 100 entries, known": (lambda n: sessions.load(_session(n)), LOAD),
        "session load, 100 entries, not known": (lambda n: forgetful.sessions.load(_session(n)), LOAD),
        "list_runs, 100": (lambda _: runs.list_runs(limit=LISTED), LIST_RUNS),
        "list_runnable_submissions, 100 queued": (lambda _: submissions.list_runnable_submissions(), LIST_RUNNABLE),
        "admit_direct": (admit, ADMIT),
        "create_run": (create_run, CREATE_RUN),
    }
