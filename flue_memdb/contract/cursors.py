"""Cursors of run pages: the place after a run, as opaque text."""

import base64
from typing import NamedTuple

from flue_memdb.contract.errors import InvalidCursorError, InvalidTimestampError
from flue_memdb.contract.json_text import json_text, parse_json
from flue_memdb.contract.timestamps import parse_timestamp


class RunPosition(NamedTuple):
    """A place in the order of runs: after every run that is newer, and after the run with this id at this instant."""

    started_ms: int
    run_id: str


def encode_cursor(started_at: str, run_id: str) -> str:
    """The cursor behind a run: base64url without padding of `{"s": started_at, "r": run_id}` as JSON text."""
    text = json_text({"s": started_at, "r": run_id})
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def decode_cursor(value: object, operation: str = "decode_cursor") -> RunPosition:
    """The position of a cursor; one that does not decode strictly is an `InvalidCursorError`."""
    try:
        if not isinstance(value, str):
            raise ValueError("no text")
        decoded = base64.b64decode(value + "=" * (-len(value) % 4), altchars=b"-_", validate=True)
        if base64.urlsafe_b64encode(decoded).rstrip(b"=").decode() != value:
            raise ValueError("no canonical base64url")
        document = parse_json(decoded.decode())
        if not isinstance(document, dict) or not isinstance(document.get("r"), str):
            raise ValueError("no run id")
        document["r"].encode()
        return RunPosition(parse_timestamp(document.get("s"), operation), document["r"])
    except (ValueError, InvalidTimestampError):
        raise InvalidCursorError(operation, value) from None
