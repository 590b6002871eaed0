"""`flue db check`: what it says of a server and a namespace, to whom, and that it changes nothing."""

import asyncio
import json
import re
from pathlib import Path

import pytest

from flue_memdb import ClaimRef, DirectInput, DispatchInput, NewRun, open_stores
from flue_valkey import valkey
from flue_valkey.layout import key

SOUND = {"appendonly": "yes", "maxmemory": "100mb"}


@pytest.fixture
def filled():
    """Gives a server's namespace something of everything."""

    async def fill(server):
        async with open_stores(valkey(server.runner())) as stores:
            for name in ("first", "second"):
                dispatch = DispatchInput(dispatch_id=name, agent="a", id=name, input=None, accepted_at="2026-06-03")
                await stores.submissions.admit_dispatch(dispatch)
            await stores.submissions.claim_submission(ClaimRef("first", "a1", "o", 1))
            payload = {"message": "m"}
            direct = DirectInput(submission_id="d", agent="a", id="i", payload=payload, accepted_at="2026-06-03")
            await stores.submissions.admit_direct(direct)
            await stores.runs.create_run(NewRun(run_id="r", workflow_name="w", started_at="2026-06-03"))
            await stores.events.create_stream("p")

    return lambda server: asyncio.run(fill(server))


@pytest.fixture
def sound(server_with, filled):
    """A server with which nothing is wrong, and something of everything on it."""
    server = server_with(**SOUND)
    filled(server)
    return server


def test_a_sound_server_is_fine(run, sound):
    result = run("db", "check", "--url", sound.url)
    assert result.exit_code == 0, result.output
    rows = dict(line.split("  ", 1) for line in result.stdout.splitlines() if "  " in line)
    assert {name.strip(): value.strip() for name, value in rows.items()} | {"memory": "", "server": ""} == {
        "server": "",
        "role": "master",
        "cluster mode": "no",
        "eviction": "noeviction",
        "AOF": "appendfsync everysec",
        "snapshots": "none",
        "memory": "",
        "namespace": "flue, schema version 3",
        "submissions": "2 queued, 1 running, 0 terminalizing, 0 settled",
        "oldest unsettled": rows["oldest unsettled"].strip(),
        "expired leases": "1",
        "pending deletions": "0",
        "runs": "1 active, 0 completed, 0 errored",
        "streams": "1",
    }
    assert "'first', running, accepted " in rows["oldest unsettled"]
    assert "used of 100.0 MiB" in rows["memory"]
    assert "Nothing has to be done." in result.stdout


def test_the_same_for_machines(run, sound, monkeypatch):
    monkeypatch.setenv("VALKEY_URL", sound.url)
    result = run("db", "check", "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert (report["finding"], report["findings"], report["warnings"]) == (False, [], [])
    assert report["server"]["settings"]["appendfsync"] == "everysec"
    assert report["server"]["limitBytes"] == 100 * 2**20
    assert 0 < report["server"]["usedBytes"] < report["server"]["limitBytes"]
    namespace = report["namespace"]
    assert namespace["oldestUnsettled"].pop("ageMs") > 0
    assert namespace == {
        "prefix": "flue",
        "schemaVersion": "3",
        "submissions": {"queued": 2, "running": 1, "terminalizing": 0, "settled": 0},
        "runs": {"active": 1, "completed": 0, "errored": 0},
        "streams": 1,
        "pendingDeletions": 0,
        "oldestUnsettled": {"submissionId": "first", "status": "running"},
        "expiredLeases": 1,
    }


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "keeps nothing on disk (appendonly no, save empty), so that a restart loses everything; set appendonly"),
        ({"appendonly": "yes", "maxmemory_policy": "allkeys-lru"}, "evicts keys when memory is short"),
        ({"appendonly": "yes", "cluster_enabled": "yes"}, "runs in cluster mode"),
        ({"appendonly": "yes", "maxmemory": "1mb"}, "of its maxmemory, and refuses writes at 100%"),
        ({"appendonly": "yes", "replicaof": "127.0.0.1 1"}, "is a replica, which takes no writes"),
    ],
)
def test_a_server_that_is_not_fit_is_a_finding(run, server_with, options, said):
    result = run("db", "check", "--url", server_with(**options).url)
    assert result.exit_code == 1, result.output
    assert said in result.stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"save": "3600 1"}, "a crash loses what was written since the last snapshot"),
        ({"appendonly": "yes", "appendfsync": "no"}, "what the system had not written yet"),
        ({"appendonly": "yes"}, "has no memory limit"),
    ],
)
def test_what_could_be_better_is_a_warning_and_no_finding(run, server_with, filled, options, said):
    server = server_with(**options)
    filled(server)
    result = run("db", "check", "--url", server.url)
    assert result.exit_code == 0, result.output
    assert said in result.stdout


