"""What the packages bring in: an app pays for what it uses."""

import subprocess
import sys

import pytest


def brought_in(statement: str) -> set[str]:
    """The modules that a new interpreter has after the statement."""
    code = f"import sys; {statement}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    return set(done.stdout.split())


def test_the_reference_brings_in_no_driver_no_test_tools_and_no_event_loop() -> None:
    found = brought_in("from flue_memdb import *; memory()")
    assert "flue_memdb.store.submissions" in found
    assert not found & {"redis", "pytest", "asyncio", "logging", "click", "rich", "uuid", "platform"}


def test_the_adapter_brings_in_the_driver_and_neither_test_tools_nor_those_of_the_command_line() -> None:
    found = brought_in("from flue_valkey import *; valkey('redis://127.0.0.1')")
    assert "redis.asyncio" in found
    assert not found & {"pytest", "fakeredis", "lupa", "click", "rich", "testcontainers", "hypothesis"}


def test_the_adapter_waits_with_its_driver_until_it_is_asked_for() -> None:
    assert not brought_in("import flue_valkey") & {"redis", "asyncio", "flue_memdb"}


def test_a_name_that_the_adapter_does_not_export_is_refused() -> None:
    import flue_valkey  # noqa: PLC0415

    with pytest.raises(AttributeError, match="module 'flue_valkey' has no attribute 'valkyrie'"):
        flue_valkey.valkyrie  # type: ignore[attr-defined] # noqa: B018
