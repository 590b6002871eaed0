"""One more dependency, in every form in which a project may list them, and nothing else changed."""

import tomllib

import pytest

from flue_valkey.blueprint.dependencies import find_dependencies
from flue_valkey.project import ProjectError

PEP621 = {
    "no list yet": '[project]\nname = "x"  # of mine\n\n[tool.ruff]\nline-length = 88\n',
    "no list yet, and a table of its own below": '[project]\nname = "x"\n[project.scripts]\na = "b:c"\n',
    "no list yet, and others between": '[project]\nname = "x"\n[tool.a]\nb = 1\n[project.scripts]\na = "b:c"\n',
    "an empty list": "[project]\ndependencies = []\n",
    "one line": '[project]\ndependencies = [ "a>=1" , "b" ]  # these\n',
    "lines": '[project]\ndependencies = [\n    "a>=1",  # first\n    "b",\n]\nname = "x"\n',
    "lines without the last comma": '[project]\ndependencies = [\n  "a"  # note\n]\n',
    "tabs and a comment at the end": '[project]\ndependencies = [\n\t"a",\n\t# more to come\n]\n',
    "inline": 'project = { name = "x", dependencies = ["a"] }\n',
    "dotted": 'project.name = "x"\nproject.dependencies = ["a"]\n',
    "both, as Poetry 2 has it": '[project]\ndependencies = ["a"]\n\n[tool.poetry]\npackage-mode = false\n',
    "uv": '[project]\ndependencies = ["a"]\n\n[dependency-groups]\ndev = ["flue-valkey"]\n\n[tool.uv]\n',
    "line ends of Windows": '[project]\r\ndependencies = [\r\n    "a",\r\n]\r\nname = "x"\r\n',
    "no line end at the end": '[project]\ndependencies = ["a"]',
}
POETRY = {
    "a table": '[tool.poetry.dependencies]\npython = "^3.11"  # here\n\n[tool.other]\nx = 1\n',
    "no table yet": '[tool.poetry]\nname = "x"\n\n[build-system]\nrequires = []\n',
    "others between": '[tool.poetry]\n[tool.a]\nb = 1\n[tool.poetry.dependencies]\na = "*"\n[tool.c]\nd = 1\n',
    "dynamic in PEP 621": '[project]\ndynamic = ["dependencies"]\n\n[tool.poetry.dependencies]\na = "*"\n',
}


def written(path, text):
    path.write_bytes(text.encode())
    return text


def assert_nothing_lost(old, new):
    """Every line is still there, in order, but for those that hold the list itself."""
    kept = [line for line in old.splitlines() if "dependencies" not in line and not line.strip().startswith('"a')]
    rest = iter(new.splitlines())
    assert all(line in rest for line in kept), new
    assert new.count("\r\n") in (0, new.count("\n"))


@pytest.mark.parametrize("text", PEP621.values(), ids=PEP621)
def test_pep_621(tmp_path, text):
    old = written(tmp_path / "pyproject.toml", text)
    dependencies = find_dependencies(tmp_path)
    assert "flue-valkey" not in dependencies
    edit = dependencies.with_one_more("flue-valkey", ">=0.1")
    assert (edit.path, edit.old) == (tmp_path / "pyproject.toml", old)
    expected = tomllib.loads(old)
    expected["project"].setdefault("dependencies", []).append("flue-valkey>=0.1")
    assert tomllib.loads(edit.new) == expected
    assert_nothing_lost(old, edit.new)
    edit.write()
    assert "flue-valkey" in find_dependencies(tmp_path)


@pytest.mark.parametrize("text", POETRY.values(), ids=POETRY)
def test_poetry(tmp_path, text):
    old = written(tmp_path / "pyproject.toml", text)
    edit = find_dependencies(tmp_path).with_one_more("flue-valkey", ">=0.1")
    expected = tomllib.loads(old)
    expected["tool"]["poetry"].setdefault("dependencies", {})["flue-valkey"] = ">=0.1"
    assert tomllib.loads(edit.new) == expected
    assert_nothing_lost(old, edit.new)
    edit.write()
    assert "flue-valkey" in find_dependencies(tmp_path)


def test_poetry_takes_a_star_for_any_version(tmp_path):
    written(tmp_path / "pyproject.toml", "[tool.poetry.dependencies]\n")
    edit = find_dependencies(tmp_path).with_one_more("flue-valkey", "")
    assert edit.new == '[tool.poetry.dependencies]\nflue-valkey = "*"\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "flue-valkey>=0.1\n"),
        ("a==1\n# b\n-r more.txt\n", "a==1\n# b\n-r more.txt\nflue-valkey>=0.1\n"),
        ("a==1", "a==1\nflue-valkey>=0.1\n"),
        ("a==1\r\nb\r\n", "a==1\r\nb\r\nflue-valkey>=0.1\r\n"),
        ("# flue-valkey\n", "# flue-valkey\nflue-valkey>=0.1\n"),
    ],
)
def test_requirements(tmp_path, text, expected):
    written(tmp_path / "requirements.txt", text)
    dependencies = find_dependencies(tmp_path)
    assert "flue-valkey" not in dependencies
    assert dependencies.with_one_more("flue-valkey", ">=0.1").new == expected


@pytest.mark.parametrize(
    "line", ["flue-valkey", "Flue_Valkey==1", "flue.valkey[cli] >= 1", "flue-valkey @ git+https://example.org/x"]
)
def test_what_is_there_already_is_known_in_any_spelling(tmp_path, line):
    written(tmp_path / "requirements.txt", f"a\n{line}\n")
    assert "flue-valkey" in find_dependencies(tmp_path)


def test_what_requirements_are_made_from_goes_first(tmp_path):
    written(tmp_path / "requirements.txt", "a==1\n")
    written(tmp_path / "requirements.in", "a\n")
    assert find_dependencies(tmp_path).path.name == "requirements.in"


def test_requirements_with_hashes_are_left_to_what_makes_them(tmp_path):
    written(tmp_path / "requirements.txt", "a==1 --hash=sha256:00\n")
    with pytest.raises(ProjectError, match="they have hashes; add flue-valkey with its own first"):
        find_dependencies(tmp_path).with_one_more("flue-valkey", "")
    written(tmp_path / "requirements.txt", "flue-valkey==1 --hash=sha256:00\n")
    assert "flue-valkey" in find_dependencies(tmp_path)


@pytest.mark.parametrize("text", ["[tool.ruff]\n", '[project]\ndynamic = ["dependencies"]\n'])
def test_a_pyproject_without_a_list_leaves_it_to_requirements(tmp_path, text):
    written(tmp_path / "pyproject.toml", text)
    assert find_dependencies(tmp_path) is None
    written(tmp_path / "requirements.txt", "a\n")
    assert find_dependencies(tmp_path).path.name == "requirements.txt"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[project\n", "it is no TOML (Unexpected character"),
        (b'[project]\nname = "x"\nname = "y"\n', 'it is no TOML (Key "name" already exists.'),
        (b"project = 3\n", "its project is no table; make it one first"),
        (b"[project]\ndependencies = 'a'\n", "its project.dependencies is no list; make it one first"),
        (b"[tool]\npoetry = 1\n", "its tool.poetry is no table"),
        (b"\xff", "it is not UTF-8"),
    ],
)
def test_what_is_not_as_it_should_be_is_refused(tmp_path, content, said):
    (tmp_path / "pyproject.toml").write_bytes(content)
    with pytest.raises(ProjectError) as caught:
        find_dependencies(tmp_path)
    assert said in str(caught.value)
    assert str(caught.value).startswith(f"add database: {tmp_path / 'pyproject.toml'}: ")
