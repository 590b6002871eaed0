"""The tables, and the picture of growth."""

from collections.abc import Sequence
from math import log

from rich.table import Table

from benchmarks.growth import Curve
from benchmarks.held import GOAL_MS, Held
from benchmarks.measure import Comparison
from flue_valkey.servers.counting import Traffic

_BARS = "▁▂▃▄▅▆▇█"
_LOWEST_US = 100.0
_STEP = 4


def compared(title: str, one: str, other: str, rows: Sequence[Comparison]) -> Table:
    """Rates a second, their ratio with its quartiles over the rounds, and the ratio of the processor times."""
    table = _table(title, "", f"{one}/s", f"{other}/s", "ratio", "noise", "goal", "by CPU", "at least")
    for row in rows:
        goal = f"{row.bar.goal:.2f}{', missed' if row.is_missed else ''}" if row.bar else ""
        least = f"{row.bar.least:.2f}" if row.bar else ""
        rates = (_number(row.rate), _number(row.other_rate), f"{row.ratio:.2f}", f"{row.low:.2f} … {row.high:.2f}")
        table.add_row(row.what, *rates, goal, f"{row.cpu:.2f}", least, style="red" if row.is_finding else "")
    return table


def traffic(title: str, sides: dict[str, Traffic]) -> Table:
    """What does not depend on the machine."""
    table = _table(title, "", "round trips", "commands", "bytes sent", "bytes received")
    for side, seen in sides.items():
        counts = (seen.round_trips, seen.commands, seen.sent_bytes, seen.received_bytes)
        table.add_row(side, *(f"{count:,}" for count in counts))
    return table


def grown(curves: Sequence[Curve]) -> Table:
    """Processor times in µs, and the picture: each step up is four times as long."""
    sizes = max((list(curve.us) for curve in curves), key=len)
    table = _table(
        "Growth: µs of processor time a call, beside N records",
        "",
        *(f"{size:,}" for size in sizes),
        f"x {_STEP} a step",
    )
    for curve in curves:
        picture = "".join(_bar(us) * 2 for us in curve.us.values()).ljust(2 * len(sizes))
        table.add_row(curve.what, *(_number(curve.us[size]) if size in curve.us else "" for size in sizes), picture)
    return table


def held(rows: Sequence[Held]) -> Table:
    """For how many ms a call holds the server, and all calls of an operation."""
    goal = f"longest, goal {GOAL_MS:.0f}"
    table = _table("How long one call holds the server, in ms", "", "calls", goal, "all")
    for row in rows:
        longest = f"{row.longest_ms:.2f}{', missed' if row.is_missed else ''}"
        table.add_row(
            row.what, f"{row.calls:,}", longest, f"{row.total_ms:,.1f}", style="red" if row.is_finding else ""
        )
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left", no_wrap=True)
    return table


def _bar(us: float) -> str:
    step = round(log(max(us, _LOWEST_US) / _LOWEST_US, _STEP))
    return _BARS[min(step, len(_BARS) - 1)]


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"
