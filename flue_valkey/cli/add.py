"""`flue add`: what a project needs, written into it."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click

from flue_valkey.blueprint import Plan, plan_database
from flue_valkey.cli.errors import CannotRunError
from flue_valkey.cli.texts import printable

_BLUEPRINTS: Final[dict[str, Callable[..., Plan]]] = {"database valkey": plan_database}
_COLOURS: Final = {"+": "green", "-": "red", "@": "cyan"}
_NEXT: Final = "Next: install the dependencies, set VALKEY_URL, start the app once, and run 'flue db check'."


@click.command()
@click.argument("blueprint", nargs=-1)
@click.option("--runner", is_flag=True, help="With a redis-py client of the project's own: for its TLS and time-outs.")
@click.option("--yes", "-y", is_flag=True, help="Replace what is there without asking.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and write nothing.")
@click.option("--print", "only_print", is_flag=True, help="Print db.py, and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for machines.")
@click.pass_context
def add(
    context: click.Context,
    *,
    blueprint: tuple[str, ...],
    runner: bool,
    yes: bool,
    dry_run: bool,
    only_print: bool,
    as_json: bool,
) -> None:
    """Write into the project in the current folder what it needs. There is: database valkey.

    It makes a db.py, which load_adapter() finds, in the first of .flue/, src/ and the project's root that exists: the
    adapter for the server that VALKEY_URL names. It adds the dependency to pyproject.toml or requirements.txt, and
    VALKEY_URL= to .env.example if there is one. It shows what changes, asks before it replaces a db.py, and leaves all
    else alone.

    \b
    Examples:
      flue add database valkey             for a URL
      flue add database valkey --runner    with TLS, time-outs and credentials in your hands
      flue add database valkey --dry-run   only show it

    \b
    Exit codes: 0 done, or nothing to do, 1 you said no, 2 bad use, or it had to ask and could not.
    """
    if only_print and as_json:
        raise click.UsageError("--print prints the file alone: it goes without --json.")
    planner = _planner(blueprint)
    with _trouble_with_files():
        plan = planner(Path.cwd(), runner=runner)
    if only_print:
        click.echo(plan.database.new, nl=False)
        return
    if not as_json:
        _show(plan)
    if not dry_run:
        can_ask = sys.stdin is not None and sys.stdin.isatty() and not as_json
        if not (yes or all(_agreed(reason, can_ask) for reason in plan.reasons_to_ask)):
            click.echo("Nothing was changed.")
            context.exit(1)
        with _trouble_with_files():
            plan.carry_out()
    click.echo(_as_json(plan, dry_run) if as_json else _as_text(plan, dry_run), nl=False)


def _planner(blueprint: tuple[str, ...]) -> Callable[..., Plan]:
    there_is = f"There is: {', '.join(_BLUEPRINTS)}."
    if not blueprint:
        raise click.UsageError(f"What is to be added? {there_is}")
    wanted = " ".join(blueprint)
    if wanted not in _BLUEPRINTS:
        raise click.UsageError(f"There is no blueprint '{wanted}'. {there_is}")
    return _BLUEPRINTS[wanted]


def _show(plan: Plan) -> None:
    for edit in plan.changes:
        for line in edit.diff(plan.name_of(edit)):
            click.secho(printable(line.expandtabs()), fg=_COLOURS.get(line[:1]))
        click.echo()


def _agreed(reason: str, can_ask: bool) -> bool:
    if not can_ask:
        raise CannotRunError(f"{reason} Nothing was changed: --yes does it, --dry-run shows the difference.")
    return click.confirm(f"{reason} Go on?")


@contextmanager
def _trouble_with_files() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CannotRunError(f"{error.filename}: {error.strerror}; put that right and run it again") from error


def _as_text(plan: Plan, dry_run: bool) -> str:
    return "".join(f"{line}\n" for line in _lines(plan, dry_run))


def _lines(plan: Plan, dry_run: bool) -> Iterator[str]:
    names = ", ".join(map(plan.name_of, plan.changes))
    if not names:
        yield "Nothing to do: everything is in place."
    elif dry_run:
        yield f"Would write {names}."
        yield from plan.reasons_to_ask
    else:
        yield f"Wrote {names}."
    yield from plan.notes
    if names and not dry_run:
        yield _NEXT


def _as_json(plan: Plan, dry_run: bool) -> str:
    files = [
        {"path": plan.name_of(edit), "new": edit.old is None, "diff": edit.diff(plan.name_of(edit))}
        for edit in plan.changes
    ]
    report = {"written": bool(files) and not dry_run, "files": files, "notes": [*plan.reasons_to_ask, *plan.notes]}
    return json.dumps(report, indent=2) + "\n"
