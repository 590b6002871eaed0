"""`load_adapter()`: which `db.py` is found, what it may import, and what is said of one that is not as it should be."""

import os
import subprocess
import sys
import traceback
from pathlib import Path
from textwrap import dedent

import pytest

from flue_memdb import FlueStoreError, open_stores
from flue_valkey import ProjectError, load_adapter

ROOT = Path(__file__).parents[2]
IN_MEMORY = "from flue_memdb import memory\n\nadapter = memory()\nplace = {place!r}\n"


def place_of_loaded():
    return sys.modules["flue_project_db"].place


def test_the_first_of_the_three_places_is_taken(write, tmp_path):
    for place in (".", "src", ".flue"):
        write(f"{place}/db.py", IN_MEMORY.format(place=place))
        load_adapter(tmp_path)
        assert place_of_loaded() == place


def test_a_place_without_the_file_is_passed_over(write, tmp_path):
    (tmp_path / ".flue").mkdir()
    write("db.py", IN_MEMORY.format(place="root"))
    load_adapter(str(tmp_path))
    assert place_of_loaded() == "root"


async def test_open_stores_migrates_what_was_loaded(write, tmp_path):
    write(
        "db.py",
        dedent("""
            from flue_memdb import memory


            class Told:
                def __init__(self):
                    self.calls = []
                    self.inner = memory()

                async def migrate(self):
                    self.calls.append("migrate")
                    await self.inner.migrate()

                async def connect(self):
                    self.calls.append("connect")
                    return await self.inner.connect()

                async def close(self):
                    self.calls.append("close")


            adapter = Told()
        """),
    )
    adapter = load_adapter(tmp_path)
    assert adapter.calls == []
    async with open_stores(adapter) as stores:
        assert adapter.calls == ["migrate", "connect"]
        assert await stores.runs.get_run("r") is None
    assert adapter.calls == ["migrate", "connect", "close"]


async def test_a_new_namespace_on_a_server_is_migrated_at_start(write, tmp_path, local_server):
    prefix = local_server.new_prefix()
    write(
        "db.py",
        f"from flue_valkey import valkey\n\nadapter = valkey({local_server.url!r}, key_prefix={prefix!r})\n",
    )
    async with open_stores(load_adapter(tmp_path)) as stores:
        await stores.events.create_stream("p")
    runner = local_server.runner()
    assert await runner.command("HGET", f"{prefix}:meta", "schemaVersion") == b"3"
    await runner.close()
    await local_server.remove(prefix)


def test_each_call_gives_an_adapter_of_its_own(write, tmp_path):
    write("db.py", "from flue_memdb import memory\n\nadapter = memory()\n")
    assert load_adapter(tmp_path) is not load_adapter(tmp_path)


def test_the_file_imports_what_lies_beside_it_in_src_and_in_the_root(write, tmp_path):
    write(".flue/beside.py", "name = 'beside'\n")
    write("src/app/settings.py", "name = 'src'\n")
    write("in_root.py", "name = 'root'\n")
    write(
        ".flue/db.py",
        "import beside, in_root\nfrom app import settings\nfrom flue_memdb import memory\n\n"
        "place = [beside.name, settings.name, in_root.name]\nadapter = memory()\n",
    )
    load_adapter(tmp_path)
    assert place_of_loaded() == ["beside", "src", "root"]
    assert sys.path[:3] == [str(tmp_path / ".flue"), str(tmp_path / "src"), str(tmp_path)]
    before = list(sys.path)
    load_adapter(tmp_path)
    assert sys.path == before


def test_a_dataclass_in_the_file_finds_its_module(write, tmp_path):
    write(
        "db.py",
        "from __future__ import annotations\nfrom dataclasses import dataclass\nfrom flue_memdb import memory\n\n\n"
        "@dataclass\nclass Settings:\n    name: str\n\n\nadapter = memory()\n",
    )
    load_adapter(tmp_path)


def test_the_folder_is_by_default_the_current_one(write, tmp_path, monkeypatch):
    write("db.py", IN_MEMORY.format(place="here"))
    monkeypatch.chdir(tmp_path)
    load_adapter()
    assert place_of_loaded() == "here"


