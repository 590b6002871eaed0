"""Bad input: a good call with one value damaged, and values at the edge of what is good."""

import copy
from collections.abc import Iterator
from typing import Any

from flue_memdb.contract import Json
from flue_memdb.verification.naming import argument_names, field_names
from flue_memdb.verification.world import Call, World

_IDS: tuple[Json, ...] = (
    "",
    "\ud800",
    "a\udfff",
    None,
    7,
    {"$repeat": ["a", 4_097]},
    {"$repeat": ["é", 2_048, "a", 1]},
    {"$repeat": ["a", 4_096]},
    {"$repeat": ["é", 2_048]},
    {"$value": "word"},
)
_KEYS: tuple[Json, ...] = (
    *_IDS[:5],
    {"$repeat": ["€", 10_922, "ab", 1]},
    {"$repeat": ["€", 10_923]},
    _IDS[5],
    _IDS[-1],
)
_NUMBERS: tuple[Json, ...] = (
    -1,
    2**53,
    2**53 - 1,
    0,
    True,
    False,
    None,
    1.5,
    "1",
    {"$float": "1.0"},
    {"$value": "huge_int"},
    {"$value": "number"},
)
_TIMESTAMPS: tuple[Json, ...] = (
    "",
    "yesterday",
    "2026-02-29",
    "2024-02-29",
    "2026-06-03T09:30",
    "2026-06-03T09:30Z ",
    "2026-06-03t09:30:00z",
    "2026-06-03T24:00:00Z",
    "2026-06-03T24:00:01Z",
    "2026-06-03T09:60:00Z",
    "2026-06-03T23:59:60Z",
    "2026-06-03T09:30:00+24:00",
    "2026-06-03Z",
    "20260603T093000Z",
    "٢٠٢٦-06-03",
    "0000-12-31T23:00:00-01:00",
    "0001-01-01T00:00:00+00:01",
    "9999-12-31T23:59:59-00:01",
    "\ud800",
    None,
    1_760_000_000_000,
)
_DOCUMENTS: tuple[Json, ...] = (
    {"$value": "huge_int"},
    {"$float": "nan"},
    {"$float": "inf"},
    {"$float": "-inf"},
    {"$value": "bytes"},
    {"$value": "object"},
    {"$value": "tuple"},
    {"$value": "set"},
    {"$value": "int_keys"},
    {"$value": "cycle"},
    {"$nested": 256},
    {"$nested": 257},
    {"a": [{"$float": "nan"}]},
    {"$nested": 253},
)
_WORDS: tuple[Json, ...] = ("", "Committed", "direct ", "queued", None, 1, True, ["direct"], {"$value": "word"})
_OFFSETS: tuple[Json, ...] = ("", "0", "-2", "NOW", "0" * 16, f"{0:016}_{1:015}", f"{1:016}_{1:016}", None, 0, "٠" * 16)
_CURSORS: tuple[Json, ...] = (
    "",
    "e30",
    "e30=",
    "!!!!",
    "é",
    "eyJzIjoiMjAyNi0wNi0wMyIsInIiOjF9",
    "eyJzIjoieCIsInIiOiJhIn0",
    "eyJzIjoiMjAyNi0wNi0wMyIsInIiOiJhIn1=",
    7,
    True,
)
_RECORDS: tuple[Json, ...] = (None, 7, "text", [], {}, {"$value": "object"})
_BLOCKS: tuple[Json, ...] = (
    None,
    {},
    {"type": "image", "data": "a"},
    {"type": "image", "mimeType": "a"},
    {"type": "picture", "data": "a", "mimeType": "a"},
    {"type": "image", "data": 7, "mimeType": "a"},
    {"type": "image", "data": {"$value": "bytes"}, "mimeType": "image/png"},
)
_TOO_LARGE: tuple[Json, ...] = ({"$repeat": ["A", 14_680_065]}, {"$repeat": ["A", 14_680_063, "😀", 1]})
_EXTRAS: tuple[Json, ...] = (
    None,
    "x-extra",
    [["x-extra", 1]],
    {"$value": "object"},
    *({name: "a"} for name in ("agent", "id", "kind", "input", "payload", "dispatchId", "submissionId", "acceptedAt")),
    {"traceCarrier": "a"},
)
_ENTRIES: tuple[Json, ...] = (None, 7, {}, [None], [{}], [{"id": ""}], [{"id": 7}], [{"id": "e"}, []])

