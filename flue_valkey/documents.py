"""Session documents as they lie in the database: a head without the entries, and a text for each of these."""

from collections.abc import Callable, Mapping
from typing import Final

from flue_memdb.contract.errors import quoted
from flue_memdb.contract.images import attach_images, detach_images, entry_content, with_entry_content
from flue_memdb.contract.json_text import Json, json_text, parse_json
from flue_valkey.rows import Row

LEVELS_AROUND: Final = 2
"""How deep an entry is nested in its document."""

_HEAD = (b"session", b"entryCount")


def entry_text(entry: dict[str, Json], place: str) -> bytes:
    """The text of an entry that was checked: with its image data beside it."""
    content = entry_content(entry)
    value, chunks = entry, "[]"
    if content:
        marked, pieces = detach_images(content)
        if pieces:
            value, chunks = with_entry_content(entry, marked), json_text(pieces)
    text = json_text(value, "save", place, depth=LEVELS_AROUND)
    return f'{{"id":{json_text(entry["id"])},"value":{text},"chunks":{chunks}}}'.encode()


def entry_value(text: bytes) -> dict[str, Json]:
    """The entry of a text, its image data in place; a `ValueError` says why that is none."""
    try:
        stored = parse_json(text.decode())
    except ValueError as error:
        raise ValueError(f"is no JSON text ({error})") from None
    value, chunks = (stored.get("value"), stored.get("chunks", [])) if isinstance(stored, dict) else (None, [])
    if not isinstance(value, dict) or not isinstance(chunks, list):
        raise ValueError("holds no entry")
    content = entry_content(value)
    if content is None and not chunks:
        return value
    try:
        attached = attach_images(content, chunks)
    except ValueError as error:
        raise ValueError(f"holds images that cannot be put together: {error}") from None
    return value if attached is content else with_entry_content(value, attached)


def session_document(
    operation: str,
    session_key: str,
    fields: Mapping[bytes, bytes],
    value_of: Callable[[bytes], dict[str, Json]] = entry_value,
) -> dict[str, Json]:
    """The document of a whole generation; `value_of` gives the entry of a text, as `entry_value` does."""
    row = Row(operation, f"session {quoted(session_key)}", {name: fields[name] for name in _HEAD if name in fields})
    document = row.required_object(b"session")
    entries: list[dict[str, Json]] = []
    for index in range(row.number(b"entryCount")):
        try:
            entries.append(value_of(fields[b"entry:%d" % index]))
        except KeyError:
            raise row.corrupt(f"its field entry:{index} is missing") from None
        except ValueError as error:
            raise row.corrupt(f"its field entry:{index} {error}") from None
    document.pop("entries", None)
    return {**document, "entries": entries}
