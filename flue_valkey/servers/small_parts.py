"""Parts as small as they can be, for this whole process: what goes in one part elsewhere goes in many."""

from typing import Final

from flue_valkey.store import parts

_USUAL: Final = {
    name: vars(parts)[name] for name in ("BYTES", "MICROSECONDS", "RUNS", "LOOKS", "LEASES", "SETTLED_SUBMISSIONS")
}


def use_smallest_parts() -> None:
    """From now on each part holds one thing."""
    vars(parts).update(dict.fromkeys(_USUAL, 1))


def use_usual_parts() -> None:
    """From now on parts are as large as they are elsewhere."""
    vars(parts).update(_USUAL)
