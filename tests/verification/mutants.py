"""References with one line broken, to see whether a differential run finds it."""

from flue_memdb.verification import ReferenceEngine
from tools.mutation.broken_reference import BrokenReference
from tools.mutation.mutant import ROOT


class BrokenEngine(BrokenReference):
    """The reference, with `old` replaced by `new` in one of its files; `old` must stand there exactly once."""

    def __init__(self, file: str, old: str, new: str) -> None:
        path = f"flue_memdb/{file}"
        source = (ROOT / path).read_text(encoding="utf-8")
        assert source.count(old) == 1, f"{file} holds {old!r} {source.count(old)} times"
        super().__init__({path: source.replace(old, new)})


class SecondReference(ReferenceEngine):
    """The reference under another name."""

    name = "second"
