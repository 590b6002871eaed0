"""What is read in parts is right also when others change it between two parts."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest

from flue_memdb import ManualClock, Stores, session_storage_key
from flue_memdb.conformance.examples import STREAM, admit, attempt, claim, dispatch, nothing_to_delete
from flue_valkey import Runner, valkey
from flue_valkey.layout import key
from flue_valkey.servers.counting import CountingRunner
from flue_valkey.servers.server import Server
from flue_valkey.servers.small_parts import smallest_parts

Disturbed = Callable[..., Stores]


@pytest.fixture(autouse=True)
def parts_of_one() -> Iterator[None]:
    with smallest_parts():
        yield


@pytest.fixture
async def reader(server: Server, prefix: str, clock: ManualClock, stores: Stores) -> AsyncIterator[Disturbed]:
    """`reader(first, second)` is a process between whose calls those are awaited, each once, in turn."""
    runner = CountingRunner(server.runner())
    adapter = valkey(runner, key_prefix=prefix, clock=clock, inspect_server=False)
    connected = await adapter.connect()
    sent = runner.eval
    left: list[Callable[[], Awaitable[Any]]] = []

    async def disturbed(script: str, *args: Any) -> Any:
        reply = await sent(script, *args)
        if left:
            await left.pop(0)()
        return reply

    runner.eval = disturbed  # type: ignore[method-assign]

    def begin(*changes: Callable[[], Awaitable[Any]]) -> Stores:
        left.extend(changes)
        return connected

    yield begin
    assert not left, "not all parts were read"
    await adapter.close()


async def nothing() -> None:
    pass


async def append(stores: Stores, *indexes: int, text: str = "") -> None:
    for index in indexes:
        assert await stores.submissions.append_stream_chunk_segment(STREAM, index, text or f"text {index}")


async def texts(stores: Stores) -> dict[int, str]:
    segments = await stores.submissions.get_stream_chunk_segments(STREAM)
    assert segments == sorted(segments, key=lambda segment: segment.segment_index)
    return {segment.segment_index: segment.body for segment in segments}


@pytest.mark.parametrize("indexes", [[0, 1, 2, 3, 4], [4, 2, 0, 1, 3], [1, 2, 3], [0, 1, 5, 2**53 - 1, 40]])
async def test_segments_are_all_there(indexes: list[int], stores: Stores, reader: Disturbed) -> None:
    await append(stores, *indexes)
    assert await texts(reader(nothing, nothing)) == {index: f"text {index}" for index in indexes}


async def test_segments_that_come_while_they_are_read_are_read(stores: Stores, reader: Disturbed) -> None:
    await append(stores, 0, 1)
    found = await texts(reader(lambda: append(stores, 2), lambda: append(stores, 3), lambda: append(stores, 4)))
    assert list(found) == [0, 1, 2, 3, 4]


async def test_a_gap_that_is_filled_while_they_are_read_hides_nothing(stores: Stores, reader: Disturbed) -> None:
    await append(stores, 0, 1, 3)
    assert list(await texts(reader(lambda: append(stores, 2)))) == [0, 1, 2, 3]


async def test_of_segments_with_gaps_those_are_read_that_were_there_at_once(stores: Stores, reader: Disturbed) -> None:
    await append(stores, 1, 3)
    assert list(await texts(reader(lambda: append(stores, 0)))) == [1, 3]


@pytest.mark.parametrize("indexes", [[0, 1, 2], [1, 2, 5]])
async def test_segments_that_are_deleted_while_they_are_read_are_gone(
    indexes: list[int], stores: Stores, reader: Disturbed
) -> None:
    await append(stores, *indexes)
    assert await texts(reader(lambda: stores.submissions.delete_stream_chunk_segments(STREAM))) == {}


@pytest.mark.parametrize("indexes", [[0, 1, 2], [1, 2, 5]])
async def test_a_stream_that_is_begun_anew_while_it_is_read_is_read_anew(
    indexes: list[int], stores: Stores, reader: Disturbed
) -> None:
    async def begin_anew() -> None:
        await stores.submissions.delete_stream_chunk_segments(STREAM)
        await append(stores, 0, text="new")

    await append(stores, *indexes)
    assert await texts(reader(begin_anew)) == {0: "new"}


async def test_of_a_session_whose_head_is_settled_meanwhile_one_is_runnable(stores: Stores, reader: Disturbed) -> None:
    async def settle() -> None:
        await stores.submissions.claim_submission(claim("d1"))
        await stores.submissions.complete_submission(attempt("d1"))

    for id_, instance in {"d1": "one", "d2": "two", "d3": "one"}.items():
        await admit(stores, dispatch(id_, instance))
    listed = await reader(settle, nothing).submissions.list_runnable_submissions()
    assert [found.submission_id for found in listed] == ["d1", "d2"]


@pytest.mark.parametrize("attempts", ["0", "!"], ids=["repaired", "damaged otherwise"])
async def test_a_listing_settles_no_row_that_has_changed_since_it_was_read(
    attempts: str, stores: Stores, reader: Disturbed, runner: Runner, prefix: str
) -> None:
    await admit(stores, dispatch("d1"))
    row = key(prefix, "submission", submission_id="d1")
    await runner.command("HSET", row, "attemptCount", "?")
    changed = reader(lambda: runner.command("HSET", row, "attemptCount", attempts))
    assert await changed.submissions.list_runnable_submissions() == []
    assert await runner.command("HGET", row, "status") == b"queued"
    later = await stores.submissions.list_runnable_submissions()
    assert [found.submission_id for found in later] == (["d1"] if attempts == "0" else [])


async def test_a_listing_takes_nothing_out_of_the_way_that_has_another_type_since_it_was_read(
    stores: Stores, reader: Disturbed, runner: Runner, prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    await admit(stores, dispatch("d1"))
    row = key(prefix, "submission", submission_id="d1")
    await runner.command("HSET", row, "attemptCount", "?")

    async def replace() -> None:
        await runner.command("DEL", row)
        await runner.command("SET", row, "?")

    assert await reader(replace).submissions.list_runnable_submissions() == []
    assert await runner.command("ZCARD", key(prefix, "queued")) == 1
    assert "could not be settled" not in caplog.text


SESSIONS = [session_storage_key(f"session-{number}") for number in range(4)]


@pytest.fixture
def begin(stores: Stores, clock: ManualClock) -> Callable[..., Awaitable[None]]:
    """Begins the deletion of sessions in a process that then dies."""

    async def begin(*session_keys: str) -> None:
        for session_key in session_keys:
            begun = await stores.submissions.begin_deletion(session_key, "dead")  # type: ignore[attr-defined]
            assert begun.state == "owned"

    return begin


Begin = Callable[..., Awaitable[None]]


async def test_deletions_of_one_instant_are_listed_by_key(stores: Stores, begin: Begin, reader: Disturbed) -> None:
    await begin(*reversed(SESSIONS))
    assert await reader(nothing, nothing).submissions.list_pending_session_deletions() == SESSIONS


async def test_deletions_are_listed_by_their_instant(begin: Begin, reader: Disturbed, clock: ManualClock) -> None:
    for session_key in reversed(SESSIONS):
        await begin(session_key)
        clock.advance(1)
    assert await reader(nothing, nothing).submissions.list_pending_session_deletions() == SESSIONS[::-1]


async def test_a_deletion_that_is_taken_over_meanwhile_is_listed_once(
    begin: Begin, reader: Disturbed, clock: ManualClock
) -> None:
    async def take_over() -> None:
        clock.advance(60_000)
        await begin(SESSIONS[0])

    await begin(*SESSIONS)
    listed = await reader(take_over).submissions.list_pending_session_deletions()
    assert listed == [*SESSIONS[1:], SESSIONS[0]]


async def test_deletions_that_end_while_they_are_listed_hide_none(
    stores: Stores, begin: Begin, reader: Disturbed, clock: ManualClock
) -> None:
    async def end() -> None:
        clock.advance(60_000)
        for session_key in SESSIONS[:2]:
            await stores.submissions.delete_session(session_key, nothing_to_delete)

    await begin(*SESSIONS)
    assert await reader(nothing, end).submissions.list_pending_session_deletions() == SESSIONS


async def test_an_entry_without_a_deletion_is_dropped_and_hides_none(
    begin: Begin, reader: Disturbed, runner: Runner, prefix: str
) -> None:
    await begin(*SESSIONS)
    for session_key in SESSIONS[1:3]:
        await runner.command("DEL", key(prefix, "deletion", session_key=session_key))
    listed = await reader(nothing).submissions.list_pending_session_deletions()
    assert listed == [SESSIONS[0], SESSIONS[3]]
    assert await runner.command("ZCARD", key(prefix, "deletions")) == 2
