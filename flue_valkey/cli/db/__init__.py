"""`flue db`: what looks into a database, one command a file."""

import click

from flue_valkey.cli.db.check import check


@click.group()
def db() -> None:
    """Look into a database, and at the server that keeps it.

    \b
    Examples:
      flue db check                 the server of VALKEY_URL, and the namespace flue
      flue db check --deep          everything in it, and what is broken

    \b
    Exit codes: 0 fine, 1 a finding, 2 bad use or nothing could be run, 130 interrupted.
    """


db.add_command(check)
