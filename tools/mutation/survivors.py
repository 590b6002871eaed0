"""The list of those mutants that the differential run need not catch, each with the reason."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

_LIST = Path(__file__).parent / "survivors.toml"

Key = tuple[str, str, str, int]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a mutant may survive: it cannot matter, or a test catches it that is no differential run."""

    text: str
    caught_by: str | None


def listed(path: Path = _LIST) -> dict[Key, Reason]:
    """The reasons by the keys of their mutants."""
    with path.open("rb") as file:
        document = tomllib.load(file)
    return {
        (group["file"], change["old"], change["new"], change.get("nth", 1)): Reason(
            group["reason"], group.get("caught_by")
        )
        for group in document["survivors"]
        for change in group["changes"]
    }
