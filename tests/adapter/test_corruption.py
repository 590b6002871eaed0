"""A record that cannot be read: reads say what is broken, listings take it out of the way and go on."""

from collections.abc import Awaitable, Callable

import pytest

from flue_memdb import (
    AttemptRef,
    ClaimRef,
    CorruptRecordError,
    DirectInput,
    DispatchInput,
    ManualClock,
    NewRun,
    NewTurnJournal,
    Stores,
    session_storage_key,
)
from flue_valkey import Runner
from flue_valkey.adapter import ValkeyAdapter
from flue_valkey.keyspace import read_keyspace
from flue_valkey.layout import key

Spoil = Callable[..., Awaitable[object]]


@pytest.fixture
def spoil(runner: Runner, prefix: str) -> Spoil:
    """Runs a command on a key of the layout."""

    def run(command: str, name: str, *args: str | int, **ids: str) -> Awaitable[object]:
        return runner.command(command, key(prefix, name, **ids), *args)

    return run


async def admit(stores: Stores, submission_id: str, session: str = "s") -> None:
    await stores.submissions.admit_dispatch(
        DispatchInput(dispatch_id=submission_id, agent="a", id=session, input=None, accepted_at="2026-06-03T00:00:00Z")
    )


async def claim(stores: Stores, submission_id: str, lease_expires_at: int = 1) -> AttemptRef:
    assert await stores.submissions.claim_submission(ClaimRef(submission_id, "a1", "o1", lease_expires_at)) is not None
    return AttemptRef(submission_id, "a1")


async def ids_of_runnable(stores: Stores) -> list[str]:
    return [submission.submission_id for submission in await stores.submissions.list_runnable_submissions()]


GENERATION = "generation"
DAMAGES = {
    "a field is missing": ("HDEL", "submission", "kind"),
    "no number": ("HSET", "submission", "attemptCount", "many"),
    "another id": ("HSET", "submission", "submissionId", "other"),
    "an unknown status": ("HSET", "submission", "status", "waiting"),
    "an unknown kind": ("HSET", "submission", "kind", "letter"),
    "no generation": ("HDEL", "submission", "generation"),
    "another generation": ("HSET", "submission", "generation", "nothing"),
    "no session": ("HDEL", "submission", "sessionKey"),
}


@pytest.mark.parametrize("damage", DAMAGES)
async def test_a_broken_row_is_settled_and_holds_nobody_up(damage: str, stores: Stores, spoil: Spoil) -> None:
    await admit(stores, "broken")
    await admit(stores, "behind")
    command, name, *args = DAMAGES[damage]
    await spoil(command, name, *args, submission_id="broken")
    with pytest.raises(CorruptRecordError) as refused:
        await stores.submissions.get_submission("broken")
    assert "'broken'" in refused.value.subject
    assert await ids_of_runnable(stores) == ["behind"]
    assert await ids_of_runnable(stores) == ["behind"]
    assert await stores.submissions.claim_submission(ClaimRef("behind", "a1", "o1", 1)) is not None


async def test_the_settled_row_says_why(stores: Stores, spoil: Spoil, clock: ManualClock) -> None:
    await admit(stores, "broken")
    await spoil("HSET", "submission", "attemptCount", "many", submission_id="broken")
    assert await ids_of_runnable(stores) == []
    assert await spoil("HGET", "submission", "status", submission_id="broken") == b"settled"
    assert await spoil("HGET", "submission", "settledAt", submission_id="broken") == str(clock()).encode()
    assert b"attemptCount" in bytes(await spoil("HGET", "submission", "error", submission_id="broken"))  # type: ignore[arg-type]
    assert await spoil("EXISTS", "session_unsettled", session_key=SESSION) == 0
    assert await stores.submissions.has_unsettled_submissions() is False


