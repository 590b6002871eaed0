"""What a process remembers of the session documents that it saved and loaded last."""

from collections import OrderedDict
from dataclasses import dataclass
from itertools import islice
from typing import Final

from flue_valkey.scripts import Value
from flue_valkey.store import parts

_COMPARED_ENTRIES: Final = 16  # as in is_as_known.lua


@dataclass(frozen=True, slots=True)
class Generation:
    """A generation of a session document. Nobody changes it once it is published.

    `fields` are in the order `session`, `entryCount`, `entry:0` and so on.
    """

    name: str
    fields: dict[bytes, bytes]

    def marks(self) -> dict[str, Value]:
        """By what a script tells whether this is the published one, and undamaged."""
        texts = (
            [self.fields[b"session"], *islice(self.fields.values(), 2, 2 + _COMPARED_ENTRIES)] if self.fields else []
        )
        return {"known": self.name, "known_fields": len(self.fields), "known_bytes": sum(map(len, texts))}


UNKNOWN: Final = Generation("", {})


class SessionCache:
    """The generations that a process knows. Those used least recently go when all cost over `limit_bytes`."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._cost_bytes = 0
        self._known: OrderedDict[str, Generation] = OrderedDict()

    def get(self, session_key: str) -> Generation:
        """What is known of a session; `UNKNOWN` if nothing is."""
        if session_key not in self._known:
            return UNKNOWN
        self._known.move_to_end(session_key)
        return self._known[session_key]

    def put(self, session_key: str, generation: Generation) -> None:
        """Remembers a session's generation in place of the one before."""
        if generation is self.get(session_key):
            return
        self.forget(session_key)
        self._known[session_key] = generation
        self._cost_bytes += parts.cost(generation.fields.items())
        while self._cost_bytes > self._limit_bytes:
            self.forget(next(iter(self._known)))

    def forget(self, session_key: str) -> None:
        """From now on nothing is known of the session."""
        generation = self._known.pop(session_key, UNKNOWN)
        self._cost_bytes -= parts.cost(generation.fields.items())
