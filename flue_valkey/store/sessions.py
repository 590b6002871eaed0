"""Session documents: each save publishes a new generation."""

from flue_memdb.contract.checks import check_key
from flue_memdb.contract.errors import quoted
from flue_memdb.contract.images import attach_images, detach_images, entry_content, with_entry_content
from flue_memdb.contract.json_text import Json, json_text
from flue_memdb.contract.sessions import ENTRIES, check_session, split_session
from flue_valkey.rows import Flat, Row
from flue_valkey.store.connection import Store

_LEVELS_AROUND_AN_ENTRY = 2


class Sessions(Store):
    async def save(self, session_key: str, data: dict[str, Json]) -> None:
        check_session("save", session_key, data)
        session, entries = split_session(data)
        fields = ["session", json_text(session, "save", "data"), "entryCount", str(len(entries))]
        for index, entry in enumerate(entries):
            fields += [f"entry:{index}", _entry_text(entry, f"{ENTRIES}[{index}]")]
        self._connection.require_open("save")
        generation = self._connection.new_id()
        await self._call("save", *fields, script="session_save", session_key=session_key, generation=generation)

    async def load(self, session_key: str) -> dict[str, Json] | None:
        check_key("load", "session_key", session_key)
        tag, *found = await self._call("load", script="session_load", session_key=session_key)
        return None if tag == "unknown" else _document(session_key, found[0])

    async def delete(self, session_key: str) -> None:
        check_key("delete", "session_key", session_key)
        await self._call("delete", script="session_delete", session_key=session_key)


def _entry_text(entry: dict[str, Json], place: str) -> str:
    content = entry_content(entry)
    value, chunks = entry, "[]"
    if content:
        marked, pieces = detach_images(content)
        if pieces:
            value, chunks = with_entry_content(entry, marked), json_text(pieces)
    text = json_text(value, "save", place, depth=_LEVELS_AROUND_AN_ENTRY)
    return f'{{"id":{json_text(entry["id"])},"value":{text},"chunks":{chunks}}}'


def _document(session_key: str, flat: Flat) -> dict[str, Json]:
    row = Row("load", f"session {quoted(session_key)}", flat)
    document = row.required_object("session")
    entries = [_entry(row, f"entry:{index}") for index in range(row.count("entryCount"))]
    document.pop("entries", None)
    return {**document, "entries": entries}


def _entry(row: Row, name: str) -> dict[str, Json]:
    stored = row.required_object(name)
    value, chunks = stored.get("value"), stored.get("chunks", [])
    if not isinstance(value, dict) or not isinstance(chunks, list):
        raise row.corrupt(f"its field {name} holds no entry")
    content = entry_content(value)
    try:
        attached = attach_images(content, chunks)
    except ValueError as error:
        raise row.corrupt(f"its field {name}: {error}") from None
    return value if attached is content else with_entry_content(value, attached)
