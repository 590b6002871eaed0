"""What cannot be done is said in one line, without a traceback and without a password."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT

DIFF = ("diff", "--engine", "valkey", "--sequences", "1", "--operations", "5")


def refusal(result) -> str:
    """The one line of a command that ended with 2."""
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    return result.stderr


@pytest.mark.parametrize("group", [(), ("db",), ("db", "show")])
def test_a_group_without_a_command_shows_what_there_is(run, group):
    result = run(*group)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == run(*group, "--help").stdout


@pytest.mark.parametrize("command", [DIFF, ("replay", "--engine", "valkey", "trace.jsonl")])
def test_no_server_at_the_url(run, tmp_path, unused_tcp_port, command):
    (tmp_path / "trace.jsonl").write_text('{"flueTrace": 1, "schema": 3}\n')
    said = refusal(run(*command, "--url", f"redis://:secret@127.0.0.1:{unused_tcp_port}/0"))
    assert f"redis://:***@127.0.0.1:{unused_tcp_port}/0 cannot be used" in said
    assert "secret" not in said


def test_no_server_at_valkey_url(run, monkeypatch, unused_tcp_port):
    monkeypatch.setenv("VALKEY_URL", f"redis://:secret@127.0.0.1:{unused_tcp_port}/0")
    said = refusal(run("diff", "--sequences", 1))
    assert "VALKEY_URL server at redis://:***@127.0.0.1" in said
    assert "secret" not in said


def test_the_password_is_needed_and_not_shown(run, server_with):
    server = server_with(requirepass="right secret")
    for url in (server.url.replace("right", "wrong"), server.url.replace(":right%20secret@", "")):
        said = refusal(run(*DIFF, "--url", url))
        assert "check user name, password and database number in the URL" in said
        assert "secret" not in said
    result = run(*DIFF, "--url", server.url)
    assert result.exit_code == 0, result.output
    assert "secret" not in result.output


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"maxmemory_policy": "allkeys-lru"}, "evicts keys when memory is short (maxmemory-policy allkeys-lru)"),
        ({"cluster_enabled": "yes"}, "runs in cluster mode"),
    ],
)
def test_a_server_that_does_not_meet_the_requirements(run, server_with, options, reason):
    assert reason in refusal(run(*DIFF, "--url", server_with(**options).url))


def test_a_server_that_cannot_be_asked(run, server_with, ask):
    server = server_with()
    ask(server, "ACL", "SETUSER", "app", "on", ">secret", "~*", "&*", "+@all", "-config", "-info")
    said = refusal(run(*DIFF, "--url", server.url.replace("//", "//app:secret@")))
    assert "cannot be verified: neither CONFIG GET nor INFO tells it" in said
    assert "secret" not in said


@pytest.mark.parametrize("url", ["", "localhost", "http://:secret@localhost", "redis://:secret@localhost:x/0"])
def test_a_bad_url(run, url):
    assert "secret" not in refusal(run(*DIFF, "--url", url))


@pytest.mark.parametrize(
    "args",
    [
        ("--seed", "-1"),
        ("--sequences", "-1"),
        ("--sequences", "0"),
        ("--operations", "-1"),
        ("--first-sequence", "-1"),
        ("--jobs", "0"),
        *[(name, "1" + 22 * "0") for name in ("--seed", "--sequences", "--operations", "--first-sequence", "--jobs")],
        ("--concurrent", "--sequences", "1" + 22 * "0"),
        ("--concurrent", "--operations", "7"),
        ("--seed", "seven"),
        ("--engine", "sqlite"),
        ("--engine", "fakeredis", "--url", "redis://localhost"),
        ("--engine", "reference"),
        ("--nonsense",),
        ("nonsense",),
    ],
)
def test_bad_use(run, args):
    refusal(run("diff", *args))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no trace of schema 3"),
        (b'{"flueTrace": 1, "schema": 4}\n', "no trace of schema 3"),
        (b"# a text\n", "line 1 is no JSON"),
        (b"\xff\xfe\x00", "no text in UTF-8"),
        (b'{"flueTrace": 1, "schema": 3}\n{"op": "runs.getRun"}\n', "line 2 has no op with args"),
        (b'{"flueTrace": 1, "schema": 3}\n{"op": "runs.getRun", "args": ["r"], "at": true}\n', "line 2 has no time"),
        (
            b'{"flueTrace": 1, "schema": 3}\n{"op": "runs.getRun", "args": ["r"], "at": 1780000000000000}\n',
            "line 2 has no time",
        ),
        (
            b'{"flueTrace": 1, "schema": 3}\n{"op": "runs.getRun", "args": ["r"], "at": 1, "error": "none"}\n',
            "line 2 has an error without a kind",
        ),
        (
            b'{"flueTrace": 1, "schema": 3}\n{"op": "runs.nothing", "args": [], "at": 1}\n',
            "no operation 'runs.nothing'",
        ),
        (
            b'{"flueTrace": 1, "schema": 3}\n{"op": "runs.getRun", "args": ["r"], "at": 2}\n'
            b'{"op": "runs.getRun", "args": ["r"], "at": 1}\n',
            "line 3: at is 1, which is before 2",
        ),
        (
            b'{"flueTrace": 1, "schema": 3}\n{"op": "runs.getRun", "args": ["r"], "at": 2, "client": []}\n',
            "client is no number",
        ),
        (
            b'{"flueTrace": 1, "schema": 3}\n{"op": "submissions.deleteSession", "at": 2,'
            b' "args": ["s", {"$tree": "ok", "during": [{"op": "runs.nothing", "args": []}]}]}\n',
            "no operation 'runs.nothing'",
        ),
        (
            b'{"flueTrace": 1, "schema": 3}\n{"op": "submissions.deleteSession", "at": 2,'
            b' "args": ["s", {"$tree": "ok", "beside": 7}]}\n',
            "7 is no operation",
        ),
        (
            b'{"flueTrace": 1, "schema": 3}\n{"op": "submissions.deleteSession", "at": 2,'
            b' "args": ["s", {"$tree": "ok", "during": [{"op": [], "args": []}]}]}\n',
            '{"op":[],"args":[]} is no operation',
        ),
        (
            b'{"flueTrace": 1, "schema": 3}\n{"op": "submissions.deleteSession", "at": 2,'
            b' "args": ["s", {"$tree": 7}]}\n',
            "there is no callback 7, only ok, fail, die, cancel",
        ),
        (
            b'{"flueTrace": 1, "schema": 3}\n{"op": "bulk.appendEvents", "args": ["r"], "at": 2}\n',
            "are not [name, count, start]",
        ),
    ],
)
def test_a_trace_that_is_none(run, tmp_path, content, reason):
    (tmp_path / "trace.jsonl").write_bytes(content)
    said = refusal(run("replay", "trace.jsonl"))
    assert "trace.jsonl" in said
    assert reason in said


def test_a_missing_file_and_an_empty_folder(run, tmp_path):
    assert "'nowhere.jsonl' does not exist" in refusal(run("replay", "nowhere.jsonl"))
    assert "there is no *.jsonl in this folder" in refusal(run("replay", tmp_path))


def test_help_and_version(run):
    for command in ((), ("diff",), ("replay",)):
        result = run(*command, "--help")
        assert result.exit_code == 0
        assert "Examples:" in result.stdout
        assert "Exit codes:" in result.stdout
    assert run("--version").stdout.startswith("flue-valkey ")


def writing_to(output):
    """The exit code of a short run whose report goes there, and what it says of it."""
    command = [sys.executable, "-m", "flue_valkey.cli", "diff", "--engine", "fakeredis", "--sequences", "1"]
    ended = subprocess.run(command, cwd=ROOT, stdout=output, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    return ended.returncode, ended.stderr


def test_a_reader_that_has_gone_is_no_finding():
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as output:
        assert writing_to(output) == (2, "")


def test_an_output_without_room_is_no_finding():
    with Path("/dev/full").open("w") as output:
        assert writing_to(output) == (2, "Error: the output: No space left on device\n")


def test_what_the_encoding_of_the_output_lacks_stands_as_an_escape(program, tmp_path):
    (tmp_path / "requirements.txt").write_text("# \N{GRINNING FACE}\n", encoding="utf-8")
    shown = program("add", "database", "valkey", "--dry-run", PYTHONIOENCODING="latin-1")
    assert (shown.ended(), shown.err) == (0, "")
    assert " # \\U0001f600\n" in shown.out


def test_a_prefix_that_is_no_text(run):
    said = refusal(run("db", "check", "--url", "redis://127.0.0.1:1", "--prefix", "\udcff"))
    assert "--prefix is not UTF-8" in said


def test_ctrl_c_while_it_starts(program, tmp_path):
    (tmp_path / "tomlkit.py").write_text("raise KeyboardInterrupt\n")
    started = program("--version")
    assert (started.ended(), started.out, started.err) == (130, "", "interrupted\n")
