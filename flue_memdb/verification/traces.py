"""Traces: recorded operations with what each gave, as JSON Lines."""

from dataclasses import dataclass, field
from pathlib import Path

from flue_memdb.clock import is_epoch_ms
from flue_memdb.contract import Json, parse_json
from flue_memdb.verification.comparison import text_of
from flue_memdb.verification.observations import Operation


class TraceError(ValueError):
    """A file that is no trace; says which line is wrong and why."""


@dataclass(frozen=True, slots=True)
class Trace:
    """A title, where the trace comes from, and its operations, each with its `result` or `error` if recorded."""

    title: str
    source: str
    operations: list[Operation] = field(default_factory=list)


def read_trace(path: str | Path) -> Trace:
    """Reads a trace; a `TraceError` names the line that is no part of one."""
    lines = [_line(path, number, text) for number, text in enumerate(_texts(Path(path)), 1)]
    if not lines or lines[0].get("flueTrace") != 1 or lines[0].get("schema") != 3:
        raise TraceError(f'{path}: line 1 is not {{"flueTrace": 1, "schema": 3, ...}}; this is no trace of schema 3')
    header, *operations = lines
    for number, operation in enumerate(operations, 2):
        if not isinstance(operation.get("op"), str) or not isinstance(operation.get("args"), list):
            raise TraceError(f"{path}: line {number} has no op with args; this is no operation")
        at = operation.get("at")
        if type(at) is not int or not is_epoch_ms(at):
            raise TraceError(f"{path}: line {number} has no time in at (epoch ms)")
        error = operation.get("error", {"kind": ""})
        if not isinstance(error, dict) or "kind" not in error:
            raise TraceError(f"{path}: line {number} has an error without a kind")
    return Trace(header.get("title", ""), header.get("source", ""), operations)


def write_trace(path: str | Path, trace: Trace) -> None:
    """Writes a trace."""
    header = {"flueTrace": 1, "schema": 3, "title": trace.title, "source": trace.source}
    # newline="" keeps the lines ending with LF alone on every system.
    with Path(path).open("w", encoding="utf-8", newline="") as file:
        file.writelines(text_of(line) + "\n" for line in [header, *trace.operations])


def _texts(path: Path) -> list[str]:
    # Lines end with LF alone: other line separators stand inside texts.
    try:
        texts = path.read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise TraceError(f"{path}: this is no text in UTF-8, so it is no trace") from error
    return texts[:-1] if texts[-1] == "" else texts


def _line(path: str | Path, number: int, text: str) -> dict[str, Json]:
    try:
        line = parse_json(text)
    except ValueError as error:
        raise TraceError(f"{path}: line {number} is no JSON: {error}") from None
    if not isinstance(line, dict):
        raise TraceError(f"{path}: line {number} is no JSON object")
    return line
