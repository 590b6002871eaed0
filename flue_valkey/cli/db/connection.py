"""The server and the namespace that a command is about."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
from redis.exceptions import RedisError

from flue_memdb.contract import FlueStoreError
from flue_valkey.cli.errors import CannotRunError
from flue_valkey.failures import store_error
from flue_valkey.layout import PREFIX
from flue_valkey.runner import Runner, masked, runner_from_url

_Command = TypeVar("_Command", bound=Callable[..., Any])


def server_options(command: _Command) -> _Command:
    """`--url` and `--prefix`."""
    for option in (
        click.option(
            "--prefix", default=PREFIX, show_default=True, callback=_prefix, help="The namespace: its key prefix."
        ),
        click.option(
            "--url",
            metavar="URL",
            callback=_url,
            help="The server, such as redis://user:password@127.0.0.1:6379/0.  [default: VALKEY_URL]",
        ),
    ):
        command = option(command)
    return command


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Runner]:
    """A connection to the server; `CannotRunError`, with the server's masked URL, for what it refuses."""
    try:
        runner = runner_from_url(url)
    except ValueError as error:
        raise CannotRunError(error) from None
    try:
        yield runner
    except (FlueStoreError, RedisError) as error:  # an OSError is none of the server's: the runner raises no such
        said = store_error("connect", error) if isinstance(error, RedisError) else error
        raise CannotRunError(f"{said.subject} at {masked(url)}: {said.found}; {said.remedy}") from error
    finally:
        await runner.close()


def _url(_context: click.Context, _option: click.Parameter, given: str | None) -> str:
    url = os.environ.get("VALKEY_URL") if given is None else given
    if not url:
        hint = " in the environment: .env is not read" if Path(".env").is_file() else ""
        raise click.UsageError(f"There is no server: give --url, or set VALKEY_URL{hint}.")
    return url


def _prefix(_context: click.Context, _option: click.Parameter, given: str) -> str:
    prefix = given.rstrip(":")
    if not prefix:
        raise click.UsageError("--prefix is empty.")
    try:
        prefix.encode()
    except UnicodeEncodeError:
        raise click.UsageError("--prefix is not UTF-8.") from None
    return prefix
