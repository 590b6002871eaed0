"""Tables of two columns, and how amounts stand in them."""

import io
from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from flue_valkey.cli.texts import printable

UNKNOWN = "unknown"

_WIDTH_IN_A_PIPE = 160
_LEAST_WIDTH = 20
_UNITS = ((86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute"), (1_000, "second"))


def table(rows: Iterable[tuple[str, str]]) -> str:
    """Names and values in two columns; what is too long goes on in the next line, under its own column."""
    shown = [(Text(printable(name)), Text(printable(value))) for name, value in rows]
    terminal = Console()
    width = max(terminal.width, _LEAST_WIDTH) if terminal.is_terminal else _WIDTH_IN_A_PIPE
    longest = max((name.cell_len for name, _ in shown), default=0)
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(overflow="fold", width=min(longest, width // 2))
    grid.add_column(overflow="fold")
    for name, value in shown:
        grid.add_row(name, value)
    written = io.StringIO()
    Console(file=written, width=width, color_system=None).print(grid)
    return "".join(f"{line.rstrip()}\n" for line in written.getvalue().splitlines())


def amount(number: int | None) -> str:
    """A number, or that it is unknown."""
    return UNKNOWN if number is None else f"{number:,}"


def size(number: int | None) -> str:
    """A number of bytes in the unit that fits."""
    if number is None:
        return UNKNOWN
    rest, unit = float(number), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if rest < 1024:
            break
        rest, unit = rest / 1024, larger
    return f"{rest:.1f} {unit}"


def lasted(ms: int) -> str:
    """A span of time in its largest unit."""
    for unit_ms, unit in _UNITS:
        if ms >= unit_ms:
            number = ms // unit_ms
            return f"{number:,} {unit}{'' if number == 1 else 's'}"
    return "less than a second"
