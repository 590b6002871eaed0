"""What `flue add database valkey` wrote runs as it is, in both forms, and is in order for a project's own checks."""

import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest

from flue_valkey.blueprint.database import database_text

ROOT = Path(__file__).parents[2]
FORMS = [
    pytest.param(form, id=" ".join(name for name, on in form.items() if on) or "url")
    for runner, dotenv in itertools.product([False, True], repeat=2)
    for form in [{"runner": runner, "dotenv": dotenv}]
]
PROGRAM = """\
import asyncio
from flue_memdb import DispatchInput, open_stores
from flue_valkey import load_adapter

async def main():
    async with open_stores(load_adapter()) as stores:
        for name in ("d1", "d2"):
            plan = DispatchInput(dispatch_id=name, agent="a", id=name, input="é" * 9, accepted_at="2026-06-03")
            await stores.submissions.admit_dispatch(plan)
        document = {"version": 6, "affinityKey": "aff_01", "entries": [], "leafId": None, "metadata": {},
                    "createdAt": "2026-06-03T09:30:00.000Z", "updatedAt": "2026-06-03T09:30:00.000Z"}
        await stores.sessions.save("s", document)
        assert await stores.sessions.load("s") == document
        print([found.submission_id for found in await stores.submissions.list_runnable_submissions()])

asyncio.run(main())
"""


@pytest.fixture
def started(tmp_path):
    """Runs a program beside the `db.py` of a form, with what is given in the environment."""

    def start(form, program, **environment):
        (tmp_path / "db.py").write_text(database_text(**form), encoding="utf-8")
        inherited = {name: value for name, value in os.environ.items() if name != "VALKEY_URL"}
        return subprocess.run(
            [sys.executable, "-W", "error", "-c", program],
            cwd=tmp_path,
            env={**inherited, "PYTHONPATH": str(ROOT), **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    return start


@pytest.mark.parametrize("form", FORMS)
def test_it_runs_as_it_is(started, own_server, form):
    done = started(form, PROGRAM, VALKEY_URL=own_server.url)
    assert (done.returncode, done.stdout) == (0, "['d1', 'd2']\n"), done.stderr


@pytest.mark.parametrize("form", [form for form in FORMS if form.values[0]["dotenv"]])
def test_the_url_may_stand_in_dotenv(started, tmp_path, own_server, form):
    (tmp_path / ".env").write_text(f"VALKEY_URL={own_server.url}\n")
    done = started(form, PROGRAM)
    assert (done.returncode, done.stdout) == (0, "['d1', 'd2']\n"), done.stderr


@pytest.mark.parametrize("url", [{}, {"VALKEY_URL": ""}], ids=["missing", "empty"])
@pytest.mark.parametrize("form", FORMS)
def test_without_a_url_it_says_so(started, tmp_path, form, url):
    done = started(form, PROGRAM, **url)
    assert done.returncode == 1
    said = done.stderr.splitlines()[-1]
    assert said.startswith(f"flue_valkey.project.ProjectError: load_adapter: {tmp_path / 'db.py'}: line ")
    assert "raised RuntimeError: VALKEY_URL is not set; give it the URL of a Valkey server, such as" in said


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("url", ["redis://:secret/word@127.0.0.1:6379", "http://:secret@h"])
def test_a_url_that_cannot_be_read_shows_no_password(started, form, url):
    done = started(form, PROGRAM, VALKEY_URL=url)
    assert done.returncode == 1
    assert "secret" not in done.stderr
    assert "raised ValueError: " in done.stderr
    assert "special characters of the password as %XX" in done.stderr


def test_every_form_is_in_order_for_ruff_and_mypy(tmp_path):
    for number, form in enumerate(FORMS):
        (tmp_path / f"db{number}.py").write_text(database_text(**form.values[0]), encoding="utf-8")
    ruff = [sys.executable, "-m", "ruff"]
    for command in (
        [*ruff, "check", "--isolated", "--line-length", "88", "--select", "B,E,F,I,N,RUF,SIM,UP,W", "."],
        [*ruff, "format", "--isolated", "--check", "."],
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", "."],
    ):
        environment = {**os.environ, "MYPYPATH": str(ROOT)}
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