def refused(root):
    with pytest.raises(ProjectError) as caught:
        load_adapter(root)
    assert isinstance(caught.value, FlueStoreError)
    return str(caught.value)


def test_no_file(tmp_path):
    assert refused(tmp_path) == (
        f"load_adapter: {tmp_path}: it has none of .flue/db.py, src/db.py, db.py; "
        "give the project's root, or let 'flue add database valkey' write the file"
    )


def test_a_file_that_loads_another_project_which_fails(write, tmp_path):
    write("other/db.py", "1 / 0\n")
    write("db.py", f"from flue_valkey import load_adapter\n\nadapter = load_adapter({str(tmp_path / 'other')!r})\n")
    said = refused(tmp_path)
    assert "line 3 of it raised ProjectError: " in said
    assert "other/db.py: line 1 of it raised ZeroDivisionError: division by zero" in said


def test_no_folder(tmp_path):
    missing = tmp_path / "nowhere"
    assert refused(missing) == (
        f"load_adapter: {missing}: there is no such folder; give the folder that holds the project"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it has no variable adapter, only: nothing; give it one, as in adapter = flue_valkey.valkey(url)"),
        ("url = 1\n_hidden = 2\n", "it has no variable adapter, only: url; give it one"),
        ("\n".join(f"v{i} = 1" for i in range(9)), "only: v0, v1, v2, v3, v4, v5, v6, v7, …; give"),
        ("adaptor = 1", "it has no variable adapter; was adaptor meant? Name it adapter"),
        (
            "from flue_memdb.adapter import MemoryAdapter, memory\nstorage = memory()\n",
            "it has no variable adapter; was storage meant? Name it adapter",
        ),
        (
            "from flue_memdb import memory as adapter",
            "its adapter is the function memory; call it, as in adapter = memory(...)",
        ),
        (
            "from flue_memdb.adapter import MemoryAdapter as adapter",
            "its adapter is the class MemoryAdapter; call it, as in adapter = MemoryAdapter(...)",
        ),
        ("adapter = None", "its adapter is a NoneType, which has no migrate() and no connect() and no close(); give"),
        (
            "class Half:\n    connect = 1\n    def close(self): ...\nadapter = Half()",
            "its adapter is a Half, which has no migrate() and no connect(); give it an adapter, as in",
        ),
    ],
)
def test_a_file_without_an_adapter(write, tmp_path, text, said):
    write("db.py", text)
    assert said in refused(tmp_path)
    assert str(tmp_path / "db.py") in refused(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import os\n\nimport nowhere_to_be_found\n", "line 3 of it raised ModuleNotFoundError: No module named"),
        ("import os\nos.environ['NOT_SET_HERE']\n", "line 2 of it raised KeyError: 'NOT_SET_HERE'; correct"),
        ("def broken(:\n", "reading it raised SyntaxError: invalid syntax (db.py, line 1); correct what its traceback"),
    ],
)
def test_a_file_that_raises(write, tmp_path, text, said):
    write("db.py", text)
    assert said in refused(tmp_path)
    assert "flue_project_db" not in sys.modules


def test_the_traceback_begins_in_the_file(write, tmp_path):
    write("helper.py", "def make():\n    return 1 / 0\n")
    write("db.py", "from helper import make\n\nadapter = make()\n")
    with pytest.raises(ProjectError) as caught:
        load_adapter(tmp_path)
    frames = traceback.extract_tb(caught.value.__cause__.__traceback__)
    assert [(Path(frame.filename).name, frame.line) for frame in frames] == [
        ("db.py", "adapter = make()"),
        ("helper.py", "return 1 / 0"),
    ]
    assert "importlib" not in "".join(traceback.format_exception(caught.value))


def test_a_syntax_error_shows_the_line(write, tmp_path):
    write("db.py", "adapter = (\n")
    with pytest.raises(ProjectError) as caught:
        load_adapter(tmp_path)
    assert "adapter = (" in "".join(traceback.format_exception(caught.value))


def test_a_project_in_memory_needs_no_driver(write, tmp_path):
    write("db.py", "from flue_memdb import memory\n\nadapter = memory()\n")
    code = "import sys; from flue_valkey import load_adapter; load_adapter(); print('redis' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, check=True, text=True
    )
    assert done.stdout == "False\n"
