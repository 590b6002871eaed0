"""Whether what goes in parts goes in parts of the size that was asked for.

`flue_valkey.store.parts` says how much a part may hold, and what things count. Two promises are checked here:

- a part goes on no further once its budget is spent: what it holds counts less than that without its last thing;
- a part ends no sooner: if another one follows, what it holds counts its budget or more.

Bytes and numbers of things are exact. Of what is an estimate of time, only half and twice as much are promised.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from typing import Any, Final

from flue_valkey.runner import Arg, Reply, Runner
from flue_valkey.scripts import SCRIPTS
from flue_valkey.servers.held_parts import HELD, Part
from flue_valkey.servers.passing import PassingRunner

_READS: Final = frozenset(
    {"session_load", "session_load_more", "get_stream_chunk_segments", "get_named_segments", "read_events"}
)
_DELETES: Final = "finish_session_deletion"


class PartWatch:
    """What the watched runners of one namespace found out about the parts that went through them.

    `meanwhile` happens once, between the first two parts of the next read; before the next call, if that has one part.
    What the watch reads itself, it asks of `reader`.
    """

    def __init__(self, reader: Callable[[], Runner]) -> None:
        self.reader = reader
        self.findings: list[str] = []
        self.meanwhile: Callable[[], Awaitable[None]] | None = None

    def runner(self, runner: Runner) -> Runner:
        """The runner, watched."""
        return _Watched(runner, self)

    def look(self, name: str, budget: float, part: Part) -> None:
        """Notes what is wrong with a part of a script's work."""
        least = sum(thing.least for thing in part.things[:-1])
        most = sum(thing.most for thing in part.things)
        told = f"{name}: a part of {len(part.things)} things, with a budget of {budget:.0f}, counts"
        if len(part.things) > 1 and least >= budget:
            self.findings.append(f"{told} {least:.0f} without its last")
        if part.goes_on and not part.is_full and most < budget:
            self.findings.append(f"{told} {most:.0f} at most, and another one follows")


@cache
def _name(text: str) -> str | None:
    """The name of a script that works in parts."""
    return next((name for name in HELD if SCRIPTS[name].text == text), None)


class _Watched(PassingRunner):
    def __init__(self, runner: Runner, watch: PartWatch) -> None:
        super().__init__(runner)
        self._watch = watch

    async def eval(self, script: str, keys: Sequence[Arg], args: Sequence[Arg]) -> Reply:
        """As of the other runner; a part is looked at."""
        name = _name(script)
        meanwhile, self._watch.meanwhile = self._watch.meanwhile, None
        if meanwhile is not None and name not in _READS:
            await meanwhile()
        if name is None:
            return await super().eval(script, keys, args)
        names = SCRIPTS[name].values
        values: dict[str, Any] = {**dict(zip(names, args, strict=False)), "rest": args[len(names) :]}
        budget, held = HELD[name]
        before = await self._of_session(name, keys)
        reply = await super().eval(script, keys, args)
        left = set(await self._of_session(name, keys))
        values["gone"] = [each for each in before if each not in left]
        part = held(reply, values)
        self._watch.look(name, float(values[budget]), part)
        if meanwhile is not None and name in _READS:
            await meanwhile()
            return reply if part.goes_on else await super().eval(script, keys, args)
        return reply

    async def _of_session(self, name: str, keys: Sequence[Arg]) -> list[bytes]:
        """The submissions of the session that this script deletes; none of one that deletes no session."""
        if name != _DELETES:
            return []
        index = keys[SCRIPTS[name].keys.index("session_submissions")]
        found: list[bytes] = await self._watch.reader().command("ZRANGE", index, 0, -1)
        return found
