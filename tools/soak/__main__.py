"""The command: `python -m tools.soak`."""

import asyncio
import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import click

from flue_valkey.cli.engines import EngineAtHand
from flue_valkey.cli.errors import INTERRUPTED, CannotRunError
from flue_valkey.cli.options import COUNT, NUMBER, PROCESSES, SEED
from flue_valkey.cli.progress import progress_bar
from flue_valkey.cli.texts import counted
from flue_valkey.servers.local import LocalServer
from flue_valkey.servers.server import ServerError
from tools.soak.plan import SoakPlan
from tools.soak.report import SoakReport
from tools.soak.workers import steps

_MAX_DIVERGENCES = 3


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--operations", default=1_000_000, show_default=True, type=COUNT, help="At least so many.")
@click.option("--operations-each", default=60, show_default=True, type=COUNT, help="Of each sequence.")
@click.option("--seed", type=SEED, help="Which random sequences to run.  [default: a random one]")
@click.option("--first-sequence", default=0, show_default=True, type=NUMBER, help="Where to begin.")
@click.option("--jobs", default=os.cpu_count() or 1, show_default=True, type=PROCESSES, help="Processes.")
@click.option(
    "--readings",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("build/soak.jsonl"),
    show_default=True,
    help="Where each reading is written as it comes, a JSON object a line.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for machines.")
@click.pass_context
def main(
    ctx: click.Context,
    *,
    operations: int,
    operations_each: int,
    seed: int | None,
    first_sequence: int,
    jobs: int,
    readings: Path,
    as_json: bool,
) -> None:
    """Runs the three engines side by side for long, in processes that stay, and looks for what adds up.

    Each process has a fakeredis and a valkey-server of its own. After each sequence both have to hold no key and no
    connection; the memory of the process and of the server has to stay flat.

    Exit codes: 0 fine, 1 a divergence, something left, or memory that grows; 2 nothing could be run, 130 interrupted.
    """
    if not Path("/proc/self/statm").exists():
        raise CannotRunError("there is no /proc/self/statm, which tells the memory of a process: run it on Linux")
    sequences = -(-operations // operations_each)
    plan = SoakPlan(
        seed=secrets.randbelow(1_000_000) if seed is None else seed,
        sequences=sequences,
        operations_each=operations_each,
        first_sequence=first_sequence,
        jobs=min(jobs, sequences),
    )
    if not as_json:
        click.echo(f"seed {plan.seed}: {counted(sequences, 'sequence')} from {first_sequence}, {plan.jobs} at once")
    report = _run(plan, readings)
    click.echo(report.as_json() if as_json else report.as_text())
    ctx.exit(INTERRUPTED if report.interrupted else int(bool(report.findings)))


def _run(plan: SoakPlan, readings: Path) -> SoakReport:
    """The run, as far as it came."""
    readings.parent.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with _servers(plan.jobs) as servers, readings.open("w", encoding="utf-8") as file:
        report = SoakReport(plan, ("reference", "fakeredis", servers[0].name))
        try:
            with closing(steps(plan, servers)) as each, progress_bar("sequences", plan.sequences) as advance:
                for step in each:
                    report.add(step)
                    if step.memory:
                        reading = {"operations": report.operations, "divergences": len(report.divergences)}
                        file.write(json.dumps({**reading, **step.reading}) + "\n")
                        file.flush()
                    advance(f"{report.operations:,} operations, {counted(len(report.findings), 'finding')}")
                    if len(report.divergences) >= _MAX_DIVERGENCES:
                        break
        except KeyboardInterrupt:
            report.interrupted = True
        report.seconds = time.monotonic() - began
    return report


@contextmanager
def _servers(count: int) -> Iterator[list[EngineAtHand]]:
    """So many servers of this machine, each for one process."""
    servers: list[LocalServer] = []
    try:
        for _ in range(count):
            servers.append(LocalServer())
            asyncio.run(servers[-1].start())
        yield [EngineAtHand("valkey", each.name, each.version, each.url, "flue-soak") for each in servers]
    except ServerError as error:
        raise CannotRunError(error) from error
    finally:
        for server in servers:
            asyncio.run(server.close())


if __name__ == "__main__":
    main(prog_name="python -m tools.soak")
