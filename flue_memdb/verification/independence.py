"""Which calls can have to do with one another: a history falls into parts that are explained each by itself."""

from collections import defaultdict

from flue_memdb.contract import Json
from flue_memdb.verification.histories import Call, History

_SUBMISSIONS = "submissions"
_MARKERS = "markers"
_RUNS = "runs"


def parts(history: History) -> list[History]:
    """The history in parts that share nothing, each in the order of the whole."""
    groups: dict[str, list[Call]] = defaultdict(list)
    for call in history.calls:
        groups[_subject(call)].append(call)
    return [History(history.at, calls) for calls in groups.values()]


def _subject(call: Call) -> str:
    """What the call is about. Submissions are one subject: they are numbered together, and listed together."""
    store, method = call.operation["op"].split(".")
    if store in ("sessions", "events"):
        return f"{store} {_first(call)}"
    if store == "runs":
        return _RUNS
    if "AttemptMarker" in method:
        return _MARKERS
    # A journal's stream goes with its submission, so segments belong to submissions where a session is deleted.
    return _SUBMISSIONS


def _first(call: Call) -> Json:
    return next(iter(call.operation["args"]), None)
