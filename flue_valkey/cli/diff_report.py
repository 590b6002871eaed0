"""What a differential run came to, for people and for machines."""

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from flue_memdb.verification import Divergence, Operation, Report, declared_outcomes
from flue_valkey.cli.engines import EnginesAtHand
from flue_valkey.cli.texts import counted, shown
from flue_valkey.runner import masked

COMPLETE_FROM = 30_000
"""A run of so many operations has to reach every declared outcome."""

_SHOWN_MISSED = 3
_WHAT_DIFFERS = {
    "answer": "the answer",
    "outcome": "the reason for the answer",
    "state": "what can be read after the sequence",
    "findings": "the invariants of the layout",
    "keyspace": "the raw keyspace after the sequence",
    "closed": "what a closed adapter says",
}


@dataclass(frozen=True, slots=True)
class DiffResult:
    """A run with its surroundings; `planned` is how many sequences it was to have, `traces` holds the file of each
    divergence by the number of its sequence."""

    report: Report
    at_hand: EnginesAtHand
    url: str | None
    interrupted: bool
    planned: int
    traces: dict[int, Path]
    not_written: str | None

    @property
    def is_finding(self) -> bool:
        """Whether somebody has to look at it."""
        missed = bool(self.report.missed) and self.report.operations >= COMPLETE_FROM
        return bool(self.report.divergences or self.report.undeclared) or missed

    def as_json(self) -> str:
        """One JSON object."""
        report = self.report.to_json()
        for divergence in report["divergences"]:
            trace = self.traces.get(divergence["sequence"])
            divergence["command"] += self._url_option
            divergence["trace"] = None if trace is None else str(trace)
        return json.dumps(
            {
                "finding": self.is_finding,
                "interrupted": self.interrupted,
                **report,
                "operationsPerSecond": round(self._rate, 1),
                "versions": {engine.name: engine.version for engine in self.at_hand.engines},
                "notAtHand": self.at_hand.missing,
            },
            indent=2,
        )

    def as_text(self, *, outcomes: bool) -> str:
        """A report for people; with `outcomes`, all of them."""
        return "\n".join(self._lines(outcomes))

    @property
    def _rate(self) -> float:
        return self.report.operations / self.report.seconds if self.report.seconds else 0.0

    @property
    def _ended_early(self) -> str:
        return f" of {self.planned:,}" if self.report.sequences < self.planned else ""

    @property
    def _url_option(self) -> str:
        return f" --url {shlex.quote(masked(self.url))}" if self.url else ""

    def _lines(self, outcomes: bool) -> Iterator[str]:
        report = self.report
        yield ""
        if outcomes:
            yield from (report.table(), "")
        for number, divergence in enumerate(report.divergences, 1):
            yield from self._divergence_lines(number, divergence)
        yield _bold(self._verdict, "red" if self.is_finding else "yellow" if self.interrupted else "green")
        yield f"  sequences    {report.sequences:,}{self._ended_early}"
        yield f"  operations   {report.operations:,} on each of {', '.join(report.engines)}"
        yield f"  outcomes     {_outcome_counts(report)}"
        yield from self._missed_lines()
        for op, names in report.undeclared.items():
            yield f"               not declared: {op}: {', '.join(names)}"
        yield f"  divergences  {len(report.divergences)}"
        yield f"  seed         {report.seed}"
        yield f"  time         {report.seconds:.1f} s, {self._rate:,.0f} operations a second"

    def _missed_lines(self) -> Iterator[str]:
        """A small run misses many: then it is enough to see that it does."""
        missed = list(self.report.missed.items())
        shown = len(missed) if self.report.operations >= COMPLETE_FROM else _SHOWN_MISSED
        for op, names in missed[:shown]:
            yield f"               not reached: {op}: {', '.join(names)}"
        if missed[shown:]:
            yield f"               and some of {len(missed) - shown} more operations; --outcomes shows them"

    @property
    def _verdict(self) -> str:
        report = self.report
        if report.divergences:
            return "The engines do not agree."
        if report.undeclared:
            return "The engines agree, but operations came to what they do not declare."
        if self.is_finding:
            return "The engines agree, but a run of this size has to reach every declared outcome."
        if self.interrupted:
            return "Interrupted; the engines agree so far."
        return "The engines agree."

    def _divergence_lines(self, number: int, divergence: Divergence) -> Iterator[str]:
        found, difference = divergence.found, divergence.difference
        where = "" if found.index is None else f", operation {found.index}"
        yield _bold(
            f"Divergence {number}: {found.engine}, sequence {divergence.sequence}{where}:"
            f" {_WHAT_DIFFERS[difference.kind]} differs",
            "red",
        )
        yield f"  {counted(len(divergence.operations), 'operation')} on an empty namespace to show it:"
        for operation in divergence.operations:
            yield f"    {_as_text(operation)}"
        if difference.kind == "findings":
            yield f"  {difference.engine} has:"
            yield from (f"    {finding}" for finding in difference.got)
        else:
            yield f"  expected  {shown(difference.expected)}"
            yield f"  got       {shown(difference.got)}"
        yield f"  again     {divergence.command}{self._url_option}"
        if (trace := self.traces.get(divergence.sequence)) is not None:
            yield f"  trace     {trace}"
        else:
            yield f"  trace     could not be written: {self.not_written}"
        yield ""


def _as_text(operation: Operation) -> str:
    """An operation as it stands in a trace, without what it gave."""
    return shown({name: operation[name] for name in ("at", "client", "op", "args") if name in operation})


def _outcome_counts(report: Report) -> str:
    reached: dict[str, int] = {}
    declared: dict[str, int] = {}
    for op, names in declared_outcomes().items():
        store = op.partition(".")[0]
        declared[store] = declared.get(store, 0) + len(names)
        reached[store] = reached.get(store, 0) + len(names) - len(report.missed.get(op, ()))
    stores = ", ".join(f"{store} {reached[store]}/{declared[store]}" for store in declared)
    return f"{sum(reached.values())} of {sum(declared.values())} declared ones reached ({stores})"


def _bold(text: str, colour: str) -> str:
    return click.style(text, fg=colour, bold=True)
