"""The command line as a whole: its commands, and what becomes of the errors that they let through."""

import os
import sys
from typing import Any

import click
from click.exceptions import NoArgsIsHelpError
from redis.exceptions import RedisError

from flue_memdb.contract import FlueStoreError
from flue_memdb.contract.limits import SCHEMA_VERSION
from flue_valkey.cli.add import add
from flue_valkey.cli.db import db
from flue_valkey.cli.diff import diff
from flue_valkey.cli.errors import INTERRUPTED, CannotRunError
from flue_valkey.cli.replay import replay
from flue_valkey.cli.versions import version_of
from flue_valkey.servers.server import ServerError


class _Commands(click.Group):
    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            ctx.exit(INTERRUPTED)
        except NoArgsIsHelpError:
            raise
        except click.UsageError as error:
            hint = f" Try '{error.ctx.command_path} --help'." if error.ctx else ""
            raise CannotRunError(error.format_message() + hint) from error
        except (ServerError, FlueStoreError, RedisError) as error:
            raise CannotRunError(error) from error
        except BrokenPipeError:  # as of `| head -1`: click would end it with 1, which is for findings
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left goes nowhere
            ctx.exit(CannotRunError.exit_code)
        except OSError as error:
            raise CannotRunError(f"{error.filename or 'the output'}: {error.strerror or error}") from error


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(
    version_of("flue-valkey"), message=f"flue-valkey %(version)s (schema version {SCHEMA_VERSION} of Flue's contract)"
)
def flue() -> None:
    """Persistence for Flue, the framework for durable agents: looking into a database, and proof of what it rests on.

    \b
    Examples:
      flue add database valkey          write the adapter of your project into its db.py
      flue diff                         compare every engine at hand, 500 random sequences
      flue diff --seed 7 --sequences 50 the same sequences each time, and fewer of them
      flue replay traces/               recorded operations on every engine at hand
      flue db check                     the server and what the database holds, at a glance
      flue db verify                    kill a throwaway server under load, and look for every write

    \b
    Exit codes: 0 fine, 1 a finding, 2 bad use or nothing could be run, 130 interrupted.
    A Valkey server is the one that VALKEY_URL names; for diff and replay otherwise a valkey-server in PATH, otherwise a
    container.
    """


flue.add_command(add)
flue.add_command(db)
flue.add_command(diff)
flue.add_command(replay)
