"""The example does what it is there for, and its own tests would notice if it did not. Its README runs the rest
(tests/documentation)."""

import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLUGIN = [] if entry_points(group="pytest11", name="flue") else ["-p", "flue_valkey.pytest_plugin"]


@pytest.fixture
def bakery(tmp_path: Path) -> Path:
    """A copy of the example."""
    copy = tmp_path / "bakery"
    shutil.copytree(ROOT / "examples" / "bakery", copy, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    return copy


def ran(bakery: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("FLUE_", "PYTEST_"))}
    command = [sys.executable, "-m", *arguments]
    environment["PYTHONPATH"] = str(ROOT)
    return subprocess.run(command, cwd=bakery, env=environment, capture_output=True, text=True, check=False)


def test_a_worker_is_killed_at_every_step(bakery: Path) -> None:
    drill = ran(bakery, "bakery", "drill", "--every-step")
    assert drill.returncode == 0, drill.stdout + drill.stderr
    kills = re.match(r"(\d+) workers were killed", drill.stdout)
    assert kills is not None
    assert int(kills[1]) > 20
    assert drill.stdout.endswith("everything happened once\n")


BUGS = {
    "a call gets another id when it is made again": (
        "bake(turn_id, loaves)",
        'bake(f"{turn_id} by {attempt.attempt_id}", loaves)',
    ),
    "an event is appended again": (
        'append_event_once(path_of(submission.input["id"]), f"{turn_id}/baked", event)',
        'append_event(path_of(submission.input["id"]), event)',
    ),
    "an input is applied again": ('all(entry["id"] != entry_id for entry in entries)', "True"),
    "a call is thought over again": ("recorded: dict[str, int] = journal.tool_request", "recorded = None"),
    "what was said is forgotten": ("await submissions.get_stream_chunk_segments(stream_key)", "[]"),
}


@pytest.mark.parametrize("bug", BUGS)
def test_its_tests_notice(bakery: Path, bug: str) -> None:
    agent = bakery / "bakery" / "agent.py"
    text = agent.read_text(encoding="utf-8")
    right, wrong = BUGS[bug]
    assert text.count(right) == 1
    agent.write_text(text.replace(right, wrong), encoding="utf-8")
    tests = ran(bakery, "pytest", *PLUGIN, "-q", "-x", "-p", "no:cacheprovider")
    assert tests.returncode == pytest.ExitCode.TESTS_FAILED, tests.stdout + tests.stderr
