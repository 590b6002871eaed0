"""Image data, which is stored beside its JSON document in chunks, with a marker in its place."""

from typing import Any

from flue_memdb.contract.errors import InvalidPayloadError
from flue_memdb.contract.json_text import Json, joined
from flue_memdb.contract.limits import IMAGE_CHUNK_UNITS, MAX_IMAGE_UNITS

_MARKER = "__flue_image_chunks__:"
_UNIT_BYTES = 2

Chunk = dict[str, Any]
"""One piece of an image's data: `imageId`, `index`, `count` and `data`."""


def check_images(blocks: list[Json], operation: str, name: str) -> None:
    """No image among the blocks has more than 14,680,064 UTF-16 units; else an `InvalidPayloadError`."""
    for index, block in enumerate(blocks):
        if _is_image(block) and _units(block["data"]) > MAX_IMAGE_UNITS:
            raise InvalidPayloadError(
                operation,
                f"{name}[{index}]['data']",
                f"has {_units(block['data']):,} UTF-16 units",
                f"give an image of at most {MAX_IMAGE_UNITS:,}",
            )


def detach_images(blocks: list[Json]) -> tuple[list[Json], list[Chunk]]:
    """The blocks with a marker for the data of each image, and the chunks of that data."""
    marked: list[Json] = []
    chunks: list[Chunk] = []
    image = 0
    for block in blocks:
        if not _is_image(block):
            marked.append(block)
            continue
        pieces = _pieces(block["data"])
        chunks += [
            {"imageId": str(image), "index": index, "count": len(pieces), "data": piece}
            for index, piece in enumerate(pieces)
        ]
        marked.append({**block, "data": f"{_MARKER}{image}"})
        image += 1
    return marked, chunks


def attach_images(blocks: Json, chunks: list[Chunk]) -> Json:
    """The blocks with each marker replaced by its data; a `ValueError` unless markers and chunks fit one to one."""
    images = _reassembled(chunks)
    marked = [_image_of(block) for block in blocks if _is_marked(block)] if isinstance(blocks, list) else []
    if sorted(marked) != sorted(images):
        raise ValueError("the image chunks do not fit the markers in the document")
    if not marked:
        return blocks
    return [{**block, "data": images[_image_of(block)]} if _is_marked(block) else block for block in blocks]


def entry_content(entry: Json) -> list[Json] | None:
    """The blocks of a session entry in which images are looked for, or None where it can hold none."""
    if not isinstance(entry, dict) or entry.get("type") != "message":
        return None
    message = entry.get("message")
    if not isinstance(message, dict) or message.get("role") not in ("user", "toolResult"):
        return None
    content = message.get("content")
    return content if isinstance(content, list) else None


def with_entry_content(entry: dict[str, Json], content: list[Json]) -> dict[str, Json]:
    """The session entry with other blocks in place of its own."""
    return {**entry, "message": {**entry["message"], "content": content}}


def _is_image(block: Json) -> bool:
    return isinstance(block, dict) and block.get("type") == "image" and isinstance(block.get("data"), str)


def _is_marked(block: Json) -> bool:
    return _is_image(block) and bool(block["data"].startswith(_MARKER))


def _image_of(marked: dict[str, Json]) -> str:
    return str(marked["data"].removeprefix(_MARKER))


def _units(data: str) -> int:
    return len(data) if data.isascii() else len(data.encode("utf-16-le", "surrogatepass")) // _UNIT_BYTES


def _pieces(data: str) -> list[str]:
    if data.isascii():
        return [data[at : at + IMAGE_CHUNK_UNITS] for at in range(0, len(data), IMAGE_CHUNK_UNITS)] or [""]
    encoded, step = data.encode("utf-16-le", "surrogatepass"), IMAGE_CHUNK_UNITS * _UNIT_BYTES
    return [encoded[at : at + step].decode("utf-16-le", "surrogatepass") for at in range(0, len(encoded), step)]


def _reassembled(chunks: list[Chunk]) -> dict[str, str]:
    pieces: dict[str, dict[int, str]] = {}
    counts: dict[str, int] = {}
    for chunk in chunks:
        if not isinstance(chunk, dict):
            raise ValueError("an image chunk is malformed")
        image, index, count, data = (chunk.get(field) for field in ("imageId", "index", "count", "data"))
        if not (isinstance(image, str) and isinstance(index, int) and isinstance(count, int) and isinstance(data, str)):
            raise ValueError("an image chunk is malformed")
        if counts.setdefault(image, count) != count or index in pieces.setdefault(image, {}):
            raise ValueError(f"the chunks of image {image!r} contradict one another")
        pieces[image][index] = data
    for image, parts in pieces.items():
        if len(parts) != counts[image] or any(not 0 <= index < counts[image] for index in parts):
            raise ValueError(f"chunks of image {image!r} are missing")
    return {image: joined("".join(parts[index] for index in sorted(parts))) for image, parts in pieces.items()}
