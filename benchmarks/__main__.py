"""`python -m benchmarks` (`make bench`): every area in one run, on a throwaway server.

Exit code 1 says that a ratio is far below what it should be, 2 that nothing could run.
"""

import asyncio
import json
import logging
import os
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any

import click
from rich.console import Console

from benchmarks import report
from benchmarks.engines import engines
from benchmarks.growth import growth
from benchmarks.lifecycle import counted, lifecycle
from benchmarks.measure import Comparison, Effort
from benchmarks.peer import peer
from benchmarks.raw import raw
from flue_valkey.cli.errors import CannotRunError
from flue_valkey.servers.local import LocalServer
from flue_valkey.servers.server import Server, ServerError

QUICK = Effort(rounds=5, seconds=0.03, largest=1_000)
WHOLE = Effort(rounds=15, seconds=0.15, largest=10_000)

_WIDTH_IN_A_PIPE = 140
_COMPARED = (
    ("The life of a submission: adapter against the peer's command sequence", "adapter", "peer", lifecycle),
    ("Operations: adapter against the peer's command sequences", "adapter", "peer", peer),
    ("Small operations: adapter against a script that does nothing", "adapter", "raw", raw),
    ("The reference against the adapter", "reference", "adapter", engines),
)


@click.command()
@click.option("--quick", is_flag=True, help="Fewer and shorter rounds, for CI.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for machines.")
def main(*, quick: bool, as_json: bool) -> None:
    """Compares the adapter with the raw limit, with its peer and with the reference, and shows how its costs grow."""
    console = Console(quiet=as_json)
    if not console.is_terminal:
        console = Console(quiet=as_json, width=_WIDTH_IN_A_PIPE)
    try:
        results = asyncio.run(_measure(QUICK if quick else WHOLE, console))
    except ServerError as error:
        raise CannotRunError(error) from None
    if as_json:
        click.echo(json.dumps(results, indent=2))
    if results["findings"]:
        click.echo(f"Far slower than it should be: {'; '.join(results['findings'])}", err=True)
        raise SystemExit(1)


async def _measure(effort: Effort, console: Console) -> dict[str, Any]:
    logging.getLogger("flue_valkey").setLevel(logging.ERROR)  # that the throwaway server keeps nothing is no news
    server = LocalServer()
    await server.start()
    try:
        return await _measure_on(server, effort, console)
    finally:
        await server.close()


async def _measure_on(server: Server, effort: Effort, console: Console) -> dict[str, Any]:
    console.print(f"{server.name}, on this machine with {os.cpu_count()} cores; load before: {os.getloadavg()[0]:.1f}")
    console.print(
        "Ratio: of the rates, the median of rounds in turns; noise: its quartiles. By CPU: how many times the"
    )
    console.print("processor time of the first, client and server together, the second takes.\n")
    results: dict[str, Any] = {"server": server.name, "findings": []}
    for title, one, other, area in _COMPARED:
        rows = await _all(area(server, effort))
        console.print(report.compared(title, one, other, rows))
        results[area.__name__] = [asdict(row) for row in rows]
        results["findings"] += [row.what for row in rows if row.is_finding]
    traffic = await counted(server)
    console.print(report.traffic("The life of a submission, counted", traffic))
    results["counted"] = {side: asdict(seen) for side, seen in traffic.items()}
    curves = [curve async for curve in growth(server, effort)]
    console.print(report.grown(curves))
    results["growth"] = [asdict(curve) for curve in curves]
    return results


async def _all(comparisons: AsyncIterator[Comparison]) -> list[Comparison]:
    return [comparison async for comparison in comparisons]


if __name__ == "__main__":
    main()
