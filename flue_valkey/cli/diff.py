"""`flue diff`: the differential run on every engine at hand."""

import os
import secrets
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import click

from flue_memdb.verification import Divergence, Report, write_trace
from flue_valkey.cli.concurrent import CLIENTS, run_concurrently
from flue_valkey.cli.diff_report import DiffResult
from flue_valkey.cli.engines import EnginesAtHand, engines_at_hand
from flue_valkey.cli.errors import INTERRUPTED, CannotRunError
from flue_valkey.cli.jobs import Plan, each_sequence
from flue_valkey.cli.options import COUNT, NUMBER, PROCESSES, SEED, engine_options
from flue_valkey.cli.progress import progress_bar
from flue_valkey.cli.texts import counted

_MAX_DIVERGENCES = 3
_SEEDS = 1_000_000


@click.command(short_help="Compare every engine at hand on random sequences.")
@click.option("--seed", metavar="N", type=SEED, help="Which random sequences to run.  [default: a random one]")
@click.option(
    "--sequences",
    metavar="N",
    type=COUNT,
    help="How many sequences.  [default: 500; with --concurrent 200]",
)
@click.option(
    "--operations",
    metavar="N",
    type=COUNT,
    help="Operations in each sequence.  [default: 60; with --concurrent 200, of all clients together]",
)
@click.option(
    "--concurrent",
    is_flag=True,
    help="Let many clients in several processes work at once on a real server, and decide for each history whether some"
    " order of the calls explains all answers, with the reference as the model.",
)
@click.option(
    "--first-sequence",
    metavar="N",
    type=NUMBER,
    default=0,
    show_default=True,
    help="Number of the first sequence; sequence K of a seed is always the same.",
)
@click.option("--jobs", metavar="N", type=PROCESSES, help="Processes to use.  [default: one a CPU]")
@click.option("--outcomes", is_flag=True, help="Show how often each outcome of each operation was reached.")
@click.option(
    "--trace-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("flue-divergences"),
    show_default=True,
    help="Where divergences are written, each as a trace; made only when there are any.",
)
@engine_options
@click.pass_context
def diff(
    ctx: click.Context,
    *,
    seed: int | None,
    sequences: int | None,
    operations: int | None,
    concurrent: bool,
    first_sequence: int,
    jobs: int | None,
    outcomes: bool,
    trace_dir: Path,
    kinds: tuple[str, ...],
    url: str | None,
    as_json: bool,
) -> None:
    """Run random sequences of operations on every engine at hand, and compare everything.

    The reference is what the others are compared with, so it always takes part. fakeredis needs the extra "testing". A
    Valkey server is the one that --url or VALKEY_URL names, otherwise a valkey-server in PATH, otherwise a container.

    After each operation the answers are compared, after each sequence all that can be read, the raw keyspaces, and the
    invariants of the layout. A divergence is made short, shown, and written as a trace; three of them end the run.

    A run of 30,000 operations or more has to reach every declared outcome of every operation; one that does not is a
    finding too. Of a smaller run it is only said.

    \b
    Examples:
      flue diff
      flue diff --seed 7 --sequences 100 --engine fakeredis
      flue diff --url redis://127.0.0.1:6379/0 --json
      flue diff --seed 7 --sequences 1 --first-sequence 42    one sequence again
      flue diff --concurrent                                  is every concurrent history explained?

    \b
    Exit codes: 0 fine, 1 a divergence or outcomes missed, 2 bad use or nothing could be run, 130 interrupted.
    """
    seed = secrets.randbelow(_SEEDS) if seed is None else seed
    if concurrent:
        if kinds or jobs or outcomes:
            raise click.UsageError("--concurrent goes without --engine, --jobs and --outcomes: it needs a real server.")
        if operations is not None and operations < CLIENTS:
            raise click.UsageError(f"--concurrent needs --operations of at least {CLIENTS}: one for each client.")
        found = run_concurrently(
            seed=seed,
            histories=sequences or 200,
            first=first_sequence,
            operations=operations or 200,
            url=url,
            as_json=as_json,
        )
        click.echo(found.as_json() if as_json else found.as_text())
        ctx.exit(int(found.unexplained is not None))
    sequences, operations = sequences or 500, operations or 60
    with engines_at_hand((*kinds, "reference") if kinds else (), url) as at_hand:
        if len(at_hand.engines) < 2:
            raise CannotRunError(
                "there is no other engine to compare the reference with"
                + "".join(f"; {kind}: {reason}" for kind, reason in at_hand.missing.items())
            )
        plan = Plan(
            engines=at_hand.engines,
            seed=seed,
            sequences=sequences,
            operations=operations,
            first_sequence=first_sequence,
        )
        jobs = min(jobs or _cpus(), sequences)
        if not as_json:
            _announce(plan, at_hand, jobs)
        report, interrupted = _run(plan, jobs)
    result = DiffResult(report, at_hand, url, interrupted, sequences, *_written(report.divergences, trace_dir))
    click.echo(result.as_json() if as_json else result.as_text(outcomes=outcomes))
    ctx.exit(INTERRUPTED if interrupted else int(result.is_finding))


def _run(plan: Plan, jobs: int) -> tuple[Report, bool]:
    """The run, as far as it came, and whether it was interrupted."""
    began = time.monotonic()
    reports: list[Report] = []
    ran = divergences = 0
    interrupted = False
    try:
        with closing(each_sequence(plan, jobs)) as each, progress_bar("sequences", plan.sequences) as advance:
            for report in each:
                reports.append(report)
                ran += report.operations
                divergences += len(report.divergences)
                advance(f"{ran / (time.monotonic() - began):,.0f} operations/s, {counted(divergences, 'divergence')}")
                if divergences >= _MAX_DIVERGENCES:
                    break
    except KeyboardInterrupt:
        interrupted = True
    return _merged(plan, reports, time.monotonic() - began), interrupted


def _merged(plan: Plan, reports: Sequence[Report], seconds: float) -> Report:
    return Report(
        seed=plan.seed,
        engines=tuple(engine.name for engine in plan.engines),
        sequences=len(reports),
        operations=sum(report.operations for report in reports),
        outcomes=sum((report.outcomes for report in reports), Counter()),
        divergences=tuple(divergence for report in reports for divergence in report.divergences),
        seconds=seconds,
    )


def _written(divergences: Sequence[Divergence], folder: Path) -> tuple[dict[int, Path], str | None]:
    """The trace of each divergence by the number of its sequence, and why there are not all of them."""
    traces: dict[int, Path] = {}
    try:
        for divergence in divergences:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"seed-{divergence.seed}-sequence-{divergence.sequence}.jsonl"
            write_trace(path, divergence.trace)
            traces[divergence.sequence] = path
    except OSError as error:
        return traces, f"{folder}: {error.strerror or error}"
    return traces, None


def _announce(plan: Plan, at_hand: EnginesAtHand, jobs: int) -> None:
    """What is going to run; the seed above all, so that a run that is ended from outside can be repeated."""
    for engine in at_hand.engines:
        click.echo(f"{click.style(f'{engine.kind:<9}', bold=True)}  {engine.description}")
    for kind, reason in at_hand.missing.items():
        click.echo(f"{click.style(f'{kind:<9}', bold=True)}  not at hand: {reason}")
    first = f" from {plan.first_sequence}" if plan.first_sequence else ""
    click.echo(
        f"seed {plan.seed}: {counted(plan.sequences, 'sequence')}{first}"
        f" of {counted(plan.operations, 'operation')}, in {counted(jobs, 'process', 'processes')}"
    )


def _cpus() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
