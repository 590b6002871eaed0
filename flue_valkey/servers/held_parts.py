"""What the replies of scripts that work in parts hold, and what it counts: as `flue_valkey.store.parts` says."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeAlias

_USUAL_ID = 100  # bytes; what a longer one counts, it counts for the rest
_A_FIELD = 500
_UNSEEN = 100


class Thing(NamedTuple):
    """What it counts."""

    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Part:
    """What a part holds, as far as its reply shows; whether another one follows; whether it is `is_full`: it holds as
    many things as were asked for, so that its budget need not be spent; and in what its reply contradicts itself."""

    things: Sequence[Thing] = ()
    goes_on: bool = False
    is_full: bool = False
    contradiction: str = ""


Values: TypeAlias = Mapping[str, Any]
"""What the script was given, by name; `rest`: what follows; `gone`: the entries that it took from its indexes."""


def _about(estimate: float, exact: float = 0) -> Thing:
    return Thing(exact + estimate / 2, exact + estimate * 2)


def _exactly(count: int) -> Thing:
    return Thing(count, count)


def _beyond(id_: bytes) -> int:
    return max(0, len(id_) - _USUAL_ID)


def _session(reply: list[Any], values: Values) -> Part:
    if reply[0] != b"part":
        return Part()
    # Only the first part, which is asked for without a place to begin at, has the head.
    again = "it gives the head again" if int(values.get("at", 0)) and b"entryCount" in reply[3::2] else ""
    counts = [(name, _A_FIELD + len(text)) for name, text in zip(reply[3::2], reply[4::2], strict=True)]
    head = sum(count for name, count in counts if not name.startswith(b"entry:"))
    entries = [count for name, count in counts if name.startswith(b"entry:")]
    # The head comes with the first entry, however large both are.
    things = [head + sum(entries[:1]), *entries[1:]]
    return Part([_exactly(count) for count in things], goes_on=reply[2] != b"", contradiction=again)


def _events(reply: list[Any], values: Values) -> Part:
    if reply[0] != b"read":
        return Part()
    _, after, next_sequence, _, texts = reply
    asked = min(int(values["limit"]), int(next_sequence) - 1 - int(after))
    return Part([_exactly(len(text or b"")) for text in texts], goes_on=len(texts) < asked)


def _segments(reply: list[Any], _: Values) -> Part:
    if reply[0] == b"gaps":
        names = sorted(reply[1], key=lambda name: (len(name), name))
        needless = (
            "it names gaps where there is none" if names == [b"%d" % index for index in range(len(names))] else ""
        )
        # Of the budget, what came before the gap was spent as well.
        return Part(_texts(reply[2]), len(reply[2]) < len(names), is_full=True, contradiction=needless)
    return Part(_texts(reply[1]), goes_on=reply[0] == b"more") if reply[0] in (b"more", b"last") else Part()


def _named_segments(reply: list[Any], values: Values) -> Part:
    return Part(_texts(reply[1]), goes_on=len(reply[1]) < len(values["rest"])) if reply[0] == b"read" else Part()


def _texts(texts: list[bytes | None]) -> list[Thing]:
    return [_exactly(_A_FIELD + len(text or b"")) for text in texts]


def _runs(reply: list[Any], values: Values) -> Part:
    if reply[0] not in (b"more", b"last"):
        return Part()
    # With both filters, it looks at more than it gives.
    unseen = [Thing(0, _UNSEEN)] if values["status"] and values["workflow_name"] else []
    things = [_about(_beyond(run_id) / 20, exact=1) for run_id, _ in reply[1]]
    return Part([*unseen, *things], reply[0] == b"more", is_full=len(things) == int(values["limit"]))


def _deletions(reply: list[Any], _: Values) -> Part:
    if reply[0] not in (b"more", b"last"):
        return Part()
    things = [_about(_beyond(session_key) / 100, exact=1) for session_key in reply[1]]
    return Part([Thing(0, _UNSEEN), *things], goes_on=reply[0] == b"more")


def _submissions(reply: list[Any], _: Values) -> Part:
    """A listing of submissions by their status; of those that it looked at, some may not be in the reply."""
    if reply[0] != b"part":
        return Part()
    things = [Thing(0, _UNSEEN * 30)]
    for submission_id, row, *payload in reply[2]:
        fields = _fields(row)
        texts = _fields(payload[0]).values() if payload else [fields.get(b"terminalEvent", b"")]
        things.append(_about(30 + _beyond(submission_id) / 10 + sum(map(len, texts)) / 1_000))
    return Part(things, goes_on=reply[1] != b"")


def _heads(reply: list[Any], values: Values) -> Part:
    """The same of heads of sessions, each of another one, whose keys count, too."""
    part = _submissions(reply, values)
    sessions = [_fields(row).get(b"sessionKey", b"") for _, row, *_ in reply[2]] if part.things else []
    things = [_plus(thing, _about(_beyond(key) / 10)) for thing, key in zip(part.things[1:], sessions, strict=True)]
    return Part([*part.things[:1], *things], part.goes_on)


def _plus(thing: Thing, other: Thing) -> Thing:
    return Thing(thing.least + other.least, thing.most + other.most)


def _fields(flat: bytes | list[bytes]) -> dict[bytes, bytes]:
    return dict(zip(flat[::2], flat[1::2], strict=True)) if isinstance(flat, list) else {}


def _deleted(reply: list[Any], values: Values) -> Part:
    """Of a deletion: `gone` names the submissions that went with it; of those that stay, only how many shows."""
    goes_on = reply[0] == b"more"
    things = [_about(_beyond(submission_id) / 250, exact=1) for submission_id in values["gone"]]
    stay = [Thing(1, _UNSEEN)] * (int(reply[1]) - int(values["kept"])) if goes_on else []
    return Part([*stay, *things], goes_on)


def _ghosts(reply: list[Any], values: Values) -> Part:
    """Of the question whether anything is unsettled: `gone` names the entries without a row that it took away."""
    return Part([_about(10 + _beyond(submission_id) / 10) for submission_id in values["gone"]], reply[0] == b"part")


HELD: Final[dict[str, tuple[str, Callable[[list[Any], Values], Part]]]] = {
    "finish_session_deletion": ("limit", _deleted),
    "get_named_segments": ("budget", _named_segments),
    "get_stream_chunk_segments": ("budget", _segments),
    "has_unsettled_submissions": ("budget", _ghosts),
    "list_expired_submissions": ("budget", _submissions),
    "list_pending_session_deletions": ("looks", _deletions),
    "list_pending_terminal_outboxes": ("budget", _submissions),
    "list_runnable_submissions": ("budget", _heads),
    "list_running_submissions": ("budget", _submissions),
    "list_runs": ("looks", _runs),
    "read_events": ("budget", _events),
    "session_load": ("budget", _session),
    "session_load_more": ("budget", _session),
}
"""Per script, what its budget is called, and how its reply is read."""
