"""`flue db`: what looks into a database, one command a file."""

import click

from flue_valkey.cli.db.check import check
from flue_valkey.cli.db.show import show
from flue_valkey.cli.db.verify import verify


@click.group()
def db() -> None:
    """Look into a database, and at the server that keeps it.

    \b
    Examples:
      flue db check                 the server of VALKEY_URL, and the namespace flue
      flue db check --deep          everything in it, and what is broken
      flue db show submission d1    one thing
      flue db verify                is what a server acknowledges there after a crash?

    \b
    Exit codes: 0 fine, 1 a finding, 2 bad use or nothing could be run, 130 interrupted.
    """


db.add_command(check)
db.add_command(show)
db.add_command(verify)