@pytest.mark.parametrize("text", ["", "{", "[]", "NaN", "[" * 5000])
async def test_a_payload_that_is_no_document_is_corrupt(
    text: str, stores: Stores, spoil: Spoil, runner: Runner, prefix: str
) -> None:
    await admit(stores, "broken")
    await admit(stores, "behind")
    generation = bytes(await spoil("HGET", "submission", "generation", submission_id="broken"))  # type: ignore[arg-type]
    ids = {"submission_id": "broken", "generation": generation.decode()}
    await spoil("HSET", "submission_generation", "payload", text, **ids)
    with pytest.raises(CorruptRecordError, match="payload"):
        await stores.submissions.get_submission("broken")
    assert await ids_of_runnable(stores) == ["behind"]


async def test_an_image_without_its_chunk_is_corrupt(stores: Stores, spoil: Spoil) -> None:
    image = {"type": "image", "data": "AAAA", "mimeType": "image/png"}
    payload = {"message": "look", "images": [image]}
    direct = DirectInput(submission_id="d", agent="a", id="s", payload=payload, accepted_at="2026-06-03")
    await stores.submissions.admit_direct(direct)
    generation = bytes(await spoil("HGET", "submission", "generation", submission_id="d")).decode()  # type: ignore[arg-type]
    ids = {"submission_id": "d", "generation": generation}
    await spoil("HSET", "submission_generation", "chunkCount", 0, **ids)
    with pytest.raises(CorruptRecordError, match="do not fit the markers"):
        await stores.submissions.get_submission("d")


async def test_a_key_of_another_type_is_taken_out_of_the_indexes(stores: Stores, spoil: Spoil) -> None:
    await admit(stores, "broken", "t")
    await admit(stores, "fine")
    await spoil("DEL", "submission", submission_id="broken")
    await spoil("SET", "submission", "text", submission_id="broken")
    await spoil("ZADD", "settled", 1, "broken")
    with pytest.raises(CorruptRecordError, match="is a string and no hash"):
        await stores.submissions.get_submission("broken")
    assert await ids_of_runnable(stores) == ["fine"]
    assert await spoil("ZSCORE", "queued", "broken") is None
    assert await spoil("ZSCORE", "settled", "broken") is None
    assert await spoil("GET", "submission", submission_id="broken") == b"text"


async def test_an_index_of_runs_of_another_type_is_named(stores: Stores, spoil: Spoil) -> None:
    await spoil("SET", "runs_active", "text")
    with pytest.raises(CorruptRecordError, match="runs:status:active: is a string and no zset"):
        await stores.runs.list_runs(status="active")


async def test_a_deletion_whose_cutoff_is_lost_meanwhile_says_so(stores: Stores, spoil: Spoil) -> None:
    session_key = session_storage_key("s")

    async def loses() -> None:
        await spoil("HSET", "deletion", "cutoff", "many", session_key=session_key)

    with pytest.raises(CorruptRecordError, match=r"key \S+:deletion:\S+: its cutoff cannot be read"):
        await stores.submissions.delete_session(session_key, loses)


async def test_an_index_entry_without_a_row_is_dropped(stores: Stores, spoil: Spoil) -> None:
    await admit(stores, "gone")
    await admit(stores, "behind")
    await spoil("DEL", "submission", submission_id="gone")
    assert await ids_of_runnable(stores) == ["behind"]
    assert await spoil("ZSCORE", "queued", "gone") is None


async def test_broken_work_in_progress_is_settled_by_its_listings(stores: Stores, spoil: Spoil) -> None:
    for number, listing in enumerate(("list_running_submissions", "list_expired_submissions")):
        submission_id = f"broken-{number}"
        await admit(stores, submission_id, submission_id)
        await claim(stores, submission_id)
        await spoil("HSET", "submission", "leaseExpiresAt", "soon", submission_id=submission_id)
        assert await getattr(stores.submissions, listing)() == []
        assert await spoil("HGET", "submission", "status", submission_id=submission_id) == b"settled"


async def test_a_broken_outbox_is_settled_by_its_listing(stores: Stores, spoil: Spoil) -> None:
    payload = {"message": "hello"}
    direct = DirectInput(submission_id="d", agent="a", id="s", payload=payload, accepted_at="2026-06-03")
    await stores.submissions.admit_direct(direct)
    attempt = await claim(stores, "d")
    assert await stores.submissions.reserve_submission_terminal(attempt, "k", {"done": True}) is not None
    await spoil("HSET", "submission", "terminalEvent", "{", submission_id="d")
    assert await stores.submissions.list_pending_terminal_outboxes() == []
    assert await spoil("HGET", "submission", "status", submission_id="d") == b"settled"


