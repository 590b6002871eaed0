"""What a process remembers of entries of session documents: their JSON texts, and the values of these."""

import marshal
from collections import OrderedDict
from typing import Final

from flue_memdb.contract.json_text import Json
from flue_memdb.contract.limits import MAX_JSON_DEPTH
from flue_valkey.documents import LEVELS_AROUND, entry_text, entry_value

_OVERHEAD: Final = 200
_SCALARS: Final = frozenset({str, int, float, bool, type(None)})
_FORMAT: Final = 2  # of marshal: in this one equal values, down to the types and the order of keys, have equal bytes


class _Memo:
    """What was made of some bytes, for those used last. Where all would take over `limit_bytes`, the others go."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self.bytes = 0
        self._made: OrderedDict[bytes, bytes] = OrderedDict()

    def get(self, given: bytes) -> bytes | None:
        """What was made of it; None if that is not remembered."""
        if given in self._made:
            self._made.move_to_end(given)
        return self._made.get(given)

    def put(self, given: bytes, made: bytes) -> None:
        """Remembers what was made of bytes of which nothing is remembered."""
        self._made[given] = made
        self.bytes += _cost(given, made)
        while self.bytes > self._limit_bytes:
            self.bytes -= _cost(*self._made.popitem(last=False))


class Entries:
    """Turns entries into texts and back, and remembers both: between two saves of a document most stay as they are.

    A value is remembered as bytes, so that each caller has its own, which it may change.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._remembers = limit_bytes > 0
        self._texts = _Memo(limit_bytes // 2)
        self._values = _Memo(limit_bytes // 2)

    @property
    def remembered_bytes(self) -> int:
        """About how much memory is taken."""
        return self._texts.bytes + self._values.bytes

    def text(self, entry: dict[str, Json], place: str) -> bytes:
        """The text of an entry that was checked; `place` names it in errors."""
        given = _packed(entry) if self._remembers and _is_plain(entry, MAX_JSON_DEPTH - LEVELS_AROUND) else None
        text = self._texts.get(given) if given else None
        if text is None:
            text = entry_text(entry, place)
            if given:
                self._texts.put(given, text)
        return text

    def value(self, text: bytes) -> dict[str, Json]:
        """The entry of a text; a `ValueError` says why that is none."""
        packed = self._values.get(text)
        if packed:
            remembered: dict[str, Json] = marshal.loads(packed)  # noqa: S302 - it was made here
            return remembered
        value = entry_value(text)
        if self._remembers and (packed := _packed(value)):
            self._values.put(text, packed)
        return value


def _is_plain(container: Json, room: int) -> bool:
    """Whether it holds plain values only, nested at most `room` levels.

    It stops at the first place that is too deep, as `json_text` does. marshal would go on to the end, which in a list
    that holds itself twice is never reached.
    """
    if room == 0:
        return False
    for item in container.values() if type(container) is dict else container:
        kind = type(item)
        if kind is dict or kind is list:
            if not _is_plain(item, room - 1):
                return False
        elif kind not in _SCALARS:
            return False
    return True


def _packed(value: Json) -> bytes | None:
    """The value as bytes; None where there are none, as for subclasses of the plain types."""
    try:
        return marshal.dumps(value, _FORMAT)
    except ValueError:
        return None


def _cost(given: bytes, made: bytes) -> int:
    return len(given) + len(made) + _OVERHEAD
