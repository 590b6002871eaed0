"""`flue replay`: recorded traces on every engine at hand."""

import asyncio
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import click
from redis.exceptions import RedisError

from flue_memdb.clock import ManualClock
from flue_memdb.contract import Adapter, Json
from flue_memdb.verification import Engine, Mismatch, Trace, TraceError, read_trace
from flue_memdb.verification import replay as replay_trace
from flue_memdb.verification.bulk import BULK
from flue_memdb.verification.disturbances import DISTURBANCES, Disturbable
from flue_memdb.verification.live import LIVE
from flue_memdb.verification.observations import Operation
from flue_memdb.verification.operations import declared_outcomes
from flue_memdb.verification.within import CALLBACKS
from flue_valkey.cli.engines import EngineAtHand, EnginesAtHand, engines_at_hand
from flue_valkey.cli.errors import CannotRunError
from flue_valkey.cli.options import engine_options
from flue_valkey.cli.progress import progress_bar
from flue_valkey.cli.texts import printable, shown

_SHOWN_MISMATCHES = 5


@dataclass(slots=True)
class _EngineResult:
    """What came out on one engine: the mismatches of each trace that has any."""

    engine: EngineAtHand
    mismatches: dict[Path, list[Mismatch]] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return sum(map(len, self.mismatches.values()))


