"""The scripts keep to what runs alike on every engine; their loader says what is wrong with one that does not load."""

import re
from importlib import resources
from pathlib import Path

import pytest

from flue_valkey.layout import LAYOUT, base64url, from_base64url, key
from flue_valkey.runner import Runner
from flue_valkey.scripts import SCRIPTS, Script, ScriptError, load

FOLDER = resources.files("flue_valkey.scripts")
INCLUDES = sorted(file.name for file in (FOLDER / "includes").iterdir())
each_script = pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)

# Each stands for a difference between engines, or between versions of one.
FORBIDDEN = ["cjson", "cmsgpack", "struct.", "bit.", "pcall", "error(", "math.random", "os.", "setresp", "error_reply"]


@each_script
@pytest.mark.parametrize("word", FORBIDDEN)
def test_a_script_uses_only_what_all_engines_have(script: Script, word: str) -> None:
    # Whose errors nobody reads: engines give them in different forms.
    allowed = re.sub(r'redis\.pcall\("PUBLISH"|redis\.pcall\(count, key\)', "", script.text)
    assert word not in allowed


@each_script
def test_a_script_makes_no_global(script: Script) -> None:
    assigned = set(re.findall(r"^(\w+)(?:, \w+)* = ", script.text, re.MULTILINE))
    local = set(re.findall(r"\b(\w+)\b", " ".join(re.findall(r"local ([\w, ]+)", script.text))))
    assert assigned <= local


@each_script
def test_a_script_says_what_it_returns_and_changes(script: Script) -> None:
    source = (FOLDER / f"{script.name}.lua").read_text(encoding="utf-8")
    assert source.startswith("-- ")
    assert "-- RETURNS  " in source
    assert "-- CHANGES  " in source


@each_script
def test_a_script_uses_the_names_it_declares(script: Script) -> None:
    body = script.text.split("\n")
    for name in (*script.keys, *script.values, *([script.rest] if script.rest else [])):
        uses = [line for line in body if re.search(rf"\b{name}\b", line) and "wrong_type" not in line]
        assert len(uses) > 1 or name in script.keys, f"{script.name} declares {name} and does not use it"


@each_script
async def test_a_script_compiles(script: Script, runner: Runner) -> None:
    assert len(await runner.command("SCRIPT", "LOAD", script.text)) == 40


@pytest.mark.parametrize("file", [*(f"{name}.lua" for name in SCRIPTS), *(f"includes/{name}" for name in INCLUDES)])
def test_a_script_says_of_a_corrupt_record_its_key_and_what_is_wrong(file: str) -> None:
    source = (FOLDER / file).read_text(encoding="utf-8")
    complaints = re.findall(r'"[^"]* (?:cannot be read|is missing)"', source)
    replies = re.findall(r'\{"corrupt", [a-z_]+, "[^"]* (?:cannot be read|is missing)"\}', source)
    assert len(complaints) == len(replies) == source.count('{"corrupt"')


@pytest.mark.parametrize("name", INCLUDES)
def test_an_include_is_one_local_function_that_somebody_uses(name: str) -> None:
    function = name.removesuffix(".lua")
    source = (FOLDER / "includes" / name).read_text(encoding="utf-8")
    assert re.findall(r"^local function (\w+)", source, re.MULTILINE) == [function]
    assert any(f"function {function}(" in script.text for script in SCRIPTS.values())


def test_each_id_of_the_layout_is_encoded_in_its_key() -> None:
    for name, kind in LAYOUT.items():
        ids = dict.fromkeys(kind.ids, "a:b*")
        assert key("p", name, **ids).count(base64url("a:b*")) == len(ids)
        assert "a:b" not in key("p", name, **ids)


@pytest.mark.parametrize("text", ["", "a", "ab", "abc", "日本", "\0", "😀" * 1000, '["a","b"]'])
async def test_lua_encodes_ids_as_python_does(text: str, runner: Runner) -> None:
    source = (FOLDER / "includes" / "base64url.lua").read_text(encoding="utf-8")
    assert await runner.eval(f"{source}\nreturn base64url(ARGV[1])", [], [text]) == base64url(text).encode()
    assert from_base64url(base64url(text)) == text


@pytest.mark.parametrize(
    ("left", "right"),
    [
        *[("a", "b"), ("a", "ab"), ("B", "a"), ("é", "日"), ("日", "😀"), ("a\0", "a\0b"), ("", "a")],
        *[("x" * at + left, "x" * at + right) for at in (63, 64, 65, 300) for left, right in (("a", "b"), ("", "a"))],
    ],
)
async def test_lua_compares_ids_by_code_point(left: str, right: str, runner: Runner) -> None:
    source = (FOLDER / "includes" / "comes_before.lua").read_text(encoding="utf-8")
    script = (
        f"{source}\nreturn {{comes_before(ARGV[1], ARGV[2]) and 1 or 0, comes_before(ARGV[2], ARGV[1]) and 1 or 0}}"
    )
    assert left < right
    assert await runner.eval(script, [], [left, right]) == [1, 0]
    assert await runner.eval(script, [], [left, left]) == [0, 0]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "includes").mkdir()
    (tmp_path / "includes" / "wrong_type.lua").write_text("local function wrong_type() end\n")
    return tmp_path


def test_a_missing_include_shows_who_wanted_it(folder: Path) -> None:
    (folder / "a.lua").write_text("-- @include b\nreturn b()\n")
    (folder / "includes" / "b.lua").write_text("-- @include c\nlocal function b() return c() end\n")
    with pytest.raises(ScriptError, match=r"^a > b > c: there is no file c\.lua$"):
        load("a", folder)


def test_an_include_of_itself_is_refused(folder: Path) -> None:
    (folder / "a.lua").write_text("-- @include b\nreturn b()\n")
    (folder / "includes" / "b.lua").write_text("-- @include b\nlocal function b() end\n")
    with pytest.raises(ScriptError, match=r"^a > b > b: an include of itself$"):
        load("a", folder)


def test_a_key_that_the_layout_does_not_know_is_refused(folder: Path) -> None:
    (folder / "a.lua").write_text("-- KEYS  submission nonsense\nreturn 1\n")
    with pytest.raises(ScriptError, match=r"a\.lua: KEYS names nonsense"):
        load("a", folder)


def test_a_value_that_is_missing_is_named() -> None:
    with pytest.raises(TypeError, match=r"script claim_submission needs the value 'submission_id'"):
        SCRIPTS["claim_submission"].bind("p", {}, [])
    with pytest.raises(TypeError, match="takes no further values, got 1"):
        SCRIPTS["get_run"].bind("p", {"run_id": "r"}, ["x"])
