"""`python -m benchmarks` (`make bench`): every area in one run, on a throwaway server.

Exit code 1 says that a ratio is far below what it should be, 2 that nothing could run.
"""

import asyncio
import json
import logging
import os
from collections.abc import AsyncIterator, Collection
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console

from benchmarks import report
from benchmarks.engines import engines
from benchmarks.growth import growth
from benchmarks.held import held
from benchmarks.lifecycle import counted, lifecycle
from benchmarks.measure import Effort
from benchmarks.peer import peer
from benchmarks.picture import draw
from benchmarks.raw import raw
from flue_valkey.cli.errors import CannotRunError
from flue_valkey.servers.local import LocalServer
from flue_valkey.servers.server import Server, ServerError

QUICK = Effort(rounds=5, seconds=0.03, largest=1_000, smaller=20)
WHOLE = Effort(rounds=15, seconds=0.15, largest=100_000)

_T = TypeVar("_T")

_WIDTH_IN_A_PIPE = 140
_COMPARED = (
    ("The life of a submission: adapter against the peer's command sequence", "adapter", "peer", lifecycle),
    ("Operations: adapter against the peer's command sequences", "adapter", "peer", peer),
    ("Small operations: adapter against a script that does nothing", "adapter", "raw", raw),
    ("The reference against the adapter", "reference", "adapter", engines),
)
_AREAS = (*(area.__name__ for *_, area in _COMPARED), "counted", "growth", "held")


@click.command()
@click.option("--quick", is_flag=True, help="Fewer and shorter rounds, for CI.")
@click.option("--only", multiple=True, type=click.Choice(_AREAS), help="Only this area; may be given again.")
@click.option("--picture", type=click.Path(path_type=Path, dir_okay=False), help="Draw growth into an SVG file.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for machines.")
def main(*, quick: bool, only: tuple[str, ...], picture: Path | None, as_json: bool) -> None:
    """Compares the adapter with the raw limit, with its peer and with the reference, and shows how its costs grow."""
    areas = only or _AREAS
    if picture and "growth" not in areas:
        raise click.UsageError("--picture draws growth, which --only leaves out")
    console = Console(quiet=as_json)
    if not console.is_terminal:
        console = Console(quiet=as_json, width=_WIDTH_IN_A_PIPE)
    try:
        results = asyncio.run(_measure(QUICK if quick else WHOLE, areas, picture, console))
    except ServerError as error:
        raise CannotRunError(error) from None
    if as_json:
        click.echo(json.dumps(results, indent=2))
    if results["findings"]:
        click.echo(f"Far slower than it should be: {'; '.join(results['findings'])}", err=True)
        raise SystemExit(1)


async def _measure(effort: Effort, areas: Collection[str], picture: Path | None, console: Console) -> dict[str, Any]:
    logging.getLogger("flue_valkey").setLevel(logging.ERROR)  # that the throwaway server keeps nothing is no news
    server = LocalServer()
    await server.start()
    try:
        return await _measure_on(server, effort, areas, picture, console)
    finally:
        await server.close()


async def _measure_on(
    server: Server, effort: Effort, areas: Collection[str], picture: Path | None, console: Console
) -> dict[str, Any]:
    console.print(f"{server.name}, on this machine with {os.cpu_count()} cores; load before: {os.getloadavg()[0]:.1f}")
    console.print(
        "Ratio: of the rates, the median of rounds in turns; noise: its quartiles. By CPU: how many times the"
    )
    console.print("processor time of the first, client and server together, the second takes.\n")
    results: dict[str, Any] = {"server": server.name, "findings": []}
    for title, one, other, area in (compared for compared in _COMPARED if compared[-1].__name__ in areas):
        rows = await _all(area(server, effort))
        console.print(report.compared(title, one, other, rows))
        results[area.__name__] = [asdict(row) for row in rows]
        results["findings"] += [row.what for row in rows if row.is_finding]
    if "counted" in areas:
        traffic = await counted(server)
        console.print(report.traffic("The life of a submission, counted", traffic))
        results["counted"] = {side: asdict(seen) for side, seen in traffic.items()}
    if "growth" in areas:
        curves = await _all(growth(server, effort))
        console.print(report.grown(curves))
        results["growth"] = [asdict(curve) for curve in curves]
        if picture:
            draw(curves, picture)
    if "held" in areas:
        calls = await _all(held(server, effort))
        console.print(report.held(calls))
        results["held"] = [asdict(call) for call in calls]
        results["findings"] += [call.what for call in calls if call.is_finding]
    return results


async def _all(measured: AsyncIterator[_T]) -> list[_T]:
    return [one async for one in measured]


if __name__ == "__main__":
    main()
