"""`flue db check`: whether the server and the namespace are as they should be."""

import asyncio

import click

from flue_memdb import SystemClock
from flue_valkey.checks.namespace import read_namespace
from flue_valkey.checks.server import read_server
from flue_valkey.cli.db.check_report import CheckReport, DeepCheck
from flue_valkey.cli.db.connection import connected, server_options
from flue_valkey.cli.progress import key_counter
from flue_valkey.invariants import stream_findings
from flue_valkey.invariants.server_view import ServerView
from flue_valkey.runner import Runner


@click.command()
@server_options
@click.option("--deep", is_flag=True, help="Read every record and every index, and name what is broken or left over.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for machines.")
@click.pass_context
def check(context: click.Context, url: str, prefix: str, deep: bool, as_json: bool) -> None:
    """Say what the server is, whether it meets every requirement, and what the namespace holds.

    It only reads. What the user of the URL may not see is shown as unknown. What --deep calls left over does no harm,
    and is no finding; what it calls broken could mislead a reader, and is one.

    \b
    Examples:
      flue db check                        the server of VALKEY_URL, and the namespace flue
      flue db check --json                 one JSON object, for a monitor
      flue db check --deep --prefix mine   everything in the namespace mine

    \b
    Exit codes: 0 fine, 1 a finding, 2 bad use or nothing could be run, 130 interrupted.
    """
    report = asyncio.run(_check(url, prefix, deep))
    click.echo(report.as_json() if as_json else report.as_text(), nl=as_json)
    context.exit(1 if report.is_finding else 0)


async def _check(url: str, prefix: str, deep: bool) -> CheckReport:
    now = SystemClock()()
    async with connected(url) as runner:
        server, namespace = await read_server(runner), await read_namespace(runner, prefix, now)
        return CheckReport(url, now, server, namespace, await _everything(runner, prefix) if deep else None)


async def _everything(runner: Runner, prefix: str) -> DeepCheck:
    found = DeepCheck()
    with key_counter("looking at every key") as looked_at:

        def count(keys: int) -> None:
            found.keys += keys
            looked_at(keys)

        async for finding in stream_findings(ServerView(runner, prefix), count):
            found.add(finding)
    return found
