"""The layout of a namespace: every key by name, with its type and the ids that it is made of."""

import base64
import re
from binascii import b2a_base64
from dataclasses import dataclass
from typing import Final

PREFIX: Final = "flue"

_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")
_COUNT: Final = {"hash": "HLEN", "set": "SCARD", "string": "STRLEN", "zset": "ZCARD"}


@dataclass(frozen=True, slots=True)
class Key:
    """A kind of key: its text behind the prefix, in which `{id}` stands for that id in base64url, and its type."""

    text: str
    type: str

    @property
    def count(self) -> str:
        """The command that counts what the key holds. It refuses a key of another type."""
        return _COUNT[self.type]

    @property
    def form(self) -> str:
        """The text as a form for `%`, which fills it in faster than `format_map`."""
        return re.sub(r"\{(\w+)\}", r"%(\1)s", self.text)

    @property
    def ids(self) -> tuple[str, ...]:
        """The names of the ids that the key is made of."""
        return tuple(re.findall(r"\{(\w+)\}", self.text))


LAYOUT: Final[dict[str, Key]] = {
    "meta": Key("meta", "hash"),
    "sequence": Key("sequence:admission", "string"),
    "session": Key("session:{session_key}", "hash"),
    "session_generation": Key("session-generation:{session_key}:{generation}", "hash"),
    "session_generations": Key("session-generations:{session_key}", "zset"),
    "session_readers": Key("session-readers:{session_key}", "hash"),
    "session_superseded": Key("py:superseded:{session_key}", "set"),
    "session_staged": Key("py:staged:{session_key}:{generation}", "hash"),
    "submission": Key("submission:{submission_id}", "hash"),
    "submission_generation": Key("submission-generation:{submission_id}:{generation}", "hash"),
    "submission_generations": Key("submission-generations:{submission_id}", "zset"),
    "submission_readers": Key("submission-readers:{submission_id}", "hash"),
    "submissions": Key("submissions", "zset"),
    "submissions_order": Key("submissions:order", "zset"),
    "queued": Key("submissions:status:queued", "zset"),
    "running": Key("submissions:status:running", "zset"),
    "terminalizing": Key("submissions:status:terminalizing", "zset"),
    "settled": Key("submissions:status:settled", "zset"),
    "session_submissions": Key("session-submissions:{session_key}", "zset"),
    "session_unsettled": Key("session-unsettled:{session_key}", "zset"),
    "journal": Key("journal:{submission_id}", "hash"),
    "journals": Key("journals", "set"),
    "stream_segments": Key("stream-segments:{stream_key}", "hash"),
    "stream_segment_keys": Key("stream-segment-keys", "set"),
    "deletion": Key("deletion:{session_key}", "hash"),
    "deletions": Key("deletions", "zset"),
    "deletion_done": Key("py:deletion-done:{owner_id}", "string"),
    "deletion_heir": Key("py:deletion-heir:{owner_id}", "string"),
    "receipt": Key("receipt:{submission_id}", "hash"),
    "marker": Key("marker:{submission_id}:{attempt_id}", "hash"),
    "markers": Key("markers", "set"),
    "run": Key("run:{run_id}", "hash"),
    "runs": Key("runs", "zset"),
    "runs_active": Key("runs:status:active", "zset"),
    "runs_completed": Key("runs:status:completed", "zset"),
    "runs_errored": Key("runs:status:errored", "zset"),
    "runs_statuses": Key("runs:statuses", "set"),
    "runs_workflow": Key("runs-workflow:{workflow_name}", "zset"),
    "event": Key("event:{path}", "hash"),
    "event_entries": Key("event-entries:{path}", "hash"),
    "event_order": Key("event-order:{path}", "zset"),
    "event_keys": Key("event-keys:{path}", "hash"),
    "events": Key("events", "set"),
}


def base64url(text: str) -> str:
    """The UTF-8 text in base64url without padding."""
    return b2a_base64(text.encode(), newline=False).translate(_URL_SAFE, b"=").decode()


def from_base64url(text: str) -> str:
    """The text of `base64url`; a `ValueError` if it is none."""
    decoded = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()
    if base64url(decoded) != text:
        raise ValueError(f"{text!r} is no canonical base64url")
    return decoded


def key(prefix: str, name: str, **ids: str) -> str:
    """The key of that name: `key("flue", "submission", submission_id="d1")` is `flue:submission:ZDE`."""
    return f"{prefix}:{LAYOUT[name].text.format_map({id_: base64url(value) for id_, value in ids.items()})}"
