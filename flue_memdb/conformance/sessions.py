"""The store of session documents."""

import asyncio
import json

import pytest

from flue_memdb.conformance.examples import SESSION, entry, session
from flue_memdb.conformance.picture import nothing_changes
from flue_memdb.conformance.suite import Contract
from flue_memdb.contract import InvalidPayloadError, Json, Stores, session_storage_key


def _with_entries(entries: Json) -> Json:
    return {"title": "a day", "entries": entries}


_NO_SESSIONS: dict[str, Json] = {
    "no object": [],
    "null": None,
    "entries missing": {"title": "a day"},
    "entries an object": _with_entries({}),
    "entries null": _with_entries(None),
    "entry a text": _with_entries(["e1"]),
    "entry a list": _with_entries([[]]),
    "entry without id": _with_entries([entry(), {"type": "message"}]),
    "entry with an empty id": _with_entries([{"id": ""}]),
    "entry with a number as id": _with_entries([{"id": 1}]),
    "entry with null as id": _with_entries([{"id": None}]),
}


class TestSessions(Contract):
    """Session documents."""

    async def test_a_session_is_loaded_as_it_was_saved(self, stores: Stores, other: Stores) -> None:
        """`load` gives back what was saved, to every process."""
        document = session(entry("e1"), {"id": "e2", "type": "compaction", "keep": 3}, title="a day", tags=["x", None])
        await stores.sessions.save(SESSION, document)
        assert await stores.sessions.load(SESSION) == document
        assert await other.sessions.load(SESSION) == document

    async def test_an_unknown_session_is_none(self, stores: Stores) -> None:
        """`load` of a session that was never saved gives None."""
        await stores.sessions.save(session_storage_key("else"), session())
        assert await stores.sessions.load(SESSION) is None

    async def test_entries_come_last(self, stores: Stores) -> None:
        """`load` gives `entries` last; the other keys stay in their order."""
        await stores.sessions.save(SESSION, {"b": 1, "entries": [entry()], "a": 2, "entries_kept": 3})
        loaded = await stores.sessions.load(SESSION)
        assert loaded is not None
        assert list(loaded) == ["b", "a", "entries_kept", "entries"]

    async def test_a_session_is_loaded_as_its_json_text_reads(self, stores: Stores) -> None:
        """`load` gives what the JSON text reads as: integer-like keys first, `1.0` as `1`, `-0.0` as `0`."""
        await stores.sessions.save(
            SESSION, {"z": 1.0, "10": -0.0, "2": 1e21, "entries": [{"b": 2.0, "id": "e1", "1": 0}]}
        )
        assert json.dumps(await stores.sessions.load(SESSION)) == json.dumps(
            {"2": 1e21, "10": 0, "z": 1, "entries": [{"1": 0, "b": 2, "id": "e1"}]}
        )

    async def test_texts_are_kept_as_they_are(self, stores: Stores) -> None:
        """NUL, text beyond the basic plane and lone surrogates are kept, in keys, values and entry ids."""
        strange = "a\0b \u2028 😀 \ud83d | é e\u0301 \\ud83d \"'"
        document = session(entry(strange, strange), entry("e2"), **{strange: strange})
        await stores.sessions.save(SESSION, document)
        assert await stores.sessions.load(SESSION) == document

    async def test_save_replaces_the_whole_document(self, stores: Stores) -> None:
        """`save` replaces the whole document: what is not in the new one is gone."""
        await stores.sessions.save(SESSION, session(entry("e1"), entry("e2"), entry("e3"), title="old", tags=[]))
        await stores.sessions.save(SESSION, session(entry("e3", "changed"), entry("e1"), title="new"))
        assert await stores.sessions.load(SESSION) == session(entry("e3", "changed"), entry("e1"), title="new")

    async def test_an_empty_session_is_a_session(self, stores: Stores) -> None:
        """A document may have no entries, and nothing beside them."""
        await stores.sessions.save(SESSION, session(entry("e1"), title="old"))
        await stores.sessions.save(SESSION, {"entries": []})
        assert await stores.sessions.load(SESSION) == {"entries": []}

    async def test_two_entries_with_one_id_are_two_entries(self, stores: Stores) -> None:
        """Entries are kept exactly as given, in their order, whatever their ids."""
        document = session(entry("e1", "first"), entry("e2"), entry("e1", "second"), entry("e1", "first"))
        await stores.sessions.save(SESSION, document)
        assert await stores.sessions.load(SESSION) == document

    async def test_the_last_save_counts_whoever_made_it(self, stores: Stores, other: Stores) -> None:
        """A document is replaced as a whole, also by a process that has not seen what another saved meanwhile."""
        mine = session(entry("e1"), entry("e2"), title="mine")
        theirs = session(entry("e9"), entry("e2", "changed"), entry("e1"), title="theirs", tags=["t"])
        grown = session(entry("e1"), entry("e2"), entry("e3"), title="mine")
        await stores.sessions.save(SESSION, mine)
        await other.sessions.save(SESSION, theirs)
        await stores.sessions.save(SESSION, grown)
        assert await stores.sessions.load(SESSION) == grown
        assert await other.sessions.load(SESSION) == grown
        await other.sessions.delete(SESSION)
        await stores.sessions.save(SESSION, mine)
        assert await other.sessions.load(SESSION) == mine

    async def test_sessions_do_not_touch_one_another(self, stores: Stores) -> None:
        """Saving or deleting a session leaves the others alone."""
        neighbour = session_storage_key("crew ")
        await stores.sessions.save(SESSION, session(entry("e1")))
        await stores.sessions.save(neighbour, session(entry("n1")))
        await stores.sessions.delete(neighbour)
        assert await stores.sessions.load(SESSION) == session(entry("e1"))
        assert await stores.sessions.load(neighbour) is None

    async def test_delete_forgets_the_session(self, stores: Stores, other: Stores) -> None:
        """After `delete` there is no session, in any process; deleting again, or what never was, does nothing."""
        await stores.sessions.save(SESSION, session())
        await other.sessions.load(SESSION)
        await stores.sessions.delete(SESSION)
        assert await stores.sessions.load(SESSION) is None
        assert await other.sessions.load(SESSION) is None
        async with nothing_changes(stores):
            await stores.sessions.delete(SESSION)
            await stores.sessions.delete(session_storage_key("never saved"))

    async def test_a_load_beside_a_save_is_the_old_or_the_new_document(self, stores: Stores, other: Stores) -> None:
        """A load beside a save gives the old or the new document, never a mixture."""
        old = session(*(entry(f"e{number}", "old") for number in range(8)), version="old")
        new = session(*(entry(f"e{number}", "new") for number in range(5)), version="new")
        await stores.sessions.save(SESSION, old)
        for document in (new, old, new):
            _, *loaded = await asyncio.gather(
                stores.sessions.save(SESSION, document), *(other.sessions.load(SESSION) for _ in range(5))
            )
            assert all(seen in (old, new) for seen in loaded)
            assert await other.sessions.load(SESSION) == document

    async def test_a_caller_who_changes_a_document_changes_nothing_stored(self, stores: Stores) -> None:
        """Neither what was saved nor what was loaded is what is stored."""
        document = session(entry("e1"), tags=["kept"])
        await stores.sessions.save(SESSION, document)
        document["tags"].append("after the save")
        document["entries"][0]["message"]["content"] = "changed"
        loaded = await stores.sessions.load(SESSION)
        assert loaded == session(entry("e1"), tags=["kept"])
        loaded["entries"].clear()
        assert await stores.sessions.load(SESSION) == session(entry("e1"), tags=["kept"])

    @pytest.mark.parametrize("data", _NO_SESSIONS.values(), ids=_NO_SESSIONS.keys())
    async def test_what_is_no_session_is_refused(self, stores: Stores, data: Json) -> None:
        """`entries` that is missing, no list, or holds anything but objects with a non-empty text `id` is an
        `InvalidPayloadError`, and the saved document stays."""
        await stores.sessions.save(SESSION, session(entry("e1"), title="saved before"))
        async with nothing_changes(stores):
            with pytest.raises(InvalidPayloadError):
                await stores.sessions.save(SESSION, data)
