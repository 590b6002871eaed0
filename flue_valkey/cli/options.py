"""Options that several commands have, and the numbers that they take."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from flue_valkey.cli.engines import KINDS

_MOST: Final = 1_000_000_000
COUNT: Final = click.IntRange(1, _MOST)
NUMBER: Final = click.IntRange(0, _MOST)
SEED: Final = click.IntRange(0, 2**63 - 1)
PROCESSES: Final = click.IntRange(1, 1_024)

_Command = TypeVar("_Command", bound=Callable[..., Any])


def engine_options(command: _Command) -> _Command:
    """`--engine`, `--url` and `--json`."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for machines."),
        click.option(
            "--url",
            metavar="URL",
            help="The server to use, such as redis://user:password@127.0.0.1:6379/0.  [default: VALKEY_URL]"
            " Only keys under random prefixes are touched, and removed afterwards.",
        ),
        click.option(
            "--engine",
            "kinds",
            type=click.Choice(KINDS),
            multiple=True,
            help="Only this engine; may be given several times.  [default: every one at hand]",
        ),
    ):
        command = option(command)
    return command