@click.command(short_help="Run recorded traces on every engine at hand.")
@click.argument("paths", metavar="TRACE...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@engine_options
@click.pass_context
def replay(
    ctx: click.Context, *, paths: tuple[Path, ...], kinds: tuple[str, ...], url: str | None, as_json: bool
) -> None:
    """Run recorded TRACEs, and compare what each operation gives with what was recorded.

    A TRACE is a file as `flue diff` or flue_memdb.verification.record() writes it, or a folder, which is searched for
    *.jsonl. Values have to be equal as JSON values, and errors of the same kind. Each trace begins with an empty
    namespace, and its clock stands where the trace says.

    \b
    Examples:
      flue replay flue-divergences/
      flue replay recorded.jsonl --engine fakeredis
      flue replay traces/ --url redis://127.0.0.1:6379/0 --json

    \b
    Exit codes: 0 everything agrees, 1 something does not, 2 bad use or nothing could be run, 130 interrupted.
    """
    traces = {path: _read(path) for path in _files(paths)}
    with engines_at_hand(kinds, url) as at_hand:
        results = asyncio.run(_run(at_hand.engines, traces))
    click.echo(_as_json(results, traces, at_hand) if as_json else "\n".join(_lines(results, traces, at_hand)))
    ctx.exit(int(any(result.mismatches for result in results)))


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        found = sorted(path.rglob("*.jsonl"))
        if not found:
            raise CannotRunError(f"{path}: there is no *.jsonl in this folder")
        yield from found


def _read(path: Path) -> Trace:
    """A trace that can be run from its first line to its last."""
    try:
        trace = read_trace(path)
    except TraceError as error:
        raise CannotRunError(error) from error
    except OSError as error:
        raise CannotRunError(f"{path}: {error.strerror or error}") from error
    last = 0
    for line, operation in enumerate(trace.operations, 2):
        if reason := _not_runnable(operation, last):
            raise CannotRunError(f"{path}: line {line}: {reason}")
        last = operation["at"]
    return trace


def _not_runnable(operation: Operation, last: int) -> str | None:
    """Why an operation of a trace cannot even be tried; `last` is the time of the one before it."""
    if operation["at"] < last:
        return f"at is {operation['at']}, which is before {last}"
    if not isinstance(operation.get("client", 0), int):
        return "client is no number"
    return next(filter(None, map(_not_known, _with_those_within(operation))), None)


def _with_those_within(operation: Json) -> Iterator[Json]:
    """An operation, and those that a deletion's callback or a live step holds."""
    yield operation
    args = operation.get("args") if isinstance(operation, dict) else None
    for arg in args if isinstance(args, list) else ():
        if operation.get("op") in LIVE and isinstance(arg, list):
            for each in arg:
                yield from _with_those_within(each)
        if isinstance(arg, dict) and "$tree" in arg:
            during = arg.get("during", [])
            inner = [*(during if isinstance(during, list) else [during]), *([arg["beside"]] if "beside" in arg else [])]
            for each in inner:
                yield from _with_those_within(each)


def _not_known(operation: Json) -> str | None:
    op, args = (operation.get("op"), operation.get("args")) if isinstance(operation, dict) else (None, None)
    if not isinstance(op, str) or not isinstance(args, list):
        return f"{shown(operation)} is no operation"
    for arg in args if op == "submissions.deleteSession" else ():
        if isinstance(arg, dict) and arg.get("$tree", "ok") not in CALLBACKS:
            return f"there is no callback {shown(arg['$tree'])}, only {', '.join(CALLBACKS)}"
    if op in LIVE:
        return None if _is_live(args) else f"the args of {op} are not [path, offset, [operation with a client, ...]]"
    if op in DISTURBANCES:
        return None if len(args) == len(DISTURBANCES[op]) else f"the args of {op} are not {', '.join(DISTURBANCES[op])}"
    if op not in declared_outcomes() and op not in BULK:
        return f"there is no operation {op!r}"
    if op in BULK and [type(arg) for arg in args] != [str, int, int]:
        return f"the args of {op} are not [name, count, start]"
    return None


def _is_live(args: list[Json]) -> bool:
    return (
        len(args) == len(LIVE["live.follow"])
        and isinstance(args[2], list)
        and all(isinstance(each, dict) and isinstance(each.get("client"), int) for each in args[2])
    )


async def _run(engines: Sequence[EngineAtHand], traces: dict[Path, Trace]) -> list[_EngineResult]:
    results = [_EngineResult(engine) for engine in engines]
    with progress_bar("traces", len(traces) * len(engines)) as advance:
        for result in results:
            engine = result.engine.open()
            for path, trace in traces.items():
                if mismatches := await _mismatches(engine, trace):
                    result.mismatches[path] = mismatches
                advance(f"{result.engine.name}, {sum(each.count for each in results):,} mismatches")
    return results


async def _mismatches(engine: Engine, trace: Trace) -> list[Mismatch]:
    clock = _TraceClock()
    numbers = count(1)
    namespace = await engine.open(clock, lambda: f"id-{next(numbers):06}")

    def adapter(client: int, trace_clock: ManualClock) -> Adapter:
        clock.follows = trace_clock
        return namespace.adapter(client)

    try:
        return await replay_trace(trace, adapter, namespace.disturb if isinstance(namespace, Disturbable) else None)
    except TraceError as error:
        raise CannotRunError(error) from error
    finally:
        with suppress(RedisError):  # the server may have ended; what is left goes with the prefix of the engine
            await namespace.close()


class _TraceClock:
    """The clock of a replay, which is made after the namespace that needs it."""

    def __init__(self) -> None:
        self.follows = ManualClock()

    def __call__(self) -> int:
        return self.follows()


def _as_json(results: Sequence[_EngineResult], traces: dict[Path, Trace], at_hand: EnginesAtHand) -> str:
    return json.dumps(
        {
            "finding": any(result.mismatches for result in results),
            "traces": len(traces),
            "operations": _operations(traces),
            "engines": [
                {
                    "name": result.engine.name,
                    "version": result.engine.version,
                    "tracesAgreed": len(traces) - len(result.mismatches),
                    "operationsAgreed": _operations(traces) - result.count,
                    "mismatches": [
                        {
                            "trace": str(path),
                            "index": mismatch.index,
                            "operation": mismatch.operation,
                            "expected": mismatch.expected,
                            "got": mismatch.got,
                        }
                        for path, mismatches in result.mismatches.items()
                        for mismatch in mismatches
                    ],
                }
                for result in results
            ],
            "notAtHand": at_hand.missing,
        },
        indent=2,
    )


def _lines(results: Sequence[_EngineResult], traces: dict[Path, Trace], at_hand: EnginesAtHand) -> Iterator[str]:
    for result in results:
        for path, mismatches in result.mismatches.items():
            title = printable(f"{result.engine.name}: {path}: {traces[path].title}")
            yield click.style(title, fg="red", bold=True)
            for mismatch in mismatches[:_SHOWN_MISMATCHES]:
                yield f"  operation {mismatch.index} (line {mismatch.index + 2}): {mismatch.operation['op']}"
                yield f"    args      {shown(mismatch.operation['args'])}"
                yield f"    expected  {shown(mismatch.expected)}"
                yield f"    got       {shown(mismatch.got)}"
            if len(mismatches) > _SHOWN_MISMATCHES:
                yield f"  and {len(mismatches) - _SHOWN_MISMATCHES:,} more; --json shows them all"
            yield ""
    operations = _operations(traces)
    width = max(len(result.engine.name) for result in results)
    for result in results:
        agreed = len(traces) - len(result.mismatches)
        text = (
            f"{result.engine.name:<{width}}  {agreed:,} of {len(traces):,} traces agree,"
            f" {operations - result.count:,} of {operations:,} operations"
        )
        yield click.style(text, fg="red" if result.mismatches else "green", bold=True)
    for kind, reason in at_hand.missing.items():
        yield f"not at hand: {kind}: {reason}"


def _operations(traces: dict[Path, Trace]) -> int:
    return sum(len(trace.operations) for trace in traces.values())
