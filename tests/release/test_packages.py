"""A wheel and an sdist hold what belongs to a release, and nothing else."""

import tarfile
import tomllib
import zipfile
from configparser import ConfigParser
from email import message_from_string
from pathlib import PurePosixPath

import pytest

from tests.release.building import ROOT, build

PACKAGES = ("flue_memdb", "flue_valkey")
KINDS = {".py", ".lua", ".txt"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def in_tree():
    """The files of the packages, as they lie here."""
    files = (file for package in PACKAGES for file in (ROOT / package).rglob("*") if file.is_file())
    return {file.relative_to(ROOT).as_posix() for file in files if "__pycache__" not in file.parts}


@pytest.fixture(scope="session")
def in_wheel(built):
    with zipfile.ZipFile(built.wheel) as wheel:
        return {name: wheel.read(name) for name in wheel.namelist()}


def text_of(in_wheel, name):
    return in_wheel[f"flue_valkey-{PROJECT['version']}.dist-info/{name}"].decode()


def test_the_wheel_holds_the_packages_and_what_describes_them(in_wheel):
    described = {name for name in in_wheel if name.startswith(f"flue_valkey-{PROJECT['version']}.dist-info/")}
    assert {name.partition("/")[2] for name in described} == {
        "METADATA",
        "RECORD",
        "WHEEL",
        "entry_points.txt",
        "licenses/LICENSE",
    }
    assert set(in_wheel) - described == in_tree()


def test_the_packages_hold_sources_scripts_and_markers_and_nothing_else(in_wheel):
    others = {name for name in in_wheel if ".dist-info/" not in name and PurePosixPath(name).suffix not in KINDS}
    assert others == {f"{package}/py.typed" for package in PACKAGES}
    texts = {PurePosixPath(name).parent.as_posix() for name in in_wheel if name.endswith(".txt")}
    assert texts == {"flue_valkey/blueprint/templates", f"flue_valkey-{PROJECT['version']}.dist-info"}


def test_every_script_is_in_the_wheel_as_it_is_here(in_wheel):
    scripts = sorted((ROOT / "flue_valkey" / "scripts").rglob("*.lua"))
    assert len(scripts) > 50
    for script in scripts:
        assert in_wheel[script.relative_to(ROOT).as_posix()] == script.read_bytes()


def test_the_licence_is_in_both(built, in_wheel):
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert text_of(in_wheel, "licenses/LICENSE") == licence
    with tarfile.open(built.sdist) as sdist:
        member = sdist.extractfile(f"flue_valkey-{PROJECT['version']}/LICENSE")
        assert member is not None
        assert member.read().decode() == licence


def test_the_sdist_holds_the_packages_and_what_a_build_needs(built):
    with tarfile.open(built.sdist) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    beside = {"CHANGELOG.md", "LICENSE", "PKG-INFO", "README.md", "pyproject.toml"}
    assert names == in_tree() | beside | {".gitignore"}  # hatchling adds the last, which it heeds when it builds


def test_the_sdist_gives_the_same_wheel(built, in_wheel, tmp_path):
    with tarfile.open(built.sdist) as sdist:
        sdist.extractall(tmp_path, filter="data")
    again = build(tmp_path / f"flue_valkey-{PROJECT['version']}", tmp_path / "dist")
    with zipfile.ZipFile(again.wheel) as wheel:
        assert {name: wheel.read(name) for name in wheel.namelist()} == in_wheel


def test_the_metadata(in_wheel):
    metadata = message_from_string(text_of(in_wheel, "METADATA"))
    for name, expected in {
        "Name": "flue-valkey",
        "Version": PROJECT["version"],
        "License-Expression": "Apache-2.0",
        "License-File": "LICENSE",
        "Requires-Python": ">=3.11",
        "Description-Content-Type": "text/markdown",
    }.items():
        assert metadata.get_all(name) == [expected]
    assert metadata.get_all("Provides-Extra") == ["cli", "testing"]
    assert "Typing :: Typed" in (metadata.get_all("Classifier") or [])
    required = metadata.get_all("Requires-Dist") or []
    assert [line for line in required if "extra ==" not in line] == ["hiredis>=3.2", "redis>=6.0"]
    of_cli = {line.partition(";")[0] for line in required if "extra == 'cli'" in line}
    of_testing = {line.partition(";")[0] for line in required if "extra == 'testing'" in line}
    assert of_cli == set(PROJECT["optional-dependencies"]["cli"])
    assert of_cli < of_testing, "the tests of an app may use the command line"


def test_the_entry_points(in_wheel):
    points = ConfigParser()
    points.read_string(text_of(in_wheel, "entry_points.txt"))
    assert {group: dict(points[group]) for group in points.sections()} == {
        "console_scripts": {"flue": "flue_valkey.cli:main"},
        "pytest11": {"flue": "flue_valkey.pytest_plugin"},
    }


def test_the_version_is_the_newest_of_the_changelog(in_wheel):
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = next(line for line in changelog.splitlines() if line.startswith("## ["))
    assert newest.startswith(f"## [{PROJECT['version']}]")
