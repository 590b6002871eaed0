"""Session documents."""

from flue_memdb.contract.checks import check_key
from flue_memdb.contract.errors import CorruptRecordError, quoted
from flue_memdb.contract.json_text import Json, json_text, parse_json
from flue_memdb.contract.outcomes import reached
from flue_memdb.contract.sessions import check_session, split_session
from flue_memdb.store.connection import Store


class Sessions(Store):
    async def save(self, session_key: str, data: dict[str, Json]) -> None:
        session_key = check_key("save", "session_key", session_key)
        check_session("save", data)
        session, entries = split_session(data)
        text = json_text({**session, "entries": entries}, "save", "data")
        db = await self._database("save")
        reached("replaced" if session_key in db.sessions else "created")
        db.sessions[session_key] = text

    async def load(self, session_key: str) -> dict[str, Json] | None:
        session_key = check_key("load", "session_key", session_key)
        db = await self._database("load")
        text = db.sessions.get(session_key)
        reached("unknown" if text is None else "found")
        if text is None:
            return None
        if not text:
            raise CorruptRecordError("load", f"session {quoted(session_key)}", "its document is no JSON text")
        document = parse_json(text)
        return {**document, "entries": document.pop("entries")}

    async def delete(self, session_key: str) -> None:
        session_key = check_key("delete", "session_key", session_key)
        db = await self._database("delete")
        text = db.sessions.pop(session_key, None)
        reached("unknown" if text is None else "deleted")
