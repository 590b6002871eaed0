"""What goes wrong beside the work of a drill, scripts that are broken on purpose, and what is wrong in the end."""

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from flue_memdb.contract import Adapter
from flue_memdb.verification.histories import Call
from flue_valkey import Runner
from flue_valkey.drills.audit import audit
from flue_valkey.drills.order import out_of_order
from flue_valkey.keyspace import Keyspace
from flue_valkey.layout import key
from flue_valkey.scripts import SCRIPTS
from flue_valkey.servers.disturbances import Disturbances
from flue_valkey.servers.part_watch import PartWatch

HOLD = """
local generation = redis.call("HGET", KEYS[1], "generation")
redis.call("HINCRBY", KEYS[2], generation, 1)
return generation
"""
"""What a Node.js reader does first."""

SPOIL = """
if redis.call("EXISTS", KEYS[1]) == 1 then
  redis.call("HSET", KEYS[1], "acceptedAt", "?")
  return 1
end
"""
"""Makes a row unreadable, unless a session deletion has just removed it."""

BROKEN = {
    "anybody completes": ("complete_submission", "not_owned(submission, attempt_id) or ", ""),
    "what runs is claimed": ("claim_submission", 'row[1] ~= "queued"', "not row[1]"),
    "what waits is claimed": ("claim_submission", "session_head(prefix, queue, submission_id) ~=", "nil =="),
    "a key is no key": ("append_event_once", "if known then", "if false then"),
    "anybody takes over": ("replace_turn_journal_attempt", "if refused then", "if false then"),
    "a settled one is requeued": (
        "requeue_submission_before_input_applied",
        "= not_owned(submission, attempt_id)",
        "= nil",
    ),
}
"""Scripts by what they let happen, each with a text of it and what takes its place."""


def broken(script: str, text: str, instead: str) -> Any:
    """The script with that change."""
    assert text in SCRIPTS[script].text
    return replace(SCRIPTS[script], text=SCRIPTS[script].text.replace(text, instead, 1))


async def wrong(calls: Sequence[Call], space: Keyspace) -> list[str]:
    """What all calls of a namespace and what is in it contradict."""
    found = await audit(calls, space)
    return [*(f"{call}, but it {text}" for call, text in found.lost), *found.twice, *found.broken, *out_of_order(calls)]


def _no_process() -> Adapter:
    raise AssertionError("no harm is done by starting a process")


class Harm:
    """At every third time something contradicts a row, and at every sixtieth the rows of two submissions become
    unreadable: `spoiled`. The submissions are those of so many clients, of each the first so many."""

    def __init__(
        self, runner: Runner, prefix: str, clock: Any, choose: random.Random, *, clients: int = 6, each: int = 12
    ) -> None:
        self.spoiled: set[str] = set()
        self._runner = runner
        self._prefix = prefix
        self._choose = choose
        self._clients = clients
        self._each = each
        self._times = 0
        self._disturbances = Disturbances(runner, prefix, clock, _no_process, PartWatch(lambda: runner))

    async def do(self) -> None:
        self._times += 1
        if self._times % 60 == 0:
            for index in ("queued", "running"):
                for member in await self._runner.command("ZRANGE", key(self._prefix, index), 0, 0):
                    row = key(self._prefix, "submission", submission_id=member.decode())
                    if await self._runner.eval(SPOIL, [row], []):
                        self.spoiled.add(member.decode())
        elif self._times % 3 == 0:
            submission_id = f"client-{self._choose.randrange(self._clients)}/{self._choose.randrange(self._each)}"
            index = self._choose.choice(("queued", "running", "terminalizing"))
            await self._disturbances.make("addEntry", index, submission_id)
