"""What is stored, and what is asked of it, where it shows how long a call holds the server."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from benchmarks import filling
from benchmarks.filling import OWNER, id_of, session_of
from benchmarks.measure import PAYLOAD, Once
from benchmarks.reference import STREAM, start_of
from flue_memdb import DirectInput, Json, Stores, encode_cursor, format_offset
from flue_memdb.conformance.examples import direct, entry, image, nothing_to_delete, session

ROUNDS: Final = 9
"""How often each is asked; what forgets something forgets another each time."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What fills a server with `size` of something, and what is asked then; `{size}` in a name is that number."""

    size: int
    fill: Callable[[Stores, int], Awaitable[Any]]
    asked: Callable[[Stores, int], dict[str, Once]]


def _pages_of_runs(stores: Stores, size: int) -> dict[str, Once]:
    list_runs = stores.runs.list_runs
    deep = encode_cursor(start_of(size // 50), id_of("run", size // 50))
    return {
        "list_runs, 100 of {size}": lambda _: list_runs(),
        "list_runs, 1,000 of {size}": lambda _: list_runs(limit=1_000),
        "list_runs, 1,000 of {size}, deep": lambda _: list_runs(limit=1_000, cursor=deep),
        "list_runs, 1,000 of a status": lambda _: list_runs("completed", limit=1_000),
        "list_runs, 1,000 of a workflow": lambda _: list_runs(None, "flow-1", limit=1_000),
        "list_runs, 1,000 of both": lambda _: list_runs("active", "flow-1", limit=1_000),
        "list_runs, 1,000 of both, deep": lambda _: list_runs("active", "flow-1", limit=1_000, cursor=deep),
        "list_runs, of both, which none has": lambda _: list_runs("completed", "flow-1"),
    }


def _pages_of_events(stores: Stores, size: int) -> dict[str, Once]:
    read, middle = stores.events.read_events, format_offset(size // 2)
    return {
        "read_events, 100 in the middle of {size}": lambda _: read(STREAM, middle, 100),
        "read_events, 1,000 in the middle of {size}": lambda _: read(STREAM, middle, 1_000),
    }


def _of_running(stores: Stores, size: int) -> dict[str, Once]:
    names = [id_of("queued", number) for number in range(size)]
    return {
        "list_running_submissions, {size}": lambda _: stores.submissions.list_running_submissions(),
        "list_expired_submissions, {size}": lambda _: stores.submissions.list_expired_submissions(),
        "renew_leases, {size}": lambda _: stores.submissions.renew_leases(OWNER, names),
    }


async def _streams(stores: Stores, size: int) -> None:
    for number in range(ROUNDS):
        await filling.add_segments(stores, f"stream-{number}", size)


def _of_streams(stores: Stores, _: int) -> dict[str, Once]:
    get, delete = stores.submissions.get_stream_chunk_segments, stores.submissions.delete_stream_chunk_segments
    return {
        "get_stream_chunk_segments, {size}": lambda _: get("stream-0"),
        "delete_stream_chunk_segments, {size}": lambda number: delete(f"stream-{number}"),
    }


def _settled(segments: int) -> Callable[[Stores, int], Awaitable[None]]:
    async def fill(stores: Stores, size: int) -> None:
        for number in range(ROUNDS):
            await filling.add_settled(stores, number, size, segments)

    return fill


def _delete_session(stores: Stores, number: int) -> Awaitable[None]:
    return stores.submissions.delete_session(session_of(number), nothing_to_delete)


def _document(entries: int) -> dict[str, Json]:
    return session(*(entry(id_of("entry", index), PAYLOAD) for index in range(entries)))


async def _documents(stores: Stores, size: int) -> None:
    for number in range(ROUNDS):
        await stores.sessions.save(f"document-{number}", _document(size))


def _of_documents(stores: Stores, size: int) -> dict[str, Once]:
    document = _document(size)
    return {
        "save, of {size} entries": lambda _: stores.sessions.save("document-0", document),
        "load, of {size} entries": lambda _: stores.sessions.load("document-0"),
        "delete, of {size} entries": lambda number: stores.sessions.delete(f"document-{number}"),
    }


def _with_image(name: str, size: int) -> DirectInput:
    payload: dict[str, Json] = {"message": "look", "images": [image("x" * size)]}
    return direct(name, instance=name, payload=payload)


async def _prompt(stores: Stores, size: int) -> None:
    await stores.submissions.admit_direct(_with_image("large", size))


def _of_large(stores: Stores, size: int) -> dict[str, Once]:
    admit, append = stores.submissions.admit_direct, stores.events.append_event
    return {
        "admit_direct, with {size} bytes": lambda number: admit(_with_image(f"large-{number}", size)),
        "get_submission, of {size} bytes": lambda _: stores.submissions.get_submission("large"),
        "append_event, of {size} bytes": lambda _: append(STREAM, "x" * size),
    }


def _listing(what: str, operation: str) -> Callable[[Stores, int], dict[str, Once]]:
    return lambda stores, _: {f"{operation}, {what}": lambda _: getattr(stores.submissions, operation)()}


SETTINGS: Final = (
    Setting(100_000, filling.add_runs, _pages_of_runs),
    Setting(1_000_000, filling.add_events, _pages_of_events),
    Setting(
        1_000,
        lambda stores, size: filling.add_events(stores, size, "x" * 100_000),
        lambda stores, _: {
            "read_events, {size} of 100,000 bytes": lambda _: stores.events.read_events(STREAM, limit=1_000)
        },
    ),
    Setting(
        10_000,
        lambda stores, size: filling.add_queued(stores, size, sessions=100),
        _listing("{size} queued in 100 sessions", "list_runnable_submissions"),
    ),
    Setting(
        10_000,
        lambda stores, size: filling.add_queued(stores, size, sessions=size),
        _listing("{size} queued in as many sessions", "list_runnable_submissions"),
    ),
    Setting(10_000, filling.add_running, _of_running),
    Setting(10_000, filling.add_terminalizing, _listing("{size}", "list_pending_terminal_outboxes")),
    Setting(10_000, filling.add_markers, _listing("{size}", "list_attempt_markers")),
    Setting(10_000, filling.add_deletions, _listing("{size}", "list_pending_session_deletions")),
    Setting(20_000, _streams, _of_streams),
    Setting(
        20_000,
        lambda stores, size: filling.add_segments(stores, "stream", size, "x"),
        lambda stores, _: {
            "get_stream_chunk_segments, {size} of a byte": lambda _: stores.submissions.get_stream_chunk_segments(
                "stream"
            )
        },
    ),
    Setting(
        5_000,
        _settled(segments=3),
        lambda stores, _: {"delete_session, of {size} submissions": lambda number: _delete_session(stores, number)},
    ),
    Setting(
        100,
        _settled(segments=500),
        lambda stores, _: {
            "delete_session, of {size} with 500 segments each": lambda number: _delete_session(stores, number)
        },
    ),
    Setting(10_000, _documents, _of_documents),
    Setting(1_000_000, _prompt, _of_large),
)
