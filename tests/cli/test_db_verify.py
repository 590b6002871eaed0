"""`flue db verify`: what it runs, says and refuses."""

import json

import pytest


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


def _pid(info):
    return next(line for line in info.splitlines() if line.startswith(b"process_id"))
