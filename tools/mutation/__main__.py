"""The command: `python -m tools.mutation`, or `make mutants ARGS="…"`."""

import random
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from flue_valkey.cli.progress import progress_bar
from tools.mutation.catalogue import catalogue
from tools.mutation.judge import Verdict
from tools.mutation.mutant import Mutant
from tools.mutation.report import MutationReport
from tools.mutation.session import Session
from tools.mutation.suite import failing_test
from tools.mutation.survivors import Key, Reason, listed


class _Part(click.ParamType[tuple[int, int]]):
    """`2/5`: the second of five parts."""

    name = "K/N"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        found = re.fullmatch(r"(\d+)/(\d+)", str(value))
        if found is None or not 1 <= int(found[1]) <= int(found[2]):
            self.fail(f"{value!r} is no part: give 1/4 for the first of four", param, ctx)
        return int(found[1]), int(found[2])


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--seed", default="7", show_default=True, help="The seed of the differential run, and of the sample.")
@click.option("--sequences", default=500, show_default=True, type=click.IntRange(1), help="Of the run, at most.")
@click.option("--sample", type=click.IntRange(1), metavar="N", help="Only so many mutants, drawn at random.")
@click.option("--only", "paths", multiple=True, metavar="PATH", help="Only those of files that begin so; repeatable.")
@click.option("--part", type=_Part(), default="1/1", help="Only a part of them, so that a long run can be split.")
@click.option("--jobs", default=1, show_default=True, type=click.IntRange(1), help="Processes.")
@click.option(
    "--keep",
    type=click.Choice(("none", "caught", "all")),
    default="none",
    show_default=True,
    help="Which verdicts of earlier runs in the folder stand.",
)
@click.option(
    "--folder", type=click.Path(file_okay=False, path_type=Path), default=Path("build/mutation"), show_default=True
)
@click.option("--tests", is_flag=True, help="Run the test that the list names for a survivor, too: it has to fail.")
@click.option("--json", "as_json", is_flag=True, help="Everything as one JSON object.")
@click.pass_context
def main(  # noqa: PLR0917 -- one an option
    ctx: click.Context,
    seed: str,
    sequences: int,
    sample: int | None,
    paths: tuple[str, ...],
    part: tuple[int, int],
    jobs: int,
    keep: str,
    folder: Path,
    tests: bool,
    as_json: bool,
) -> None:
    """Changes the scripts and the reference, one thing at a time, and sees whether the differential run tells.

    Exit codes: 0 if each mutant is caught or listed in survivors.toml; 1 if one is neither, or passes the test that the
    list names; 2 for bad use.
    """
    mutants = _chosen(paths, sample, part, seed)
    if not mutants:
        raise click.UsageError(f"there are no mutants in {', '.join(paths)}")
    session = Session(folder, seed, sequences, jobs)
    kept = session.kept_verdicts() if keep != "none" else {}
    verdicts = {
        mutant: kept[mutant.key]
        for mutant in mutants
        if mutant.key in kept and (keep == "all" or kept[mutant.key].by is not None)
    }
    verdicts |= _judged(session, [mutant for mutant in mutants if mutant not in verdicts])
    reasons = listed()
    passing = _passing(verdicts, reasons) if tests else frozenset()
    report = MutationReport(verdicts, reasons, frozenset(mutant.key for mutant in catalogue()), passing)
    click.echo(report.as_json() if as_json else report.as_text())
    ctx.exit(int(report.is_finding))


def _chosen(paths: Sequence[str], sample: int | None, part: tuple[int, int], seed: str) -> list[Mutant]:
    mutants = [mutant for mutant in catalogue() if not paths or mutant.file.startswith(tuple(paths))]
    if sample is not None and sample < len(mutants):
        mutants = random.Random(seed).sample(mutants, sample)  # noqa: S311 -- it has to be repeatable
    return mutants[part[0] - 1 :: part[1]]


def _judged(session: Session, mutants: Sequence[Mutant]) -> dict[Mutant, Verdict]:
    if not mutants:
        return {}
    with progress_bar("what sequences reach", session.sequences) as advance:
        reached = session.reached(mutants, advance)
    verdicts: dict[Mutant, Verdict] = {}
    began, caught = time.monotonic(), 0
    with progress_bar("mutants", len(mutants)) as advance:
        for mutant, verdict in session.verdicts(mutants, reached):
            verdicts[mutant] = verdict
            caught += verdict.by is not None
            advance(f"{caught:,} caught, {len(verdicts) / (time.monotonic() - began):.1f} a second")
    return verdicts


def _passing(verdicts: Mapping[Mutant, Verdict], reasons: Mapping[Key, Reason]) -> frozenset[Key]:
    """The survivors that pass the test which should catch them."""
    named = {
        mutant: reason.caught_by
        for mutant, verdict in verdicts.items()
        if not verdict.by and (reason := reasons.get(mutant.key)) is not None and reason.caught_by is not None
    }
    passing: set[Key] = set()
    with progress_bar("tests", len(named)) as advance:
        for mutant, test in named.items():
            if failing_test(mutant, [test]) is None:
                passing.add(mutant.key)
            advance(f"{len(passing)} pass")
    return frozenset(passing)


if __name__ == "__main__":
    main(prog_name="python -m tools.mutation")
