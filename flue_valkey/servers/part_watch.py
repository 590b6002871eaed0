"""Whether what goes in parts goes in parts of the size that was asked for.

`flue_valkey.store.parts` says how much a part may hold, and what things count. Two promises are checked here:

- a part goes on no further once its budget is spent: what it holds counts less than that without its last thing;
- a part ends no sooner: if another one follows, what it holds counts its budget or more.

Bytes and numbers of things are exact. Of what is an estimate of time, only half and twice as much are promised.

What a part takes away shows in no reply: the watch reads the index before and after, and looks away where another call
is under way meanwhile. Of what a deletion takes, no other index may be left with anything.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Final

from flue_valkey.layout import LAYOUT
from flue_valkey.runner import Arg, Reply, Runner
from flue_valkey.scripts import SCRIPTS
from flue_valkey.servers.held_parts import HELD, Part, Values
from flue_valkey.servers.passing import PassingRunner

_READS: Final = frozenset(
    {"session_load", "session_load_more", "get_stream_chunk_segments", "get_named_segments", "read_events"}
)
_TAKES: Final = {
    "finish_session_deletion": ("session_submissions",),
    "has_unsettled_submissions": ("queued", "running", "terminalizing"),
}
_DELETES: Final = "finish_session_deletion"


class PartWatch:
    """What the watched runners of one namespace found out about the parts that went through them.

    `meanwhile` happens once, between the first two parts of the next read; before the next call, if that has one part.
    What the watch reads itself, it asks of `reader`.
    """

    def __init__(self, reader: Callable[[], Runner]) -> None:
        self.reader = reader
        self.findings: list[str] = []
        self._calls = 0
        self._under_way = 0
        self.meanwhile: Callable[[], Awaitable[None]] | None = None

    def runner(self, runner: Runner) -> Runner:
        """The runner, watched."""
        return _Watched(runner, self)

    @contextmanager
    def call(self) -> Iterator[Callable[[], bool]]:
        """A call is under way as long as the block lasts; gives what tells whether no other one was meanwhile."""
        self._calls += 1
        self._under_way += 1
        number, is_first = self._calls, self._under_way == 1
        try:
            yield lambda: is_first and self._calls == number
        finally:
            self._under_way -= 1

    def look(self, name: str, budget: float, part: Part) -> None:
        """Notes what is wrong with a part of a script's work."""
        least = sum(thing.least for thing in part.things[:-1])
        most = sum(thing.most for thing in part.things)
        told = f"{name}: a part of {len(part.things)} things, with a budget of {budget:.0f}, counts"
        if len(part.things) > 1 and least >= budget:
            self.findings.append(f"{told} {least:.0f} without its last")
        if part.goes_on and not part.is_full and most < budget:
            self.findings.append(f"{told} {most:.0f} at most, and another one follows")
        if part.contradiction:
            self.findings.append(f"{name}: {part.contradiction}")


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
        with self._watch.call() as is_alone:
            if name is None:
                return await super().eval(script, keys, args)
            before = await self._listed(name, keys)
            reply = await super().eval(script, keys, args)
            after = set(await self._listed(name, keys))
            gone = [entry for index, entry in before if (index, entry) not in after]
            if name == _DELETES and gone:
                await self._look_behind(keys, gone)
        names = SCRIPTS[name].values
        values: Values = {**dict(zip(names, args, strict=False)), "rest": args[len(names) :], "gone": gone}
        budget, held = HELD[name]
        part = held(reply, values)
        if is_alone() or name not in _TAKES:
            self._watch.look(name, float(values[budget]), part)
        if meanwhile is not None and name in _READS:
            await meanwhile()
            return reply if part.goes_on else await super().eval(script, keys, args)
        return reply

    async def _listed(self, name: str, keys: Sequence[Arg]) -> list[tuple[str, bytes]]:
        """What stands in the indexes that this script takes entries from, with the index."""
        listed: list[tuple[str, bytes]] = []
        for index in _TAKES.get(name, ()):
            place = keys[SCRIPTS[name].keys.index(index)]
            listed += [(index, entry) for entry in await self._watch.reader().command("ZRANGE", place, 0, -1)]
        return listed

    async def _look_behind(self, keys: Sequence[Arg], gone: Sequence[bytes]) -> None:
        """No index names a submission any more that went with its session."""
        for index, place in zip(SCRIPTS[_DELETES].keys, keys, strict=True):
            if LAYOUT[index].type == "zset":
                places = await self._watch.reader().command("ZMSCORE", place, *gone)
                left = [each for each, found in zip(gone, places, strict=True) if found is not None]
                if left:
                    self._watch.findings.append(f"{_DELETES}: {index} names {left} still, which went")
