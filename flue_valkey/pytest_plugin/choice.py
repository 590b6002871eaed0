"""Which backend the tests run on: the option, else the environment, else the ini file, else memory."""

import os
from dataclasses import dataclass, field
from typing import Final

import pytest

KINDS: Final = ("memory", "fakeredis", "valkey")


@dataclass(frozen=True, slots=True)
class Backend:
    """What the tests run on. `kind` is one of `KINDS`, or `url`; `shown` names it without its password."""

    kind: str
    shown: str
    url: str = field(default="", repr=False)
    required: bool = False
    """Whether a test fails, rather than being skipped, where the backend cannot be had."""


BACKEND: Final = pytest.StashKey[Backend]()


def chosen_backend(config: pytest.Config) -> Backend:
    """The backend; a `pytest.UsageError` where there is none of that name."""
    required = _required_by_environment() or bool(config.getoption("flue_require"))
    ways = {
        "--flue-backend": config.getoption("flue_backend"),
        "FLUE_BACKEND": os.environ.get("FLUE_BACKEND") or None,
        "flue_backend in the ini file": config.getini("flue_backend") or None,
    }
    for way, value in ways.items():
        if value in KINDS:
            return Backend(value, value, required=required)
        if value is not None:
            return Backend("url", _checked_url(way, value), value, required)
    return Backend("memory", "memory", required=required)


def _required_by_environment() -> bool:
    """A `pytest.UsageError` for a value that does not say: whoever meant yes would not see that tests are skipped."""
    value = os.environ.get("FLUE_REQUIRE_SERVERS", "")
    if value not in ("", "0", "1"):
        raise pytest.UsageError(f"FLUE_REQUIRE_SERVERS is {value}; give 1 or 0")
    return value == "1"


def _checked_url(way: str, value: str) -> str:
    """The URL without its password."""
    # Only here: it takes redis-py, which takes a while.
    from flue_valkey.runner import masked, runner_from_url  # noqa: PLC0415

    if "://" not in value:
        given = masked(value) or "empty"
        raise pytest.UsageError(f"{way} is {given}; give {', '.join(KINDS)}, or the URL of a server: redis://host:port")
    try:
        runner_from_url(value)
    except ValueError as error:
        raise pytest.UsageError(f"{way}: {error}") from None
    return masked(value)
