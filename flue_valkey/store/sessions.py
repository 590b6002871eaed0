"""Session documents: each save publishes a new generation.

A save sends what differs from the generation that this process knows, and a load fetches nothing of it, as long as it
is the published one. What is sent or fetched besides goes in parts, none of which holds the server for long.
"""

from collections.abc import Iterable, Iterator

from flue_memdb.contract import StoreUnavailableError
from flue_memdb.contract.checks import check_key
from flue_memdb.contract.errors import quoted
from flue_memdb.contract.json_text import Json, json_text
from flue_memdb.contract.outcomes import reached
from flue_memdb.contract.sessions import ENTRIES, check_session, split_session
from flue_valkey.documents import session_document
from flue_valkey.rows import Row, flat_fields
from flue_valkey.scripts import Value
from flue_valkey.store import parts
from flue_valkey.store.connection import Connection, Store
from flue_valkey.store.entries import Entries
from flue_valkey.store.parts import Field
from flue_valkey.store.session_cache import UNKNOWN, Generation, SessionCache

_LOADS_IN_PARTS = 3
_ALL_AT_ONCE = 2**53


class Sessions(Store):
    def __init__(self, connection: Connection, cache_bytes: int) -> None:
        super().__init__(connection)
        # What spares the network has more of it than what spares work here: by default enough for a document of 100,000
        # messages of 500 bytes.
        self._cache = SessionCache(cache_bytes * 3 // 4)
        self._entries = Entries(cache_bytes // 4)

    async def save(self, session_key: str, data: dict[str, Json]) -> None:
        session_key = check_key("save", "session_key", session_key)
        check_session("save", data)
        fields = self._fields(data)
        self._connection.require_open("save")
        known, new = self._cache.get(session_key), Generation(self._connection.new_id(), fields)
        self._cache.forget(session_key)  # until the server's answer is there, nothing is known
        outcome = await self._change(session_key, known, new) or await self._replace(session_key, new)
        self._cache.put(session_key, new)
        reached(outcome)

    async def load(self, session_key: str) -> dict[str, Json] | None:
        session_key = check_key("load", "session_key", session_key)
        generation = await self._fetch(session_key)
        reached("found" if generation else "unknown")
        if generation is None:
            self._cache.forget(session_key)
            return None
        document = session_document("load", session_key, generation.fields, self._entries.value)
        self._cache.put(session_key, generation)
        return document

    async def delete(self, session_key: str) -> None:
        session_key = check_key("delete", "session_key", session_key)
        self._cache.forget(session_key)
        await self._call("delete", script="session_delete", session_key=session_key)

    def _fields(self, data: dict[str, Json]) -> dict[bytes, bytes]:
        session, entries = split_session(data)
        fields = {b"session": json_text(session, "save", "data").encode(), b"entryCount": b"%d" % len(entries)}
        for index, entry in enumerate(entries):
            fields[b"entry:%d" % index] = self._entries.text(entry, f"{ENTRIES}[{index}]")
        return fields

    async def _change(self, session_key: str, known: Generation, new: Generation) -> str | None:
        """Publishes what differs from the known generation; None if that takes a whole document."""
        changed = [field for field in new.fields.items() if known.fields.get(field[0]) != field[1]]
        removed = max(0, len(known.fields) - len(new.fields))
        if known is UNKNOWN or parts.cost(changed) > parts.BYTES or removed > parts.REMOVED_ENTRIES:
            return None
        (tag,) = await self._run(
            "save",
            *_flat(changed),
            script="session_change",
            session_key=session_key,
            generation=new.name,
            entries=len(new.fields) - 2,
            removed=removed,
            **known.marks(),
        )
        return None if tag == "unknown" else str(tag)

    async def _replace(self, session_key: str, new: Generation) -> str:
        """Publishes a whole document: all parts but the last are staged before."""
        *first, last = _parts(new.fields.items())
        ids: dict[str, Value] = {"session_key": session_key, "generation": new.name}
        for part in first:
            await self._run("save", *_flat(part), script="session_stage", **ids)
        staged = sum(map(len, first))
        (tag,) = await self._run("save", *_flat(last), script="session_save", staged=staged, **ids)
        if tag == "incomplete":
            raise StoreUnavailableError(
                "save",
                f"session {quoted(session_key)}",
                "the server has lost the parts of the document that were staged before the last one came",
                may_have_happened=False,
            )
        return str(tag)

    async def _fetch(self, session_key: str) -> Generation | None:
        """The published generation. One that is replaced time and again while it is read in parts is read at once."""
        known = self._cache.get(session_key)
        budgets = [parts.READ] * _LOADS_IN_PARTS
        while True:
            budget = budgets.pop() if budgets else _ALL_AT_ONCE
            tag, *found = await self._run(
                "load", script="session_load", session_key=session_key, budget=budget, **known.marks()
            )
            if tag == "unknown":
                return None
            if tag == "known":
                return known
            if tag == "damaged":
                Row("load", f"session {quoted(session_key)}", found[0])  # raises: there is no hash
            whole = await self._fetch_rest(session_key, *found)
            if whole is not None:
                return whole

    async def _fetch_rest(self, session_key: str, name: bytes, at: bytes, *flat: bytes) -> Generation | None:
        """The generation of which the first part is there; None if it was superseded meanwhile."""
        fields = list(flat)
        while at:
            tag, *found = await self._run(
                "load",
                script="session_load_more",
                session_key=session_key,
                generation=name,
                at=at,
                budget=parts.READ,
            )
            if tag == "superseded":
                return None
            _, at, *more = found
            fields += more
        return Generation(name.decode(), flat_fields(fields))


def _parts(fields: Iterable[Field]) -> list[list[Field]]:
    """Fields in parts of at most `parts.BYTES`, each of at least one field."""
    found: list[list[Field]] = [[]]
    room = parts.BYTES
    for field in fields:
        room -= parts.cost([field])
        if room < 0 and found[-1]:
            found.append([])
            room = parts.BYTES - parts.cost([field])
        found[-1].append(field)
    return found


def _flat(fields: Iterable[Field]) -> Iterator[bytes]:
    return (part for field in fields for part in field)