async def test_a_row_that_moved_on_is_no_index_entrys_victim(stores: Stores, spoil: Spoil) -> None:
    """A peer may leave an index entry that no longer fits the row: the row is the authority."""
    await admit(stores, "done")
    attempt = await claim(stores, "done")
    assert await stores.submissions.complete_submission(attempt) is True
    for index in ("queued", "running", "terminalizing"):
        await spoil("ZADD", index, 1, "done")
    await spoil("ZADD", "session_unsettled", 1, "done", session_key='agent-session:["s","default","default"]')
    await admit(stores, "behind")
    assert await ids_of_runnable(stores) == ["behind"]
    assert await stores.submissions.list_running_submissions() == []
    assert await stores.submissions.list_expired_submissions() == []
    assert await stores.submissions.list_pending_terminal_outboxes() == []
    found = await stores.submissions.get_submission("done")
    assert found is not None
    assert (found.status, found.error) == ("settled", None)
    assert await stores.submissions.claim_submission(ClaimRef("behind", "a1", "o1", 1)) is not None


async def test_other_records_say_what_is_broken(stores: Stores, spoil: Spoil) -> None:
    await stores.sessions.save("s", {"entries": [{"id": "e"}]})
    generation = bytes(await spoil("HGET", "session", "generation", session_key="s")).decode()  # type: ignore[arg-type]
    await spoil("HDEL", "session_generation", "entry:0", session_key="s", generation=generation)
    with pytest.raises(CorruptRecordError, match="entry:0 is missing"):
        await stores.sessions.load("s")

    await stores.submissions.begin_turn_journal(
        NewTurnJournal(
            submission_id="d",
            session_key="s",
            kind="direct",
            attempt_id="a",
            operation_id="o",
            turn_id="t",
            phase="before_provider",
        )
    )
    await spoil("HSET", "journal", "revision", "x", submission_id="d")
    with pytest.raises(CorruptRecordError, match="revision"):
        await stores.submissions.get_turn_journal("d")
    with pytest.raises(CorruptRecordError, match="revision"):
        await stores.submissions.commit_turn_journal(AttemptRef("d", "a"), "leaf")

    await stores.submissions.append_stream_chunk_segment("k", 1, "text")
    await spoil("HSET", "stream_segments", "01", "text", stream_key="k")
    with pytest.raises(CorruptRecordError, match="no index"):
        await stores.submissions.get_stream_chunk_segments("k")

    await stores.events.create_stream("p")
    await stores.events.append_event("p", {"n": 1})
    await spoil("HSET", "event_entries", "0", "{", path="p")
    with pytest.raises(CorruptRecordError, match="no JSON text"):
        await stores.events.read_events("p")
    await spoil("HDEL", "event_entries", "0", path="p")
    with pytest.raises(CorruptRecordError, match="is missing"):
        await stores.events.read_events("p")
    await spoil("HSET", "event", "nextOffset", "x", path="p")
    with pytest.raises(CorruptRecordError, match="nextOffset"):
        await stores.events.append_event("p", {"n": 2})


async def test_a_listing_of_runs_leaves_a_broken_one_out(stores: Stores, spoil: Spoil) -> None:
    for number in range(4):
        run = NewRun(run_id=f"r{number}", workflow_name="w", started_at=f"2026-06-0{number + 1}")
        await stores.runs.create_run(run)
    await spoil("HDEL", "run", "status", run_id="r2")
    await spoil("DEL", "run", run_id="r1")
    first = await stores.runs.list_runs(limit=1)
    rest = await stores.runs.list_runs(limit=1, cursor=first.next_cursor)
    assert [run.run_id for run in (*first.runs, *rest.runs)] == ["r3", "r0"]
    assert rest.next_cursor is None
    with pytest.raises(CorruptRecordError, match="status is missing"):
        await stores.runs.get_run("r2")


SESSION = 'agent-session:["s","default","default"]'


