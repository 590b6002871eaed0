"""`flue add database valkey`: what it writes where, when it asks, and what it leaves alone."""

import contextlib
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from flue_valkey.blueprint import database
from flue_valkey.blueprint.database import VERSION, database_text

ROOT = Path(__file__).parents[2]
ADD = ("add", "database", "valkey")
PLAIN = database_text(runner=False, dotenv=False)


def tree(folder):
    """Every file with its bytes and the time of its last change."""
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def project(tmp_path):
    """A project with everything that is changed, and some of what is not."""
    (tmp_path / "src").mkdir()
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\ndependencies = [\n  "a",  # mine\n]\n')
    (tmp_path / ".env.example").write_text("OTHER=1\n")
    for name in (".env", "Dockerfile", "compose.yaml", ".github/workflows/ci.yml", "requirements.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("as it was\n")
    return tmp_path


def test_a_project_gets_a_database_its_dependency_and_the_name_of_the_secret(run, project, monkeypatch):
    monkeypatch.setattr("flue_valkey.blueprint.plan.version", lambda _: "0.1.0")
    before = tree(project)
    result = run(*ADD)
    assert result.exit_code == 0, result.output
    after = tree(project)
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {"src/db.py", "pyproject.toml", ".env.example"}
    assert (project / "src/db.py").read_text() == PLAIN
    assert (project / ".env.example").read_text() == "OTHER=1\nVALKEY_URL=\n"
    assert '  "a",  # mine\n  "flue-valkey>=0.1.0",\n]\n' in (project / "pyproject.toml").read_text()
    assert '+  "flue-valkey>=0.1.0",\n' in result.stdout
    assert "+adapter = valkey(url)\n" in result.stdout
    assert result.stdout.endswith(
        "Wrote pyproject.toml, .env.example, src/db.py.\n"
        "Next: install the dependencies, set VALKEY_URL, start the app once, and run 'flue db check'.\n"
    )


def test_again_it_changes_nothing_and_says_so(run, project):
    run(*ADD)
    before = tree(project)
    result = run(*ADD)
    assert (result.exit_code, result.stdout) == (0, "Nothing to do: everything is in place.\n")
    assert tree(project) == before


@pytest.mark.parametrize(
    ("folders", "written"), [((), "db.py"), (("src",), "src/db.py"), (("src", ".flue"), ".flue/db.py")]
)
def test_the_first_source_root_that_exists_gets_it(run, tmp_path, folders, written):
    for folder in folders:
        (tmp_path / folder).mkdir()
    assert run(*ADD).exit_code == 0
    assert list(tree(tmp_path)) == [written]


def test_a_project_without_a_list_of_dependencies_is_told(run, tmp_path):
    result = run(*ADD)
    assert result.exit_code == 0
    assert "No pyproject.toml or requirements file lists dependencies here: add flue-valkey where you do.\n" in (
        result.stdout
    )


@pytest.mark.parametrize("name", ["python-dotenv", "pydantic_settings"])
def test_a_project_that_reads_dotenv_gets_that(run, tmp_path, name):
    (tmp_path / "requirements.txt").write_text(f"{name}\n")
    run(*ADD)
    assert (tmp_path / "db.py").read_text() == database_text(runner=False, dotenv=True)


@pytest.mark.parametrize("line", ["VALKEY_URL=x\n", "export VALKEY_URL=\n", "# VALKEY_URL=\n"])
def test_the_name_of_the_secret_is_not_written_twice(run, project, line):
    (project / ".env.example").write_text(line)
    run(*ADD)
    assert (project / ".env.example").read_text() == line


def test_a_dry_run_shows_the_same_and_writes_nothing(run, project):
    before = tree(project)
    dry = run(*ADD, "--dry-run")
    assert dry.exit_code == 0
    assert tree(project) == before
    assert "Would write pyproject.toml, .env.example, src/db.py.\n" in dry.stdout
    shown = dry.stdout.partition("Would write")[0]
    assert run(*ADD).stdout.partition("Wrote")[0] == shown


def test_printing_is_no_json(run, project):
    result = run(*ADD, "--print", "--json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "it goes without --json" in result.stderr


@pytest.mark.parametrize("runner", [False, True])
def test_printing_prints_db_py_and_nothing_else(run, project, runner):
    before = tree(project)
    result = run(*ADD, "--print", *["--runner"][:runner])
    assert (result.exit_code, result.stdout) == (0, database_text(runner=runner, dotenv=False))
    assert tree(project) == before


def test_for_machines(run, project):
    report = json.loads(run(*ADD, "--json", "--dry-run").stdout)
    assert [(file["path"], file["new"]) for file in report["files"]] == [
        ("pyproject.toml", False),
        (".env.example", False),
        ("src/db.py", True),
    ]
    assert (report["written"], report["notes"]) == (False, [])
    assert json.loads(run(*ADD, "--json").stdout)["written"] is True
    assert json.loads(run(*ADD, "--json").stdout) == {"written": False, "files": [], "notes": []}


def other_database(version=None):
    return "mine = 1\n" if version is None else PLAIN.replace(f"version {VERSION}", f"version {version}")


REPLACED = {
    "of other origin": (other_database(), "src/db.py is there already, and not from this blueprint."),
    "older": (other_database(0), f"src/db.py is from an older version of this blueprint (0; this is {VERSION})."),
    "newer": (other_database(99), f"src/db.py is from a newer version of this blueprint (99; this is {VERSION})."),
    "changed": (PLAIN + "# mine\n", f"src/db.py is of this blueprint (version {VERSION}), with other contents."),
}


@pytest.mark.parametrize(("text", "said"), REPLACED.values(), ids=REPLACED)
def test_what_is_there_is_replaced_only_when_told(run, project, text, said):
    (project / "src/db.py").write_text(text)
    before = tree(project)
    refused = run(*ADD)
    assert refused.exit_code == 2
    assert refused.stderr == (f"Error: {said} Nothing was changed: --yes does it, --dry-run shows the difference.\n")
    assert "+++ src/db.py\n@@ -1" in refused.stdout, "the difference is shown"
    assert tree(project) == before
    assert said in run(*ADD, "--dry-run").stdout
    assert run(*ADD, "--yes").exit_code == 0
    assert (project / "src/db.py").read_text() == PLAIN


def test_a_machine_is_never_asked(run, project):
    (project / "src/db.py").write_text("mine = 1\n")
    refused = run(*ADD, "--json")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert json.loads(run(*ADD, "--json", "--yes").stdout)["notes"] == [
        "src/db.py is there already, and not from this blueprint."
    ]


def test_an_older_version_is_one_when_the_blueprint_has_moved_on(run, project, monkeypatch):
    run(*ADD)
    monkeypatch.setattr(database, "VERSION", VERSION + 1)
    monkeypatch.setattr("flue_valkey.blueprint.plan.VERSION", VERSION + 1)
    result = run(*ADD)
    assert result.exit_code == 2
    assert f"from an older version of this blueprint ({VERSION}; this is {VERSION + 1})" in result.stderr
    assert f"-# flue blueprint: database valkey, version {VERSION}\n" in result.stdout


def test_a_db_py_that_would_no_longer_be_used_is_a_reason_to_ask(run, tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "db.py").write_text("mine = 1\n")
    result = run(*ADD)
    assert result.exit_code == 2
    assert "src/db.py would be used in place of db.py, which is there already." in result.stderr


def test_without_any_input_it_asks_nobody(project):
    (project / "src/db.py").write_text("mine = 1\n")
    ended = subprocess.run(
        ["sh", "-c", f"exec '{sys.executable}' -m flue_valkey.cli {' '.join(ADD)} <&-"],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert "--yes does it" in ended.stderr


@pytest.mark.parametrize(
    ("no_color", "term", "coloured"), [("", "xterm", True), ("1", "xterm", False), ("", "dumb", False)]
)
def test_a_terminal_gets_colours_unless_they_are_not_wanted(project, no_color, term, coloured):
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "flue_valkey.cli", *ADD, "--dry-run"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": no_color, "TERM": term}
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        process = subprocess.Popen(command, cwd=project, env=environment, stdout=theirs)
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # when the other side is closed
            while some := terminal.read(4096):
                shown += some
        assert process.wait(60) == 0
    assert b"Would write" in shown
    assert (b"\x1b[" in shown) is coloured


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 1), ("", 1)])
def test_in_a_terminal_it_asks(project, answer, code):
    (project / "src/db.py").write_text("mine = 1\n")
    before = tree(project)
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "r+b", buffering=0) as terminal:
        process = subprocess.Popen(
            [sys.executable, "-m", "flue_valkey.cli", *ADD],
            cwd=project,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=theirs,
            stdout=subprocess.PIPE,
            text=True,
        )
        os.close(theirs)
        terminal.write(f"{answer}\n".encode())
        out, _ = process.communicate(timeout=60)
    assert "src/db.py is there already, and not from this blueprint. Go on? [y/N]: " in out
    assert process.returncode == code
    if code:
        assert out.endswith("Nothing was changed.\n")
        assert tree(project) == before
    else:
        assert (project / "src/db.py").read_text() == PLAIN


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("pyproject.toml", b"[project\n", "pyproject.toml: it is no TOML"),
        (".env.example", b"\xff", ".env.example: it is not UTF-8"),
        ("src/db.py", None, "src/db.py: it is no file; move it away first"),
    ],
)
def test_what_cannot_be_read_is_refused_before_anything_is_written(run, project, name, content, said):
    if content is None:
        (project / name).mkdir()
    else:
        (project / name).write_bytes(content)
    before = tree(project)
    result = run(*ADD, "--yes")
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert tree(project) == before