@pytest.mark.parametrize("version", [None, "2", "4"])
def test_a_namespace_at_another_version_is_a_finding(run, server_with, ask, version):
    server = server_with(**SOUND)
    if version is not None:
        ask(server, "HSET", "mine:meta", "schemaVersion", version)
    result = run("db", "check", "--url", server.url, "--prefix", "mine:")
    assert result.exit_code == 1
    said = f"has schema version {version}, this adapter reads 3" if version else "has no schema version"
    assert f"namespace 'mine' {said}" in result.stdout


def test_an_index_of_another_type_is_a_finding(run, sound, ask):
    ask(sound, "SET", "flue:deletions", "text")
    result = run("db", "check", "--url", sound.url)
    assert result.exit_code == 1
    assert "key flue:deletions cannot be read: WRONGTYPE" in result.stdout
    assert "pending deletions  unknown" in result.stdout


@pytest.mark.parametrize(
    ("rules", "settings"),
    [
        (("-config",), {"appendonly": "yes", "appendfsync": None, "save": None}),
        (("-config", "-info"), {"appendonly": None, "maxmemory": None, "maxmemory-policy": None}),
    ],
)
def test_what_a_monitor_may_not_see_is_unknown(run, sound, ask, rules, settings):
    ask(sound, "ACL", "SETUSER", "monitor", "on", ">secret", "%R~flue:*", "-@all", "+@read", "+config", "+info", *rules)
    url = sound.url.replace("//", "//monitor:secret@")
    result = run("db", "check", "--url", url, "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report["server"]["settings"].items() >= settings.items()
    assert (report["server"]["product"] is None) == ("-info" in rules)
    assert report["namespace"]["submissions"]["queued"] == 2
    assert any(warning.startswith("unknown, because") for warning in report["warnings"])
    text = run("db", "check", "--url", url)
    assert "snapshots          unknown" in text.stdout
    assert "secret" not in text.output + result.output


def test_a_namespace_that_may_not_be_read_is_unknown(run, sound, ask):
    ask(sound, "ACL", "SETUSER", "monitor", "on", ">secret", "~other:*", "+@all")
    result = run("db", "check", "--url", sound.url.replace("//", "//monitor:secret@"), "--json")
    assert json.loads(result.stdout)["namespace"]["submissions"]["queued"] is None
    assert "may not use: HGET, SCARD, ZCARD, ZRANGE" in result.stdout


def test_it_writes_nothing(run, sound, ask):
    ask(sound, "ACL", "SETUSER", "reader", "on", "nopass", "%R~*", "+@all", "-@write", "-@scripting")
    before = ask(sound, "INFO", "persistence").split(b"rdb_changes_since_last_save:")[1].split()[0]
    result = run("db", "check", "--url", sound.url.replace("//", "//reader:x@"))
    assert result.exit_code == 0, result.output
    assert ask(sound, "INFO", "persistence").split(b"rdb_changes_since_last_save:")[1].split()[0] == before


def test_what_cannot_be_asked_is_one_line(run, server_with, unused_tcp_port):
    protected = server_with(requirepass="right secret")
    for args, said in [
        ((), "give --url, or set VALKEY_URL"),
        (("--url", ""), "give --url, or set VALKEY_URL"),
        (("--url", "http://:secret@localhost"), "no server URL"),
        (("--url", f"redis://:secret@127.0.0.1:{unused_tcp_port}"), "check that it runs and can be reached"),
        (("--url", protected.url.replace("right", "wrong")), "refuses the login"),
        (("--url", f"{protected.url.rpartition('/')[0]}/99"), "refuses the login (DB index is out of range)"),
        (("--url", "redis://localhost", "--prefix", "::"), "--prefix is empty"),
    ]:
        result = run("db", "check", *args)
        assert result.exit_code == 2, result.output
        assert result.stdout == ""
        assert result.stderr.count("\n") == 1
        assert said in result.stderr
        assert "secret" not in result.stderr


def test_who_keeps_the_url_in_a_file_is_told_that_it_is_not_read(run, tmp_path):
    (tmp_path / ".env").write_text("VALKEY_URL=redis://:secret@localhost\n")
    result = run("db", "check")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "set VALKEY_URL in the environment: .env is not read" in result.stderr


DAMAGES = {
    "a field is missing": (("HDEL", "submission", {"submission_id": "d"}, "kind"), "'d': its field kind is missing"),
    "no number": (
        ("HSET", "submission", {"submission_id": "d"}, "maxRetry", "many"),
        "maxRetry is 'many', which is no",
    ),
    "a key of the wrong type": (("SET", "journal", {"submission_id": "d"}, "text"), "is a string and no hash"),
    "no payload": (("HSET", "submission", {"submission_id": "d"}, "generation", "x"), "submission 'd' has no payload"),
    "cut short": (("HSET", "run", {"run_id": "r"}, "payload", '{"a'), "run 'r': its field payload is no JSON text"),
    "an entry without a row": (
        ("ZADD", "queued", {}, 9, "gone"),
        "broken: queued lists submission 'gone', which has no row",
    ),
    "a row without an entry": (("ZREM", "queued", {}, "d"), "'d' is queued; in the index of queued it stands at None"),
}


def test_a_sound_namespace_has_nothing_broken(run, sound):
    result = run("db", "check", "--deep", "--url", sound.url)
    assert result.exit_code == 0, result.output
    assert re.search(r"every key +\d+ looked at: 0 broken, 0 left over", result.stdout)


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_broken_is_named_and_left_as_it_is(run, sound, ask, damage):
    (command, name, ids, *args), said = DAMAGES[damage]
    ask(sound, command, key("flue", name, **ids), *args)
    before = {name: ask(sound, "DUMP", name) for name in ask(sound, "KEYS", "*")}
    result = run("db", "check", "--deep", "--url", sound.url)
    assert result.exit_code == 1, result.output
    assert said in result.stdout
    machine = json.loads(run("db", "check", "--deep", "--json", "--url", sound.url).stdout)
    assert machine["deep"]["broken"] == len(machine["findings"]) >= 1
    assert machine["deep"]["keys"] == len(before)
    assert {name: ask(sound, "DUMP", name) for name in ask(sound, "KEYS", "*")} == before


def test_what_is_left_over_is_no_finding(run, sound, ask):
    ask(sound, "ZADD", key("flue", "session_generations", session_key="s"), 1, "old")
    result = run("db", "check", "--deep", "--url", sound.url)
    assert result.exit_code == 0, result.output
    assert "left over: the list of generations of session 's' names old, which is gone" in result.stdout


def test_many_findings_are_counted_and_not_all_told(run, sound, ask):
    ask(sound, "SADD", key("flue", "journals"), *(f"gone-{number}" for number in range(1_234)))
    machine = json.loads(run("db", "check", "--deep", "--json", "--url", sound.url).stdout)
    assert machine["deep"]["broken"] == 1_234
    assert machine["findings"][1_000:] == ["broken: and 234 more"]


def test_what_is_found_cannot_steer_a_terminal(run, sound, ask):
    ask(sound, "SET", b"flue:\x1b[2J\xff", "x")
    result = run("db", "check", "--deep", "--url", sound.url)
    assert r"key \u001b[2J\udcff is none of the layout" in result.stdout


def test_the_settings_of_the_page_leave_nothing_to_say(run, server_with, filled):
    page = (Path(__file__).parents[2] / "docs" / "production.md").read_text(encoding="utf-8")
    settings = re.search(r"```ini .*\n(appendonly.*?)```", page, re.DOTALL)[1].splitlines()
    server = server_with(**{name.replace("-", "_"): value for name, value in map(str.split, settings)})
    filled(server)
    report = json.loads(run("db", "check", "--json", "--url", server.url).stdout)
    assert (report["findings"], report["warnings"]) == ([], [])
