"""Installed without extras, the packages do what needs none, and say of the rest which extra it needs."""

import pytest

FIRST_PROGRAM = """
import asyncio
from flue_memdb import DispatchInput, memory, open_stores
{imports}

async def main():
    async with open_stores({adapter}) as stores:
        plan = DispatchInput(dispatch_id="d1", agent="a", id="i", input=None, accepted_at="2026-06-03")
        await stores.submissions.admit_dispatch(plan)
        print([found.submission_id for found in await stores.submissions.list_runnable_submissions()])

asyncio.run(main())
"""
EVERY_MODULE = """
import importlib, pkgutil
for package in ("flue_memdb", "flue_valkey"):
    path = importlib.import_module(package).__path__
    for module in pkgutil.walk_packages(path, package + ".", onerror=lambda _: None):
        if not module.name.endswith("__main__"):
            try:
                importlib.import_module(module.name)
            except ModuleNotFoundError as error:
                print(module.name, error.name)
"""
NEED_AN_EXTRA = {
    "flue_memdb.conformance": {"pytest"},
    "flue_valkey.blueprint": {"tomlkit"},
    "flue_valkey.cli": {"click", "rich", "tomlkit"},
    "flue_valkey.pytest_plugin": {"pytest"},
    "flue_valkey.servers": {"fakeredis", "testcontainers"},
}


def out(done):
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_is_installed_with_what_it_requires_and_no_more(bare):
    program = "from importlib.metadata import distributions; print(*sorted(d.name.lower() for d in distributions()))"
    assert {"flue-valkey", "redis", "hiredis"} <= set(out(bare("python", "-c", program)).split())
    for extra in ("click", "rich", "tomlkit", "fakeredis", "lupa", "pytest", "hypothesis"):
        assert bare("python", "-c", f"import {extra}").returncode == 1


def test_the_reference_works(bare):
    assert out(bare("python", "-c", FIRST_PROGRAM.format(imports="", adapter="memory()"))) == "['d1']\n"


async def test_the_adapter_works(bare, local_server):
    prefix = local_server.new_prefix()
    adapter = f"valkey({local_server.url!r}, key_prefix={prefix!r})"
    program = FIRST_PROGRAM.format(imports="from flue_valkey import valkey", adapter=adapter)
    assert out(bare("python", "-c", program)) == "['d1']\n"
    await local_server.remove(prefix)


def test_only_what_needs_an_extra_misses_one(bare):
    missing = dict(line.split() for line in out(bare("python", "-c", EVERY_MODULE)).splitlines())
    for module, name in missing.items():
        package = ".".join(module.split(".")[:2])
        assert name in NEED_AN_EXTRA.get(package, set()), f"{module} needs {name}"
    assert "flue_valkey.cli.app" in missing, "it would have been found"


@pytest.mark.parametrize("args", [(), ("--version",), ("db", "check")])
def test_the_command_names_the_extra(bare, args):
    done = bare("flue", *args)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("flue: ")
    assert done.stderr.endswith(" is missing; install it with: pip install 'flue-valkey[cli]'\n")
    assert done.stderr.count("\n") == 1
