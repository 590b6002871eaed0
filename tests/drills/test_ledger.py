"""The ledger outlives the process that writes it, wherever that is killed."""

from pathlib import Path

import pytest

from flue_memdb.verification.histories import Call
from flue_valkey.drills.ledger import Ledger, read_ledgers

CALLS = [
    Call(0, {"op": "runs.getRun", "args": ["a"]}, 1, 3, {"result": None}),
    Call(1, {"op": "runs.getRun", "args": ["line\nbreaks\u2028"]}, 2),
]


def ledger_of(folder: Path, calls: list[Call]) -> Path:
    with Ledger(folder / "ledger.jsonl") as ledger:
        for call in calls:
            ledger.write(call)
    return folder / "ledger.jsonl"


def test_calls_are_read_as_they_were_written(tmp_path: Path) -> None:
    assert read_ledgers([ledger_of(tmp_path, CALLS[::-1]), tmp_path / "of a process that did not begin"]) == CALLS


@pytest.mark.parametrize("cut", [1, 2, 40])
def test_a_call_that_a_kill_cut_short_is_left_out(tmp_path: Path, cut: int) -> None:
    path = ledger_of(tmp_path, CALLS)
    path.write_bytes(path.read_bytes()[:-cut])
    assert read_ledgers([path]) == CALLS[:1]
