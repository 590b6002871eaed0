"""`flue diff`: what it runs, says and leaves."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from flue_memdb.verification import Report, declared_outcomes, read_trace
from flue_valkey.cli.diff_report import COMPLETE_FROM, DiffResult
from flue_valkey.cli.engines import EnginesAtHand

# Breaks an answer of the adapter in every process of the run.
BROKEN_ADAPTER = """
from flue_valkey.store.events import Events

right = Events.get_stream_meta

async def wrong(self, path):
    meta = await right(self, path)
    return None if meta is not None and meta.closed else meta

Events.get_stream_meta = wrong
"""
COUNTS = ("sequences", "operations", "outcomes", "missed", "undeclared", "divergences")


def test_the_engines_agree(run):
    result = run("diff", "--engine", "fakeredis", "--seed", 3, "--sequences", 3, "--operations", 12)
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    said = result.stdout
    assert re.search(r"^fakeredis +fakeredis \d+\.\d+\S*, Lua through lupa \d", said, re.MULTILINE)
    assert "seed 3: 3 sequences of 12 operations" in said
    assert "The engines agree." in said
    assert "operations   36 on each of reference, fakeredis" in said
    assert re.search(r"outcomes +\d+ of \d+ declared ones reached \(sessions \d+/\d+, submissions", said)
    assert re.search(r"divergences +0$", said, re.MULTILINE)
    assert re.search(r"time +\d+\.\d s, [\d,]+ operations a second", said)
    assert not Path("flue-divergences").exists()


def test_a_real_server_takes_part(run, local_server):
    result = run("diff", "--sequences", 2, "--operations", 10, "--url", local_server.url, "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report["engines"] == ["reference", "fakeredis", "--url server"]
    assert report["versions"]["--url server"] == local_server.version
    assert report["notAtHand"] == {}


def test_a_server_is_found(run, local_server):
    result = run("diff", "--sequences", 1, "--operations", 5, "--engine", "valkey")
    assert result.exit_code == 0, result.output
    assert re.search(r"^valkey +valkey-server \d", result.stdout, re.MULTILINE)


def test_the_number_of_processes_changes_nothing(run):
    def counts(jobs: int) -> dict:
        args = ("--engine", "fakeredis", "--seed", 5, "--sequences", 7, "--operations", 15, "--first-sequence", 40)
        report = json.loads(run("diff", *args, "--jobs", jobs, "--json").stdout)
        return {name: report[name] for name in COUNTS}

    alone = counts(1)
    assert alone["sequences"] == 7
    assert counts(3) == alone


def test_a_seed_is_drawn_and_shown(run):
    args = ("diff", "--engine", "fakeredis", "--sequences", 1, "--operations", 1, "--json")
    seeds = {json.loads(run(*args).stdout)["seed"] for _ in range(2)}
    assert len(seeds) == 2


def test_all_outcomes_on_request(run):
    result = run("diff", "--engine", "fakeredis", "--sequences", 1, "--operations", 5, "--outcomes")
    assert all(re.search(rf"^{op} ", result.stdout, re.MULTILINE) for op in declared_outcomes())


def test_what_is_missing_is_named(run, monkeypatch, unused_tcp_port):
    monkeypatch.setenv("VALKEY_SERVER", "/no/such/valkey-server")
    monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{unused_tcp_port}")
    result = run("diff", "--sequences", 1, "--operations", 5)
    assert result.exit_code == 0, result.output
    (line,) = [line for line in result.stdout.splitlines() if "not at hand" in line]
    assert line.startswith("valkey")
    assert "VALKEY_URL" in line
    assert "VALKEY_SERVER" in line
    assert "DOCKER_HOST" in line
    asked_for = run("diff", "--sequences", 1, "--engine", "valkey")
    assert asked_for.exit_code == 2
    assert asked_for.stderr.startswith("Error: valkey: ")
    assert asked_for.stderr.count("\n") == 1


def test_without_fakeredis(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "lupa", None)
    result = run("diff", "--sequences", 1, "--engine", "fakeredis")
    assert result.exit_code == 2
    assert "pip install 'flue-valkey[testing]'" in result.stderr


def test_one_line_where_the_extra_is_missing(program, tmp_path):
    (tmp_path / "click.py").write_text("raise ModuleNotFoundError('no', name='click')\n")
    started = program("diff")
    assert started.ended() == 2
    assert started.err == "flue: click is missing; install it with: pip install 'flue-valkey[cli]'\n"


def test_a_divergence_is_shown_and_written(program, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(BROKEN_ADAPTER)
    args = ("diff", "--engine", "fakeredis", "--seed", 1, "--sequences", 80, "--jobs", 2)
    started = program(*args)
    assert started.ended() == 1, started.err
    assert started.err == ""
    assert "The engines do not agree." in started.out
    assert "Divergence 3: fakeredis, sequence " in started.out
    assert re.search(r"sequences +\d+ of 80$", started.out, re.MULTILINE)
    commands = re.findall(r"again +flue (.*)", started.out)
    traces = [tmp_path / name for name in re.findall(r"trace +(\S+)", started.out)]
    assert len(commands) == len(traces) == 3
    for path in traces:
        trace = read_trace(path)
        assert trace.operations[0]["op"] in ("events.createStream", "live.follow")
        assert len(trace.operations) <= 3
        assert "events.closeStream" in str(trace.operations)

    again = program(*commands[0].split(), "--engine", "fakeredis", "--json", "--trace-dir", "elsewhere")
    assert again.ended() == 1
    (divergence,) = json.loads(again.out)["divergences"]
    assert divergence["sequence"] == int(commands[0].split("--first-sequence ")[1].split()[0])
    assert (tmp_path / divergence["trace"]).exists()

    replayed = program("replay", "flue-divergences", "--engine", "reference")
    assert replayed.ended() == 0
    assert "3 of 3 traces agree" in replayed.out

    (tmp_path / "taken").write_text("")
    started = program(*commands[0].split(), "--engine", "fakeredis", "--trace-dir", "taken/below")
    assert started.ended() == 1
    assert re.search(r"trace +could not be written: taken/below", started.out)


@pytest.mark.parametrize(("operations", "finding"), [(COMPLETE_FROM, True), (COMPLETE_FROM - 1, False)])
def test_a_large_run_has_to_reach_every_outcome(operations, finding):
    outcomes = {(op, name): 1 for op, names in declared_outcomes().items() for name in names}
    complete = Report(1, ("reference",), 500, operations, Counter(outcomes), (), 1.0)
    del outcomes["sessions.load", "unknown"]
    report = Report(1, ("reference",), 500, operations, Counter(outcomes), (), 1.0)
    results = [DiffResult(each, EnginesAtHand((), {}), None, False, 500, {}, None) for each in (complete, report)]
    assert [result.is_finding for result in results] == [False, finding]
    assert "not reached: sessions.load: unknown" in results[1].as_text(outcomes=False)


def test_a_pipe_gets_text_alone(program):
    started = program("diff", "--engine", "fakeredis", "--sequences", 2, "--operations", 5)
    assert started.ended() == 0
    assert started.err == ""
    assert "\x1b" not in started.out
    assert "\r" not in started.out


@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_ends_everything(program, tmp_path, local_server, jobs):
    started = program("diff", "--seed", 1, "--sequences", 5000, "--jobs", jobs)
    assert started.process.stdout is not None
    while not started.process.stdout.readline().startswith("seed 1:"):
        assert started.process.poll() is None
    time.sleep(1.5)
    assert list(tmp_path.glob("flue-valkey-*")), "the server has a directory"
    started.interrupt()
    assert started.ended() == 130
    assert "Interrupted; the engines agree so far." in started.out
    assert started.err == ""
    assert started.group_is_empty()
    assert not list(tmp_path.glob("flue-valkey-*"))


def test_ctrl_c_is_not_for_the_workers(program):
    started = program("diff", "--seed", 1, "--sequences", 5000, "--jobs", 2)
    while len(blocked := started.workers_with_ctrl_c_blocked()) < 2:
        assert started.process.poll() is None
    started.interrupt()
    assert (started.ended(), blocked) == (130, [True, True])


def test_being_told_to_end_ends_everything(program, tmp_path, local_server):
    started = program("diff", "--seed", 1, "--sequences", 5000)
    assert started.process.stdout is not None
    while not started.process.stdout.readline().startswith("seed 1:"):
        assert started.process.poll() is None
    started.process.terminate()
    assert started.ended() == 130
    assert started.group_is_empty()
    assert not list(tmp_path.glob("flue-valkey-*"))


def wait_for_work(started, server, ask):
    """Goes on when the run is at work on the server."""
    while len(ask(server, "KEYS", "*")) <= 5:
        assert started.process.poll() is None
        time.sleep(0.05)


def test_nothing_is_left_on_a_server(program, server_with, ask):
    server = server_with()
    ask(server, "SET", "theirs", "1")
    whole = program("diff", "--sequences", 2, "--operations", 20, VALKEY_URL=server.url)
    assert whole.ended() == 0, whole.err
    assert ask(server, "KEYS", "*") == [b"theirs"]
    cut = program("diff", "--sequences", 5000, VALKEY_URL=server.url)
    wait_for_work(cut, server, ask)
    cut.interrupt()
    assert cut.ended() == 130
    assert ask(server, "KEYS", "*") == [b"theirs"]


def test_a_server_that_ends_meanwhile(program, server_with, ask):
    server = server_with()
    started = program("diff", "--sequences", 5000, "--engine", "valkey", "--url", server.url)
    wait_for_work(started, server, ask)
    server._process.kill()
    assert started.ended() in (1, 2)
    assert "Traceback" not in started.err
    assert started.group_is_empty()


@pytest.mark.skipif(shutil.which("ps") is None, reason="there is no ps")
def test_a_process_that_dies_is_said(program):
    started = program("diff", "--sequences", 5000, "--engine", "fakeredis", "--jobs", 2)
    assert started.process.stdout is not None
    while not started.process.stdout.readline().startswith("seed "):
        assert started.process.poll() is None
    children = ()
    while len(children) < 2:
        assert started.process.poll() is None
        found = subprocess.run(["ps", "-ww", "-eo", "pid,ppid,args"], capture_output=True, text=True, check=True).stdout
        rows = [line.split(maxsplit=2) for line in found.splitlines()]
        children = [int(row[0]) for row in rows if row[1] == str(started.process.pid) and "spawn_main" in row[2]]
    os.kill(children[0], signal.SIGKILL)
    assert started.ended() == 2
    assert started.err.startswith("Error: a process of the run ")
    assert started.err.count("\n") == 1
    assert started.group_is_empty()
