"""`flue diff --concurrent`: what it runs, says and refuses."""

import json

import pytest

from flue_memdb.verification.histories import Call, History
from flue_memdb.verification.linearizability import Verdict
from flue_valkey.cli import concurrent


def test_every_history_is_explained(run, local_server):
    result = run("diff", "--concurrent", "--seed", 3, "--sequences", 2, "--operations", 40, "--url", local_server.url)
    assert result.exit_code == 0, result.output
    assert "seed 3: 2 histories of 40 calls" in result.stdout
    assert "Some order of the calls explains every history." in result.stdout
    assert "calls     80 on --url server" in result.stdout


def test_json(run, local_server):
    result = run("diff", "--concurrent", "--sequences", 1, "--operations", 16, "--url", local_server.url, "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert (report["histories"], report["calls"], report["unexplained"]) == (1, 16, None)


def test_a_history_that_nothing_explains_is_a_finding(run, local_server, monkeypatch):
    call = Call(
        4, {"op": "events.appendEvent", "args": ["p", 1]}, 1, 2, {"result": "0000000000000000_0000000000000007"}
    )
    verdict = Verdict(False, 1, History(0, [call]))
    monkeypatch.setattr(concurrent, "check_linearizable", lambda _: verdict)
    arguments = ("--sequences", 5, "--operations", 16, "--seed", 8, "--url", local_server.url)
    result = run("diff", "--concurrent", *arguments)
    assert result.exit_code == 1, result.output
    assert "History 0 cannot be explained." in result.stdout
    assert "client 4 [1, 2] events.appendEvent ['p', 1]" in result.stdout
    assert "flue diff --concurrent --seed 8 --sequences 1 --first-sequence 0" in result.stdout


@pytest.mark.parametrize("option", [("--engine", "fakeredis"), ("--jobs", 2), ("--outcomes",)])
def test_what_does_not_go_with_it_is_refused(run, option):
    result = run("diff", "--concurrent", *option)
    assert result.exit_code == 2
    assert "--concurrent goes without" in result.stderr
