"""`flue db check`: whether the server and the namespace are as they should be."""

import asyncio

import click

from flue_memdb import SystemClock
from flue_valkey.checks.namespace import read_namespace
from flue_valkey.checks.server import read_server
from flue_valkey.cli.db.check_report import CheckReport
from flue_valkey.cli.db.connection import connected, server_options


@click.command()
@server_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for machines.")
@click.pass_context
def check(context: click.Context, url: str, prefix: str, as_json: bool) -> None:
    """Say what the server is, whether it meets every requirement, and what the namespace holds.

    It only reads. What the user of the URL may not see is shown as unknown.

    \b
    Examples:
      flue db check                        the server of VALKEY_URL, and the namespace flue
      flue db check --json                 one JSON object, for a monitor

    \b
    Exit codes: 0 fine, 1 a finding, 2 bad use or nothing could be run, 130 interrupted.
    """
    report = asyncio.run(_check(url, prefix))
    click.echo(report.as_json() if as_json else report.as_text(), nl=as_json)
    context.exit(1 if report.is_finding else 0)


async def _check(url: str, prefix: str) -> CheckReport:
    now = SystemClock()()
    async with connected(url) as runner:
        return CheckReport(url, now, await read_server(runner), await read_namespace(runner, prefix, now))
