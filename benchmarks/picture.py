"""The curves of growth as a picture."""

from collections.abc import Sequence
from itertools import cycle
from math import ceil, floor, log10
from pathlib import Path
from typing import Final

import leather

from benchmarks.growth import SIZES, Curve

_WIDTH: Final = 1_000
_HEIGHT: Final = 600
_COLORS: Final = ("#1b6ca8", "#d1495b", "#2e8b57", "#8e5ea2", "#e08a00", "#555555")


def draw(curves: Sequence[Curve], path: Path) -> None:
    """Writes them as an SVG file: processor time beside stored records, either by powers of ten."""
    times = [log10(us) for curve in curves for us in curve.us.values()]
    lowest, highest = floor(min(times)), ceil(max(times))
    leather.theme.title_font_family = leather.theme.legend_font_family = "sans-serif"
    leather.theme.tick_color, leather.theme.label_color = "#dddddd", "#555555"
    leather.theme.axis_title_font_family = leather.theme.tick_font_family = "sans-serif"
    chart = leather.Chart("Processor time of one call, beside more and more stored records")
    for curve, color in zip(curves, cycle(_COLORS), strict=False):
        points = [(log10(size), log10(us)) for size, us in curve.us.items()]
        chart.add_line(points, name=curve.what, stroke_color=color)
    chart.add_x_scale(log10(SIZES[0]), log10(SIZES[-1]))
    chart.add_x_axis(ticks=[log10(size) for size in SIZES], tick_formatter=_records, name="N, stored records")
    chart.add_y_scale(lowest, highest)
    chart.add_y_axis(ticks=list(range(lowest, highest + 1)), tick_formatter=_duration, name="one call")
    path.write_text(chart.to_svg(width=_WIDTH, height=_HEIGHT) + "\n", encoding="utf-8")


def _records(power: float, *_: object) -> str:
    return f"{10**power:,.0f}"


def _duration(power: float, *_: object) -> str:
    return ("1 µs", "10 µs", "100 µs", "1 ms", "10 ms", "100 ms", "1 s", "10 s")[int(power)]
