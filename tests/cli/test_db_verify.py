"""`flue db verify`: what it runs, says and refuses."""

import json
import sys
import time

import pytest

from flue_valkey.cli import db  # noqa: F401 -- the module behind the command of the same name
from flue_valkey.drills.workers import WorkerError

verify = sys.modules["flue_valkey.cli.db.verify"]


def test_a_server_with_an_aof_loses_nothing(run, local_server):
    result = run("db", "verify", "--kills", 2, "--seed", 3)
    assert result.exit_code == 0, result.output
    assert "seed 3: 2 processes of 4 clients, 2 kills, persistence always" in result.stdout
    assert "Everything that was acknowledged is there, once." in result.stdout
    assert (
        "after each of 2 kills of the server (SIGKILL) under load, with an AOF and appendfsync always" in result.stdout
    )
    assert "Not proven:\n- What a machine loses with its power" in result.stdout


def test_a_server_that_keeps_nothing_is_a_finding(run, local_server):
    result = run("db", "verify", "--kills", 1, "--workers", 1, "--persistence", "none", "--json")
    assert result.exit_code == 1, result.output
    report = json.loads(result.stdout)
    assert report["finding"]
    assert len(report["lost"]) == report["lostAtOnce"] > 0
    assert "events.createStream ['log'] → {}, but it is not there" in report["lost"][0]
    assert (report["kills"], report["twice"], report["broken"]) == (1, [], [])
    assert report["proven"] == ["Nothing: see above."]


def test_on_a_server_of_yours_nothing_is_killed_and_nothing_stays(run, server_with, ask):
    server = server_with(requirepass="secret", appendonly="yes")
    pid = ask(server, "INFO", "server")
    ask(server, "SET", "yours", 1)
    result = run("db", "verify", "--url", server.url, "--seed", 3)
    assert result.exit_code == 0, result.output
    assert "kills     0" in result.stdout
    assert "That anything outlives a restart of this server" in result.stdout
    assert "secret" not in result.output
    assert ask(server, "DBSIZE") == 1
    assert _pid(ask(server, "INFO", "server")) == _pid(pid)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--url", "redis://127.0.0.1:1/0", "--kills", 3), "a server of yours is not killed"),
        (("--url", "redis://127.0.0.1:1/0", "--persistence", "no"), "a server of yours is not killed"),
        (("--url", ""), "--url is empty"),
        (("--kills", 0), "--kills"),
        (("--persistence", "perhaps"), "--persistence"),
        (("--url", "redis://:secret@127.0.0.1:1/0"), "redis://:***@127.0.0.1:1/0 cannot be used"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(run, options, said):
    result = run("db", "verify", *options)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert "secret" not in result.output


def test_without_a_valkey_server_it_says_what_to_install(run, monkeypatch):
    monkeypatch.setenv("VALKEY_SERVER", "no-such-server")
    result = run("db", "verify")
    assert result.exit_code == 2
    assert "install it, or name one with VALKEY_SERVER" in result.stderr


def test_a_process_that_dies_is_no_finding(run, local_server, monkeypatch):
    async def ends(*_):
        raise WorkerError("a process of the drill ended with code 1")

    monkeypatch.setattr(verify, "drill", ends)
    result = run("db", "verify")
    assert result.exit_code == 2
    assert result.stderr == "Error: a process of the drill ended with code 1\n"


def test_an_interrupted_drill_leaves_nothing(program, local_server, tmp_path):
    drill = program("db", "verify", "--kills", 200)
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("flue-drill-*/*.jsonl")):
        assert time.monotonic() < deadline
        assert drill.process.poll() is None
        time.sleep(0.05)
    drill.interrupt()
    assert drill.ended() == 130
    assert drill.err == "interrupted\n"
    assert drill.group_is_empty()
    assert not list(tmp_path.glob("flue-*"))


def _pid(info):
    return next(line for line in info.splitlines() if line.startswith(b"process_id"))
