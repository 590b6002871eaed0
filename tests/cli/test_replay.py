"""`flue replay`: recorded traces on every engine at hand."""

import json
import shutil
from pathlib import Path

TRACES = Path(__file__).parents[1] / "vectors" / "traces"


def _forged(folder: Path) -> Path:
    """A recorded trace with one wrong result."""
    header, *lines = (TRACES / "both-runs-000.jsonl").read_text(encoding="utf-8").split("\n")
    index = next(index for index, line in enumerate(lines) if '"op":"runs.getRun"' in line)
    lines[index] = json.dumps({**json.loads(lines[index]), "result": {"runId": "another"}})
    path = folder / "forged.jsonl"
    path.write_text("\n".join([header, *lines]), encoding="utf-8")
    return path


def test_recorded_traces_agree(run, tmp_path, local_server):
    (tmp_path / "deep" / "er").mkdir(parents=True)
    for name in ("both-deletion-000", "both-runs-000"):
        shutil.copy(TRACES / f"{name}.jsonl", tmp_path / "deep" / "er")
    result = run("replay", "deep", TRACES / "both-events-000.jsonl", "--url", local_server.url)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert [line.split("  ")[0] for line in lines] == ["reference", "fakeredis", "--url server"]
    assert all("3 of 3 traces agree" in line for line in lines)


def test_a_mismatch_is_shown(run, tmp_path):
    path = _forged(tmp_path)
    result = run("replay", path, "--engine", "reference", "--engine", "fakeredis")
    assert result.exit_code == 1
    assert result.stdout.count("runs.getRun") == 2
    assert 'expected  {"result":{"runId":"another"}}' in result.stdout
    assert "0 of 1 traces agree" in result.stdout


def test_a_mismatch_for_machines(run, tmp_path):
    result = run("replay", _forged(tmp_path), "--engine", "reference", "--json")
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert report["finding"] is True
    assert report["traces"] == 1
    (engine,) = report["engines"]
    assert (engine["name"], engine["tracesAgreed"]) == ("reference", 0)
    assert engine["operationsAgreed"] == report["operations"] - 1
    (mismatch,) = engine["mismatches"]
    assert mismatch["operation"]["op"] == "runs.getRun"
    assert mismatch["expected"] == {"result": {"runId": "another"}}


def test_nothing_is_left_on_a_server(run, server_with, ask):
    server = server_with()
    result = run("replay", TRACES / "both-deletion-000.jsonl", "--engine", "valkey", "--url", server.url)
    assert result.exit_code == 0, result.output
    assert ask(server, "KEYS", "*") == []


def test_a_pipe_gets_text_alone(program, tmp_path):
    started = program("replay", _forged(tmp_path), "--engine", "reference")
    assert started.ended() == 1
    assert started.err == ""
    assert "\x1b" not in started.out


def test_what_a_trace_says_cannot_steer_a_terminal(run, tmp_path):
    header = {"flueTrace": 1, "schema": 3, "source": "recorded", "title": "a\x1b]0;b\x07"}
    lines = [header, {"at": 1, "client": 0, "op": "runs.getRun", "args": ["r"], "result": "\x07"}]
    path = tmp_path / "a\x07b.jsonl"
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    result = run("replay", path, "--engine", "reference")
    assert result.exit_code == 1
    assert "a\\u0007b.jsonl: a\\u001b]0;b\\u0007" in result.stdout
    assert set(filter(str.isprintable, result.stdout)) | {"\n"} == set(result.stdout)
    path.write_text("", encoding="utf-8")
    result = run("replay", path, "--engine", "reference")
    assert result.exit_code == 2
    assert "a\\u0007b.jsonl" in result.stderr
    assert "\x07" not in result.stderr