async def test_an_entry_that_holds_the_queue_up_without_a_row_is_dropped(stores: Stores, spoil: Spoil) -> None:
    await admit(stores, "d1")
    await spoil("ZADD", "session_unsettled", 0, "ghost", session_key=SESSION)
    assert await ids_of_runnable(stores) == ["d1"]
    assert await spoil("ZRANGE", "session_unsettled", 0, -1, session_key=SESSION) == [b"d1"]


@pytest.mark.parametrize("queue", ["missing", "of another type"])
async def test_a_session_whose_queue_is_gone_still_has_one_head(queue: str, stores: Stores, spoil: Spoil) -> None:
    for submission_id in ("d1", "d2", "d3"):
        await admit(stores, submission_id)
    await spoil("DEL", "session_unsettled", session_key=SESSION)
    if queue != "missing":
        await spoil("SET", "session_unsettled", "text", session_key=SESSION)
    assert await ids_of_runnable(stores) == ["d1"]


async def test_work_in_the_wrong_index_is_found_again(stores: Stores, spoil: Spoil) -> None:
    """A peer's repair, computed from an earlier read, may leave a queued row in the index of running ones only."""
    await admit(stores, "d1")
    await spoil("ZREM", "queued", "d1")
    await spoil("ZADD", "running", 1, "d1")
    assert await stores.submissions.has_unsettled_submissions() is True
    assert await stores.submissions.list_running_submissions() == []
    assert await ids_of_runnable(stores) == ["d1"]


async def test_work_in_the_wrong_index_stands_in_its_queue_again(stores: Stores, spoil: Spoil) -> None:
    await admit(stores, "d1")
    await spoil("ZADD", "running", 1, "d1")
    await spoil("ZREM", "session_unsettled", "d1", session_key=SESSION)
    assert await stores.submissions.list_running_submissions() == []
    assert await spoil("ZRANGE", "session_unsettled", 0, -1, session_key=SESSION) == [b"d1"]


@pytest.mark.parametrize("damage", [("HSET", "submission", "sequence", "many"), ("HDEL", "submission", "sessionKey")])
async def test_work_in_the_wrong_index_that_cannot_be_read_stays_as_it_is(
    damage: tuple[str, ...], stores: Stores, spoil: Spoil, runner: Runner, prefix: str
) -> None:
    command, name, *args = damage
    for submission_id in ("running", "settled"):
        await admit(stores, submission_id, submission_id)
        attempt = await claim(stores, submission_id)
        if submission_id == "settled":
            await stores.submissions.complete_submission(attempt)
        await spoil("ZADD", "queued", 1, submission_id)
        await spoil(command, name, *args, submission_id=submission_id)
    before = await read_keyspace(runner, prefix)
    assert await ids_of_runnable(stores) == []
    assert await read_keyspace(runner, prefix) == before


@pytest.mark.parametrize("number", ["9" * 400, "-3", "1.5", "", "abc"])
async def test_numbers_that_are_none_stop_a_script_before_it_writes(
    number: str, stores: Stores, spoil: Spoil, runner: Runner, prefix: str
) -> None:
    await admit(stores, "d1")
    await stores.events.create_stream("p")
    await spoil("HSET", "submission", "sequence", number, submission_id="d1")
    await spoil("HSET", "event", "nextOffset", number, path="p")
    before = (await read_keyspace(runner, prefix)).as_json()
    with pytest.raises(CorruptRecordError, match="cannot be read"):
        await stores.submissions.claim_submission(ClaimRef("d1", "a1", "o1", 1))
    with pytest.raises(CorruptRecordError, match="nextOffset"):
        await stores.events.append_event("p", 1)
    assert (await read_keyspace(runner, prefix)).as_json() == before
    await spoil("SET", "sequence", number)
    with pytest.raises(CorruptRecordError, match="admission counter"):
        await admit(stores, "d2")
    assert await ids_of_runnable(stores) == []
    assert await spoil("ZSCORE", "settled", "d1") is not None


