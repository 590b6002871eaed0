"""Ids are data: whatever they hold, they lead to keys of their own, and never into the text of a script."""

from collections.abc import AsyncIterator, Sequence
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flue_memdb import (
    AttemptRef,
    ClaimRef,
    DirectInput,
    DispatchInput,
    ManualClock,
    NewRun,
    NewTurnJournal,
    RunEnd,
    Stores,
    session_storage_key,
)
from flue_valkey import Runner, valkey
from flue_valkey.invariants import findings
from flue_valkey.keyspace import place_of, read_keyspace, scan
from flue_valkey.layout import LAYOUT, key
from flue_valkey.runner import Arg, Reply
from flue_valkey.scripts import SCRIPTS
from flue_valkey.servers.passing import PassingRunner
from flue_valkey.servers.server import Server

BYSTANDER = "bystander"
HOSTILE = {
    "a separator": ":",
    "many separators": "a:b:c",
    "a glob": "*",
    "a class": "[a-z]?",
    "a hash tag": "{x}",
    "a closing brace": "}",
    "NUL": "\0",
    "line breaks": "\r\n*1\r\n$8\r\nFLUSHALL\r\n",
    "Lua": '"]] redis.call("FLUSHALL") --',
    "a format": "%s %d %1 {submission_id} $1",
    "a path": "../../meta",
    "a key": "flue:meta",
    "the bystander's key": key("flue", "submission", submission_id=BYSTANDER).removeprefix("flue:submission:"),
    "the bystander with a blank": f"{BYSTANDER} ",
    "not ASCII": "é",
    "the same, decomposed": "e\u0301",
    "beyond the basic plane": "😀\U0010ffff",
    "text from right to left": "\u202eabc",
    "long": "x" * 4_096,
    "long and not ASCII": "é" * 2_048,
}
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=40)


class Watched(PassingRunner):
    """A runner that keeps the texts of the scripts that it was given, and the keys that it was told of."""

    def __init__(self, runner: Runner) -> None:
        super().__init__(runner)
        self.scripts: list[str] = []
        self.keys: set[str] = set()

    async def eval(self, script: str, keys: Sequence[Arg], args: Sequence[Arg]) -> Reply:
        self.scripts.append(script)
        self.keys |= set(map(str, keys))
        return await super().eval(script, keys, args)


@pytest.fixture
async def watched(server: Server) -> AsyncIterator[Watched]:
    watched = Watched(server.runner())
    yield watched
    await watched.close()


async def live(stores: Stores, name: str) -> None:
    """One of everything, under this name wherever there is one."""
    submissions = stores.submissions
    session_key = session_storage_key(name)
    await stores.sessions.save(name, {"entries": [{"id": name}]})
    await stores.sessions.save(name, {"entries": [{"id": name}, {"id": "2"}]})
    dispatch = DispatchInput(dispatch_id=name, agent=name, id=name, input=name, accepted_at="2026-06-03")
    await submissions.admit_dispatch(dispatch)
    claimed = await submissions.claim_submission(ClaimRef(name, name, name, 1))
    assert claimed is not None
    assert claimed.session_key == session_key
    attempt = AttemptRef(name, name)
    journal = NewTurnJournal(
        submission_id=name,
        session_key=session_key,
        kind="dispatch",
        attempt_id=name,
        operation_id=name,
        turn_id=name,
        phase="before_provider",
    )
    assert await submissions.begin_turn_journal(journal)
    await submissions.append_stream_chunk_segment(name, 0, name)
    await submissions.insert_attempt_marker(attempt)
    assert [each.submission_id for each in await submissions.list_attempt_markers()].count(name) == 1
    assert await submissions.fail_submission(attempt, name) is True
    await submissions.admit_direct(
        DirectInput(
            submission_id=f"{name[:2_000]}2", agent="a", id=name, payload={"message": name}, accepted_at="2026-06-03"
        )
    )
    await stores.runs.create_run(NewRun(run_id=name, workflow_name=name, started_at="2026-06-03", input=name))
    await stores.runs.end_run(RunEnd(run_id=name, ended_at="2026-06-03", is_error=False, duration_ms=1, result=name))
    assert [run.run_id for run in (await stores.runs.list_runs(workflow_name=name)).runs] == [name]
    await stores.events.create_stream(name)
    await stores.events.append_event_once(name, name, name)
    assert [event.data for event in (await stores.events.read_events(name)).events] == [name]


async def own_keys(runner: Runner, prefix: str, name: str) -> dict[bytes, bytes]:
    """The keys that are made of this name, with their values byte for byte."""
    found: dict[bytes, bytes] = {}
    async for each in scan(runner, prefix):
        kind = (await runner.command("TYPE", each)).decode()
        _, ids = place_of(each.decode()[len(prefix) + 1 :], kind)
        if {name, session_storage_key(name)} & set(ids):
            found[each] = await runner.command("DUMP", each)
    return found


@pytest.mark.parametrize("what", HOSTILE)
async def test_a_hostile_id_touches_only_what_is_its_own(
    what: str, watched: Watched, runner: Runner, prefix: str, clock: ManualClock
) -> None:
    name = HOSTILE[what]
    adapter = valkey(watched, key_prefix=prefix, inspect_server=False, clock=clock)
    await adapter.migrate()
    stores = await adapter.connect()
    await live(stores, BYSTANDER)
    bystander = await own_keys(runner, prefix, BYSTANDER)
    assert len(bystander) > 10
    await live(stores, name)
    assert len(await own_keys(runner, prefix, name)) == len(bystander)
    assert await findings(await read_keyspace(runner, prefix)) == []
    await stores.submissions.complete_submission(AttemptRef(f"{name[:2_000]}2", name))
    await stores.submissions.delete_stream_chunk_segments(name)
    await stores.submissions.delete_attempt_marker(AttemptRef(name, name))
    await stores.sessions.delete(name)
    assert await own_keys(runner, prefix, BYSTANDER) == bystander
    assert watched.scripts
    assert all(any(script is known.text for known in SCRIPTS.values()) for script in watched.scripts)
    assert all(each.startswith(f"{prefix}:") and each.isascii() and each.isprintable() for each in watched.keys)


@given(TEXTS, TEXTS)
def test_keys_of_different_ids_are_different(left: str, right: str) -> None:
    for name, form in LAYOUT.items():
        made = {
            key("flue", name, **dict(zip(form.ids, ids, strict=True)))
            for ids in product((left, right), repeat=len(form.ids))
        }
        assert len(made) == (len({left, right}) ** len(form.ids))
        for each in made:
            assert place_of(each.removeprefix("flue:"), form.type)[0] == name
            assert all(character.isalnum() or character in "-_:" for character in each)
            assert each.isascii()
