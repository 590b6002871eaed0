"""`flue db verify`: the durability drill, on a throwaway server, or its harmless part on one of yours."""

import asyncio
import secrets
import time

import click

from flue_valkey.cli.db.verify_report import VerifyReport
from flue_valkey.cli.errors import CannotRunError
from flue_valkey.cli.options import COUNT, SEED
from flue_valkey.cli.progress import progress_bar
from flue_valkey.cli.texts import counted
from flue_valkey.drills.drill import drill, rehearse
from flue_valkey.drills.findings import DrillFindings
from flue_valkey.drills.plan import PERSISTENCE, DrillPlan
from flue_valkey.drills.workers import CLIENTS, WorkerError
from flue_valkey.runner import masked
from flue_valkey.servers.url import UrlServer

_KILLS = 5
_SEEDS = 1_000_000


@click.command(short_help="Kill a throwaway server under load, restart it, and compare.")
@click.option("--kills", metavar="N", type=COUNT, help=f"How often the server is killed.  [default: {_KILLS}]")
@click.option(
    "--workers",
    metavar="N",
    type=click.IntRange(min=1, max=64),
    default=2,
    show_default=True,
    help=f"Processes at work, of {CLIENTS} clients each.",
)
@click.option(
    "--seed",
    metavar="N",
    type=SEED,
    help="What the clients choose, and when the server is killed.  [default: a random one]",
)
@click.option(
    "--persistence",
    type=click.Choice(tuple(PERSISTENCE)),
    help="How the throwaway server keeps data: an AOF with this appendfsync, a snapshot each second, or nothing."
    "  [default: always]",
)
@click.option(
    "--url",
    metavar="URL",
    help="A server of yours, for the harmless part: the app is restarted, the server is not. Only keys under a random"
    " prefix are touched, and removed afterwards.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for machines.")
@click.pass_context
def verify(
    ctx: click.Context,
    *,
    kills: int | None,
    workers: int,
    seed: int | None,
    persistence: str | None,
    url: str | None,
    as_json: bool,
) -> None:
    """Find out whether what a server acknowledges is there after a crash.

    A valkey-server of this machine is started for the occasion, on a port and in a directory of its own. Processes work
    on it as an app does, and write down each answer. Again and again the server is killed (SIGKILL) at a random moment
    and restarted from what it kept; then every acknowledged write is looked for. The processes go on, are restarted
    once, and end their work. VALKEY_URL is not used.

    \b
    Examples:
      flue db verify                                 5 kills, an AOF with appendfsync always
      flue db verify --kills 200                     the long form
      flue db verify --persistence everysec          what this way to keep data loses
      flue db verify --url redis://127.0.0.1:6379/0  the harmless part on a server of yours

    \b
    Exit codes: 0 fine, 1 something was lost, happened twice or is broken, 2 bad use or nothing could be run,
    130 interrupted.
    """
    if url is not None and (kills is not None or persistence is not None):
        raise click.UsageError("--url goes without --kills and --persistence: a server of yours is not killed.")
    if url == "":
        raise click.UsageError("--url is empty.")
    plan = DrillPlan(
        kills=kills or _KILLS,
        workers=workers,
        seed=secrets.randbelow(_SEEDS) if seed is None else seed,
        persistence=persistence or "always",
    )
    if not as_json:
        crew = f"{counted(workers, 'process', 'processes')} of {CLIENTS} clients"
        what = f"{counted(plan.kills, 'kill')}, persistence {plan.persistence}" if url is None else "no kills"
        click.echo(f"seed {plan.seed}: {crew}, {what}")
    began = time.monotonic()
    try:
        found = asyncio.run(_drilled(plan) if url is None else _rehearsed(plan, url))
    except WorkerError as error:
        raise CannotRunError(error) from error
    report = VerifyReport(plan, found, None if url is None else masked(url), time.monotonic() - began)
    click.echo(report.as_json() if as_json else report.as_text())
    ctx.exit(int(report.found.is_finding))


async def _drilled(plan: DrillPlan) -> DrillFindings:
    with progress_bar("kills", plan.kills) as advance:

        def killed(found: DrillFindings) -> None:
            advance(f"{len(found.lost):,} lost")

        return await drill(plan, killed)


async def _rehearsed(plan: DrillPlan, url: str) -> DrillFindings:
    async with UrlServer(url, name="--url server") as server:
        return await rehearse(server, plan)
