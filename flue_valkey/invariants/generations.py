"""Generations of session documents and payloads: each is listed, and the published one of a session is whole."""

from collections.abc import AsyncIterator

from flue_memdb.contract import CorruptRecordError
from flue_memdb.contract.errors import quoted
from flue_valkey.documents import session_document
from flue_valkey.invariants.view import Finding, View, broken, encoded, left_over, one, whole


async def of_session(view: View, name: str, session_key: str) -> AsyncIterator[Finding]:
    """A session's pointer, and the document that it points to."""
    label = f"session {quoted(session_key)}"
    generation = await one(view, name, "generation", session_key)
    if generation is None:
        yield broken(f"{label} names no generation")
        return
    fields = await view.fields("session_generation", session_key, generation)
    try:
        document = session_document("check", session_key, encoded(fields))
    except CorruptRecordError as error:
        yield broken(f"{label} has no whole document: {error.found}")
        return
    if len(fields) != len(document["entries"]) + 2:
        yield broken(f"{label} has {len(document['entries'])} entries and {len(fields)} fields")


async def of_generation(view: View, name: str, id_: str, generation: str) -> AsyncIterator[Finding]:
    """One generation: it is listed, and published or held by a reader."""
    owner = _owner(name)
    label = f"generation {generation} of {owner} {quoted(id_)}"
    if await view.score(f"{owner}_generations", generation, id_) is None:
        yield broken(f"{label} is not listed")
    current = await one(view, owner, "generation", id_)
    if current != generation and not whole(await one(view, f"{owner}_readers", generation, id_)):
        yield left_over(f"{label}, which nobody reads")


async def of_list(view: View, name: str, id_: str) -> AsyncIterator[Finding]:
    """The list of generations names none that is gone."""
    owner = _owner(name)
    async for generation, _ in view.entries(name, id_):
        if not await view.exists(f"{owner}_generation", id_, generation):
            yield left_over(f"the list of generations of {owner} {quoted(id_)} names {generation}, which is gone")


async def of_readers(view: View, name: str, id_: str) -> AsyncIterator[Finding]:
    """Readers hold no generation that is gone."""
    owner = _owner(name)
    async for generation, _ in view.entries(name, id_):
        if not await view.exists(f"{owner}_generation", id_, generation):
            yield left_over(f"readers hold generation {generation} of {owner} {quoted(id_)}, which is gone")


def _owner(name: str) -> str:
    """Whose generations a key is about: `session` or `submission`."""
    return name.partition("_")[0]
