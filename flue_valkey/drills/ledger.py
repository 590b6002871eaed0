"""The ledger: each call that a client made, in a file that outlives client and server."""

import json
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from flue_memdb.verification.histories import Call


class Ledger:
    """One process's file of calls; each is handed to the operating system when it is written."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")

    def write(self, call: Call) -> None:
        """Adds a call. One without an answer is a call of which nobody knows what became."""
        line = {"client": call.client, **call.operation, "began": call.began, "ended": call.ended}
        self._file.write(json.dumps({**line, "answer": call.answer}) + "\n")
        self._file.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def read_ledgers(paths: Iterable[Path]) -> list[Call]:
    """The calls of all files, by their beginning.

    A process that is killed while it writes a call leaves the beginning of a line. That call is left out, like one that
    it did not live to write.
    """
    written = [path.read_text("utf-8").split("\n")[:-1] for path in paths if path.exists()]
    return sorted((_call(line) for lines in written for line in lines), key=lambda call: call.began)


def _call(line: str) -> Call:
    entry = json.loads(line)
    operation = {"op": entry["op"], "args": entry["args"]}
    return Call(entry["client"], operation, entry["began"], entry["ended"], entry["answer"])
