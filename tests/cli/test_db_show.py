"""`flue db show`: one thing, for people and for machines, without a write."""

import asyncio
import json
import re

import pytest

from flue_memdb import (
    ClaimRef,
    DirectInput,
    ManualClock,
    NewRun,
    NewTurnJournal,
    open_stores,
    session_storage_key,
)
from flue_valkey import valkey
from flue_valkey.cli.db.tables import table
from flue_valkey.layout import key

NOW = 1_780_000_000_000


def stores_of(server):
    return open_stores(valkey(server.runner(), clock=ManualClock(NOW)))


@pytest.fixture
def filled(server_with):
    """A server with a little of everything."""

    async def fill(server):
        async with stores_of(server) as stores:
            await stores.sessions.save(
                "s", {"title": "a talk", "entries": [{"id": "e1", "text": "hello"}, {"id": "e2"}]}
            )
            payload = {"message": "look \x1b[2J"}
            direct = DirectInput(submission_id="d", agent="a", id="i", payload=payload, accepted_at="2026-06-03")
            await stores.submissions.admit_direct(direct)
            await stores.submissions.claim_submission(ClaimRef("d", "a1", "worker-1", NOW + 30_000))
            session_key = 'agent-session:["i","default","default"]'
            journal = NewTurnJournal(
                submission_id="d",
                session_key=session_key,
                kind="direct",
                attempt_id="a1",
                operation_id="o",
                turn_id="turn-7",
                phase="before_provider",
            )
            assert await stores.submissions.begin_turn_journal(journal)
            run = NewRun(run_id="r", workflow_name="nightly", started_at="2026-06-03", input={"n": 1})
            await stores.runs.create_run(run)
            await stores.events.create_stream("p")
            for number in range(120):
                await stores.events.append_event("p", {"n": number})

    server = server_with()
    asyncio.run(fill(server))
    return server


def lines(result):
    return [" ".join(line.split()) for line in result.stdout.splitlines()]


def test_a_submission(run, filled):
    result = run("db", "show", "submission", "d", "--url", filled.url)
    assert result.exit_code == 0, result.output
    for line in (
        "status running",
        "accepted at 2026-06-03T00:00:00.000Z",
        "lease expires at 2026-05-28T20:27:10.000Z",
        "attempt count 1",
        "owner id worker-1",
        r'payload {"message":"look \u001b[2J"}',
        "turn journal",
        "turn id turn-7",
    ):
        assert line in lines(result)
    machine = json.loads(run("db", "show", "submission", "d", "--json", "--url", filled.url).stdout)
    assert machine["submission"]["input"]["payload"] == {"message": "look \x1b[2J"}
    assert machine["journal"]["turnId"] == "turn-7"


def test_a_session(run, filled):
    result = run("db", "show", "session", "s", "--url", filled.url)
    assert result.exit_code == 0, result.output
    assert lines(result) == ["session", "title a talk", "", "2 entries", 'e1 {"text":"hello"}', "e2 {}"]
    machine = json.loads(run("db", "show", "session", "s", "--json", "--url", filled.url).stdout)
    assert machine == {"title": "a talk", "entries": [{"id": "e1", "text": "hello"}, {"id": "e2"}]}


def test_a_run(run, filled):
    result = run("db", "show", "run", "r", "--url", filled.url)
    assert result.exit_code == 0, result.output
    assert {"workflow name nightly", "status active", 'input {"n":1}'} <= set(lines(result))
    machine = json.loads(run("db", "show", "run", "r", "--json", "--url", filled.url).stdout)
    assert machine["workflowName"] == "nightly"


def test_a_stream(run, filled):
    result = run("db", "show", "stream", "p", "--url", filled.url)
    assert result.exit_code == 0, result.output
    told = lines(result)
    assert len(told) == 120
    assert told[-1].endswith(' {"n":119}')
    machine = run("db", "show", "stream", "p", "--json", "--url", filled.url).stdout.splitlines()
    assert [json.loads(line)["data"]["n"] for line in machine] == list(range(120))


