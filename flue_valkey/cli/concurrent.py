"""`flue diff --concurrent`: what many clients do at once on a real server, and whether some order explains it."""

import asyncio
import json
import time
from dataclasses import dataclass

import click

from flue_memdb.verification.histories import History
from flue_memdb.verification.linearizability import SearchTooLargeError, Verdict, check_linearizable
from flue_valkey.cli.engines import EngineAtHand, engines_at_hand
from flue_valkey.cli.errors import CannotRunError
from flue_valkey.cli.progress import progress_bar
from flue_valkey.cli.texts import counted
from flue_valkey.servers.crowd import crowd

CLIENTS = 8
_PROCESSES = 2


@dataclass(frozen=True, slots=True)
class ConcurrentResult:
    """How many histories were checked; the number and the verdict of one that nothing explains."""

    server: str
    seed: int
    histories: int
    calls: int
    seconds: float
    unexplained: tuple[int, Verdict] | None

    def as_json(self) -> str:
        """One JSON object."""
        found = self.unexplained
        return json.dumps(
            {
                "finding": found is not None,
                "server": self.server,
                "seed": self.seed,
                "histories": self.histories,
                "calls": self.calls,
                "clients": CLIENTS,
                "processes": _PROCESSES,
                "unexplained": None if found is None else {"history": found[0], "part": str(found[1])},
                "seconds": round(self.seconds, 1),
            },
            indent=2,
        )

    def as_text(self) -> str:
        """A report for people."""
        verdict = "Some order of the calls explains every history."
        lines = [click.style(verdict, fg="green", bold=True)]
        if self.unexplained is not None:
            number, found = self.unexplained
            again = f"flue diff --concurrent --seed {self.seed} --sequences 1 --first-sequence {number}"
            lines = [
                click.style(f"History {number} cannot be explained.", fg="red", bold=True),
                str(found),
                f"  again     {again}   (the same plans; how they meet differs each time)",
            ]
        lines += [
            f"  histories {self.histories:,}, of {CLIENTS} clients in {counted(_PROCESSES, 'process', 'processes')}",
            f"  calls     {self.calls:,} on {self.server}",
            f"  seed      {self.seed}",
            f"  time      {self.seconds:.1f} s",
        ]
        return "\n".join(lines)


def run_concurrently(
    *, seed: int, histories: int, first: int, operations: int, url: str | None, as_json: bool
) -> ConcurrentResult:
    """Makes histories on a real server, checks each, and stops at the first that nothing explains."""
    with engines_at_hand((), url) as at_hand:
        engine = next((engine for engine in at_hand.engines if engine.kind == "valkey"), None)
        if engine is None:
            raise CannotRunError(
                f"--concurrent needs a Valkey server; {at_hand.missing.get('valkey', 'there is none')}"
            )
        if not as_json:
            click.echo(f"valkey     {engine.description}")
            click.echo(f"seed {seed}: {counted(histories, 'history', 'histories')} of {counted(operations, 'call')}")
        return asyncio.run(_run(engine, seed, range(first, first + histories), operations))


async def _run(engine: EngineAtHand, seed: int, numbers: range, operations: int) -> ConcurrentResult:
    began = time.monotonic()
    calls = checked = 0
    unexplained: tuple[int, Verdict] | None = None
    server = engine.server()
    with crowd(_PROCESSES, CLIENTS) as clients, progress_bar("histories", len(numbers)) as advance:
        for number in numbers:
            history = await clients.history(server, f"{seed}/{number}", operations)
            verdict = _checked(number, history)
            calls, checked = calls + len(history.calls), checked + 1
            advance(f"{calls / (time.monotonic() - began):,.0f} calls/s")
            if not verdict.explained:
                unexplained = number, verdict
                break
    return ConcurrentResult(engine.description, seed, checked, calls, time.monotonic() - began, unexplained)


def _checked(number: int, history: History) -> Verdict:
    try:
        return check_linearizable(history)
    except SearchTooLargeError as error:
        raise CannotRunError(f"history {number}: {error}") from error
