"""How a command ends when it cannot do what it was asked for."""

import click

from flue_valkey.cli.texts import printable

INTERRUPTED = 130


class CannotRunError(click.ClickException):
    """One line that says why; the exit code is that of bad use, because 1 is for findings."""

    exit_code = 2

    def __init__(self, message: object) -> None:
        super().__init__(one_line(message))


def one_line(message: object) -> str:
    """The text of a message, which may have several lines, in one that cannot steer a terminal."""
    return printable(" ".join(str(message).split()))