def test_a_stream_is_followed_until_it_is_closed(program, filled):
    async def go_on():
        async with stores_of(filled) as stores:
            await stores.events.append_event("p", "the last one")
            await stores.events.close_stream("p")

    following = program("db", "show", "stream", "p", "--follow", VALKEY_URL=filled.url, PYTHONUNBUFFERED="1")
    told = [following.process.stdout.readline() for _ in range(120)]
    assert told[-1].endswith('{"n":119}\n')
    asyncio.run(go_on())
    assert following.ended() == 0
    assert following.out.endswith('"the last one"\n')


def test_following_ends_with_ctrl_c(program, filled):
    following = program("db", "show", "stream", "p", "--follow", VALKEY_URL=filled.url, PYTHONUNBUFFERED="1")
    for _ in range(120):
        following.process.stdout.readline()
    following.interrupt()
    assert following.ended() == 130
    assert following.err == "interrupted\n"


def test_a_reader_who_has_seen_enough_is_no_trouble_with_the_server(program, filled):
    shown = program("db", "show", "stream", "p", VALKEY_URL=filled.url)
    shown.process.stdout.close()
    shown.ended()
    assert shown.err == ""


@pytest.mark.parametrize("kind", ["submission", "run", "stream"])
def test_what_is_not_there(run, filled, kind):
    result = run("db", "show", kind, "nobody", "--url", filled.url)
    assert result.exit_code == 1
    assert result.stderr == f"Error: there is no {kind} 'nobody' in namespace 'flue'\n"


def test_a_session_is_asked_for_by_its_key(run, filled):
    result = run("db", "show", "session", "nobody", "--url", filled.url)
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: there is no session 'nobody' in namespace 'flue'; that of an instance 'nobody' has the key "
        """'agent-session:["nobody","default","default"]'\n"""
    )
    result = run("db", "show", "session", session_storage_key("nobody"), "--url", filled.url)
    assert result.stderr.endswith(" in namespace 'flue'\n")


def test_what_cannot_be_read_says_what_is_broken(run, filled, ask):
    ask(filled, "HSET", key("flue", "submission", submission_id="d"), "attemptCount", "many")
    result = run("db", "show", "submission", "d", "--url", filled.url)
    assert result.exit_code == 1
    assert "submission 'd' cannot be read: its field attemptCount is 'many'" in result.stderr


def test_another_namespace_is_bad_use(run, filled):
    result = run("db", "show", "run", "r", "--url", filled.url, "--prefix", "mine")
    assert result.exit_code == 2
    assert "namespace 'mine' at redis://127.0.0.1" in result.stderr
    assert "has no schema version" in result.stderr


def test_nothing_is_written(run, filled, ask):
    before = {name: ask(filled, "DUMP", name) for name in ask(filled, "KEYS", "*")}
    for kind, id_ in (("submission", "d"), ("session", "s"), ("run", "r"), ("stream", "p")):
        assert run("db", "show", kind, id_, "--url", filled.url).exit_code == 0
    assert {name: ask(filled, "DUMP", name) for name in ask(filled, "KEYS", "*")} == before


@pytest.mark.parametrize("command", [("db",), ("db", "check"), ("db", "show")])
def test_help_has_examples_and_exit_codes(run, command):
    result = run(*command, "--help")
    assert result.exit_code == 0
    assert "Examples:" in result.stdout
    assert "Exit codes:" in result.stdout


@pytest.mark.parametrize("columns", [None, 1, 40])
def test_whatever_the_width_nothing_is_cut_off(monkeypatch, columns):
    if columns is not None:
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setenv("FORCE_COLOR", "1")  # as on a terminal
    told = table([("n" * 400, "v" * 400), ("short", "m")])
    assert told.count("n") == told.count("v") == 400
    assert re.search(r"^short {2,}m$", told, re.MULTILINE)