def test_a_file_that_cannot_be_written_is_left_as_it_was(run, project, monkeypatch):
    def full(self, data):
        raise OSError(28, "No space left on device", str(self))

    monkeypatch.setattr(Path, "write_bytes", full)
    before = tree(project)
    result = run(*ADD)
    assert result.exit_code == 2
    assert "No space left on device; put that right and run it again" in result.stderr
    assert tree(project) == before


def test_a_file_that_may_not_be_written_is_named_itself(run, project, monkeypatch):
    def forbidden(self, data):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "write_bytes", forbidden)
    result = run(*ADD)
    assert result.stderr == f"Error: {project / 'pyproject.toml'}: Permission denied; put that right and run it again\n"


def test_permissions_and_links_stay(run, project):
    (project / ".env.example").chmod(0o640)
    (project / "real.py").write_text("mine = 1\n")
    (project / "src/db.py").symlink_to("../real.py")
    assert run(*ADD, "--yes").exit_code == 0
    assert (project / ".env.example").stat().st_mode & 0o777 == 0o640
    assert (project / "src/db.py").is_symlink()
    assert (project / "real.py").read_text() == PLAIN


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((), "What is to be added? There is: database valkey."),
        (("database",), "There is no blueprint 'database'. There is: database valkey."),
        (("database", "nosuch"), "There is no blueprint 'database nosuch'. There is: database valkey."),
    ],
)
def test_what_is_not_known_is_told_what_there_is(run, tmp_path, args, said):
    result = run("add", *args)
    assert (result.exit_code, result.stderr) == (2, f"Error: {said} Try 'flue add --help'.\n")
    assert tree(tmp_path) == {}