@pytest.mark.parametrize("damage", [("HSET", "submission", "generation", "gone"), ("HDEL", "submission", "generation")])
async def test_a_claim_without_a_payload_changes_nothing(damage: list[str], stores: Stores, spoil: Spoil) -> None:
    await admit(stores, "d1")
    await spoil(*damage, submission_id="d1")
    with pytest.raises(CorruptRecordError, match="payload of submission 'd1': it is missing"):
        await stores.submissions.get_submission("d1")
    with pytest.raises(CorruptRecordError, match="its payload is missing"):
        await stores.submissions.claim_submission(ClaimRef("d1", "a1", "o1", 1))
    assert await spoil("HGET", "submission", "status", submission_id="d1") == b"queued"


async def test_a_stream_that_has_lost_its_place_takes_no_event(stores: Stores, spoil: Spoil) -> None:
    await stores.events.create_stream("p")
    await spoil("HDEL", "event", "nextOffset", path="p")
    with pytest.raises(CorruptRecordError, match="its nextOffset cannot be read"):
        await stores.events.append_event("p", 1)


async def test_work_that_is_lost_from_its_queue_outlives_a_deletion(stores: Stores, spoil: Spoil) -> None:
    await admit(stores, "d1")
    await spoil("DEL", "session_unsettled", session_key=SESSION)

    async def nothing() -> None:
        pass

    await stores.submissions.delete_session(SESSION, nothing)
    assert await ids_of_runnable(stores) == ["d1"]


async def test_keys_of_another_type_do_not_stop_a_deletion_halfway(stores: Stores, spoil: Spoil) -> None:
    for submission_id in ("d1", "d2", "d3"):
        await admit(stores, submission_id)
        await stores.submissions.complete_submission(await claim(stores, submission_id))
    await spoil("SET", "receipt", "text", submission_id="d1")
    await spoil("SET", "submission_readers", "text", submission_id="d2")
    await spoil("DEL", "submission_generations", submission_id="d3")
    await spoil("SET", "submission_generations", "text", submission_id="d3")
    await spoil("SET", "journal", "text", submission_id="d3")

    async def nothing() -> None:
        pass

    await stores.submissions.delete_session(SESSION, nothing)
    assert await stores.submissions.list_pending_session_deletions() == []
    for submission_id in ("d1", "d2", "d3"):
        assert await spoil("HGET", "receipt", "acceptedAt", submission_id=submission_id) is not None


async def test_a_stream_that_a_peer_has_half_created_is_open(stores: Stores, spoil: Spoil) -> None:
    await spoil("HSET", "event", "nextOffset", 0, path="p")
    meta = await stores.events.get_stream_meta("p")
    assert meta is not None
    assert not meta.closed
    await stores.events.create_stream("p")
    assert await spoil("HGET", "event", "closed", path="p") == b"0"
    assert await spoil("SISMEMBER", "events", "p") == 1


@pytest.mark.parametrize("chunks", ["[1]", '[{"imageId":"0","index":0,"count":10000000000,"data":""}]', "{}"])
async def test_image_chunks_that_are_none_are_corrupt(
    chunks: str, stores: Stores, spoil: Spoil, open_adapter: Callable[[], ValkeyAdapter]
) -> None:
    await stores.sessions.save("s", {"entries": [{"id": "e"}]})
    generation = bytes(await spoil("HGET", "session", "generation", session_key="s")).decode()  # type: ignore[arg-type]
    entry = f'{{"id":"e","value":{{"id":"e"}},"chunks":{chunks}}}'
    await spoil("HSET", "session_generation", "entry:0", entry, session_key="s", generation=generation)
    another_process = await open_adapter().connect()  # which does not know the document
    with pytest.raises(CorruptRecordError, match="entry:0"):
        await another_process.sessions.load("s")


@pytest.mark.parametrize("count", [-1, 2, 10**9])
async def test_a_wrong_count_of_entries_is_corrupt(count: int, stores: Stores, spoil: Spoil) -> None:
    await stores.sessions.save("s", {"entries": [{"id": "e"}]})
    generation = bytes(await spoil("HGET", "session", "generation", session_key="s")).decode()  # type: ignore[arg-type]
    await spoil("HSET", "session_generation", "entryCount", count, session_key="s", generation=generation)
    with pytest.raises(CorruptRecordError, match="entry"):
        await stores.sessions.load("s")
