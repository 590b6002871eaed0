"""Whether a process sends and fetches of a session document only what it must."""

from collections.abc import Callable, Sequence
from typing import Final

from flue_memdb import open_stores
from flue_memdb.contract import Adapter, Json
from flue_memdb.contract.errors import quoted
from flue_valkey.runner import Arg, Reply, Runner
from flue_valkey.scripts import SCRIPTS
from flue_valkey.servers.passing import PassingRunner

# More entries than are looked at to tell whether a document is the known one; one more, fewer, and another first.
_DOCUMENTS: Final[tuple[list[str], ...]] = (
    [f"e{number}" for number in range(20)],
    [f"e{number}" for number in range(21)],
    ["e0", "e1"],
    ["other", "e1"],
)
_SAVED, _LOADED = [("session_change", b"replaced")], [("session_load", b"known")]


class WatchedRunner(PassingRunner):
    """Passes everything on to another runner, and writes down which scripts were called and what they came to."""

    def __init__(self, runner: Runner) -> None:
        super().__init__(runner)
        self.calls: list[tuple[str, bytes]] = []

    async def eval(self, script: str, keys: Sequence[Arg], args: Sequence[Arg]) -> Reply:
        """As of the other runner."""
        reply = await super().eval(script, keys, args)
        self.calls += [(name, reply[0]) for name, each in SCRIPTS.items() if each.text == script]
        return reply


async def waste(runner: Runner, adapter: Callable[[Runner], Adapter], session_key: str) -> list[str]:
    """What a process that alone saves and loads a document asks more than it must. The last document stays."""
    watched = WatchedRunner(runner)
    found = []
    async with open_stores(adapter(watched)) as stores:
        for at, ids in enumerate(_DOCUMENTS):
            document: dict[str, Json] = {"entries": [{"id": id_} for id_ in ids]}
            watched.calls.clear()
            await stores.sessions.save(session_key, document)
            if at and watched.calls != _SAVED:
                found.append(f"a save of session {quoted(session_key)} that changes an entry calls {watched.calls}")
            watched.calls.clear()
            if await stores.sessions.load(session_key) != document or watched.calls != _LOADED:
                found.append(f"a load of session {quoted(session_key)}, which is known, calls {watched.calls}")
    return found