_KINDS: dict[str, tuple[Json, ...]] = {
    **dict.fromkeys(("sessionKey", "streamKey", "eventKey", "key"), _KEYS),
    **dict.fromkeys(("leaseExpiresAt", "maxRetry", "timeoutAt", "segmentIndex", "durationMs", "limit"), _NUMBERS),
    **dict.fromkeys(("acceptedAt", "startedAt", "endedAt"), _TIMESTAMPS),
    **dict.fromkeys(
        ("input", "event", "toolRequest", "result", "error", "traceCarrier", "data", "payload"), _DOCUMENTS
    ),
    **dict.fromkeys(("kind", "phase", "status", "isError"), _WORDS),
    **dict.fromkeys(
        ("attempt", "claim", "durability", "lease", "journal", "run", "end", "dispatch", "direct"), _RECORDS
    ),
    "options": _RECORDS,
    "$extra": _EXTRAS,
    "cursor": _CURSORS,
    "entries": _ENTRIES,
    "body": (None, 7, "\ud800", {"$value": "bytes"}, {"$value": "word"}),
    "message": (None, 7, "\ud800", ["text"], {"$value": "word"}),
    "images": (None, 7, {}, "images"),
    "submissionIds": (None, "s1", {}, [""], [7], ["s1", "\ud800"]),
    "deleteSessionTree": (None, 7, {"$value": "object"}, {}),
}
_ALL: tuple[Json, ...] = (*_IDS, *_NUMBERS, *_TIMESTAMPS[:3], *_DOCUMENTS, *_RECORDS)

_READING = frozenset({"events.readEvents", "live.follow"})
"""The operations whose offset is where they begin, and not what they record."""

_Place = tuple[Any, Any, str]
"""A container in the arguments, an index or key in it, and the name of what stands there."""


def damaged(world: World, call: Call) -> Call:
    """The call with one of its values damaged, left out, or moved to an edge; as it is if it has no values."""
    op, args = copy.deepcopy(call)
    if argument_names(op)[-1:] == ("options",) and len(args) < len(argument_names(op)):
        args.append({})
    places = list(_places(op, args))
    if not places:
        return op, args
    if world.chance(0.15) and any(_damage_image(world, value) for _, value in _fields(args)):
        return op, args
    outer = [place for place in places if place[0] is args]
    container, index, name = world.pick(outer) if world.chance(0.3) else world.pick(world.pick(_by_kind(places)))
    removable = index == len(container) - 1 if isinstance(container, list) else index in container
    if removable and world.chance(0.25):
        del container[index]
    else:
        kind = _OFFSETS if name == "offset" and op in _READING else _KINDS.get(name, _IDS)
        container[index] = copy.deepcopy(world.pick(_ALL if world.chance(0.15) else kind))
    return op, args


def _by_kind(places: list[_Place]) -> list[list[_Place]]:
    """The places by the kind of what stands there, so that the one number among many ids has its share of damage."""
    kinds: dict[int, list[_Place]] = {}
    for place in places:
        kinds.setdefault(id(_KINDS.get(place[2], _IDS)), []).append(place)
    return list(kinds.values())


def _places(op: str, args: list[Json]) -> Iterator[_Place]:
    for index, (name, value) in enumerate(zip(argument_names(op), args, strict=False)):
        if name != "operations":  # which are calls of their own
            yield args, index, name
        if isinstance(value, dict) and "$tree" not in value:
            for key in dict.fromkeys([*value, *field_names(op, name)]):
                yield value, key, key
                # What is looked into deserves to be damaged as often as a field of its own.
                if key == "payload" and isinstance(value.get(key), dict):
                    yield from ((value[key], inner, inner) for inner in ("message", "images") if inner in value[key])


def _fields(args: list[Json]) -> Iterator[tuple[str, Json]]:
    for value in args:
        if isinstance(value, dict):
            yield from value.items()


def _damage_image(world: World, value: Json) -> bool:
    """Puts a bad block where images are looked for; False if there is no such place."""
    if isinstance(value, dict) and "message" in value:
        images = value.setdefault("images", [])
    elif isinstance(value, list):
        images = next((content for entry in value if (content := _content(entry)) is not None), None)
    else:
        return False
    if not isinstance(images, list):
        return False
    too_large = {"type": "image", "data": world.pick(_TOO_LARGE), "mimeType": "image/png"}
    images.append(too_large if world.chance(0.05) else copy.deepcopy(world.pick(_BLOCKS)))
    return True


def _content(entry: Json) -> Json:
    message = entry.get("message") if isinstance(entry, dict) else None
    return message.get("content") if isinstance(message, dict) else None
