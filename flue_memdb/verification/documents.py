"""Random documents: what the stores keep without looking into it, and what they do look into: images and timestamps."""

from random import Random

from flue_memdb.contract import Json, utc_text
from flue_memdb.contract.limits import IMAGE_CHUNK_UNITS
from flue_memdb.verification.pools import TEXTS

_SCALARS: tuple[Json, ...] = (
    None,
    True,
    False,
    0,
    1,
    -1,
    2**53 - 1,
    2**53 + 1,
    -(2**63),
    10**30,
    0.1,
    -1.5,
    1e21,
    1e-7,
    123456789012345680000.0,
    5e-324,
    1.7976931348623157e308,
    0.000001,
    {"$float": "1.0"},
    {"$float": "-0.0"},
    "\ud800",
    "\udc00\ud83d",
    "a\udfffb",
    {},
    [],
    *TEXTS,
)
_KEYS = (
    "a",
    "b",
    "é",
    "😀",
    "\ud800",
    "10",
    "9",
    "01",
    "4294967294",
    "4294967295",
    "-1",
    "",
    "__proto__",
    "entries",
    "id",
)
_RARE: tuple[Json, ...] = (
    {"$nested": 250},
    {"$repeat": ["x", 70_000]},
    {"$repeat": ["😀", 20_000, "\0", 10]},
    {"$float": "1e300"},
)
_DATA: tuple[Json, ...] = ("aGVsbG8=", "", "__flue_image_chunks__:0", "__flue_image_chunks__:1", "😀", "\ud83d", "é")
# A cut after 262,144 units falls inside the astral character, behind it, and before it.
_LARGE_DATA: tuple[Json, ...] = (
    {"$repeat": ["A", IMAGE_CHUNK_UNITS - 1, "😀", 2]},
    {"$repeat": ["😀", IMAGE_CHUNK_UNITS // 2, "B", 1]},
    {"$repeat": ["A", IMAGE_CHUNK_UNITS]},
    {"$repeat": ["A", IMAGE_CHUNK_UNITS, "\ude00", 1]},
    {"$repeat": ["A", IMAGE_CHUNK_UNITS * 2, "C", 7]},
)
_INSTANT_MS = 1_760_000_000_000


def document(rng: Random, depth: int = 3) -> Json:
    """Any JSON value; very seldom a large or a deep one."""
    if rng.random() < 0.004:
        return rng.choice(_RARE)
    kind = rng.random()
    if depth == 0 or kind < 0.5:
        return rng.choice(_SCALARS)
    if kind < 0.7:
        return [document(rng, depth - 1) for _ in range(rng.randrange(4))]
    return keyed_document(rng, depth)


def keyed_document(rng: Random, depth: int = 2) -> dict[str, Json]:
    """Any JSON object."""
    return {key: document(rng, depth - 1) for key in rng.sample(_KEYS, rng.randrange(4))}


def image(rng: Random) -> dict[str, Json]:
    """An image, seldom one of more than a chunk."""
    data = rng.choice(_LARGE_DATA) if rng.random() < 0.02 else rng.choice(_DATA)
    extra = {"alt": document(rng, 0)} if rng.random() < 0.3 else {}
    return {**extra, "type": "image", "data": data, "mimeType": rng.choice(("image/png", ""))}


def payload(rng: Random) -> dict[str, Json]:
    """The payload of a direct prompt."""
    made: dict[str, Json] = {"message": rng.choice(TEXTS)}
    if rng.random() < 0.4:
        made["images"] = [image(rng) for _ in range(rng.randrange(3))]
    if rng.random() < 0.3:
        made |= {"tags": document(rng)}
    return made


def session(rng: Random) -> dict[str, Json]:
    """A session document."""
    made: dict[str, Json] = {"entries": [_entry(rng) for _ in range(rng.randrange(5))]}
    return {**keyed_document(rng), **made} if rng.random() < 0.5 else {**made, **_without_entries(rng)}


def _without_entries(rng: Random) -> dict[str, Json]:
    return {key: value for key, value in keyed_document(rng).items() if key != "entries"}


def _entry(rng: Random) -> dict[str, Json]:
    entry: dict[str, Json] = {
        "id": rng.choice(("e1", "e2", "e3", "😀", "\ud800")),
        "parentId": rng.choice((None, "e1")),
    }
    kind = rng.random()
    if kind < 0.2:
        return {**entry, "type": "compaction", "summary": document(rng)}
    if kind < 0.3:
        return {**entry, **keyed_document(rng), "id": "e4"}
    role = rng.choice(("user", "toolResult", "assistant"))
    return {**entry, "type": "message", "message": {"role": role, "content": _content(rng)}}


def _content(rng: Random) -> Json:
    if rng.random() < 0.2:
        return document(rng)
    return [_block(rng) for _ in range(rng.randrange(4))]


def _block(rng: Random) -> Json:
    kind = rng.random()
    if kind < 0.5:
        return image(rng)
    if kind < 0.6:
        return {**image(rng), "data": document(rng, 0)}
    return {"type": "text", "text": rng.choice(TEXTS)} if kind < 0.9 else document(rng)


def timestamp(rng: Random) -> str:
    """A timestamp: a few instants, close to one another, in many forms."""
    if rng.random() < 0.05:
        return rng.choice(("0001-01-01", "9999-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z", "1970-01-01"))
    instant_ms = _INSTANT_MS + rng.choice((0, 0, 0, 1, -1, 60_000, 86_400_000))
    form = rng.randrange(6)
    if form == 0:
        return utc_text(instant_ms)
    if form == 1:
        return utc_text(instant_ms)[:-1]
    if form == 2:
        return utc_text(instant_ms)[:-1] + "9Z"
    offset_minutes = rng.choice((120, -330, 1439, -1439, 0))
    sign = "-" if offset_minutes < 0 else "+"
    hours, minutes = divmod(abs(offset_minutes), 60)
    if form == 3:
        return utc_text(instant_ms)[:16] + f"{sign}{hours:02}:{minutes:02}"
    return utc_text(instant_ms + offset_minutes * 60_000)[:-1] + f"{sign}{hours:02}:{minutes:02}"
