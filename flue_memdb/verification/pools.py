"""What generated operations are made of: small pools of ids, so that they collide, and texts that go wrong easily."""

from dataclasses import dataclass
from random import Random

from flue_memdb.contract import session_storage_key

TEXTS = (
    "",
    "plain",
    "é",
    "e\u0301",
    "שלום",
    "日本",
    "😀",
    "👩\u200d👧",
    "\0",
    "a\0b",
    "\u2028\u2029\x85",
    '"quoted"',
    "back\\slash",
    "\n\r\t\x1f\x7f",
    "\uffff\ufffd",
    "__flue_image_chunks__:0",
    "[object Object]",
    "null",
    "-1",
    "%s {x} $1",
)
"""Texts with no lone surrogates."""

_INSTANCES = ("main", "日本", 'a"b\\c', "😀", "\0", "\u2028", "main:1", '","default', "e\u0301", "é")
# Code points order these differently from UTF-16 units: U+FFFF comes before the astral ones.
_SUBMISSIONS = ("s1", "s10", "s2", "S", "\uffff", "😀", "é", "a:b", "a/b", "\0", "s1 ", "1", "__proto__", "שלום")
_ATTEMPTS = ("a1", "a2", "a10", "😀", "\uffff", "é", 'a"')
_OWNERS = ("owner-a", "owner-b", "é", "\0")
_KEYS = ("key", "key ", "😀", "\uffff", "a\0b", "__proto__")
_PATHS = ("runs/1", "runs/1/", "日本", "\0", "agents/a:b", "😀", "\uffff")
_RUNS = ("run-1", "run-10", "run-2", "Run", "\uffff", "😀", "é", "e\u0301", "\0", "run-1 ", "~")
_WORKFLOWS = ("flow", "flow:2", "日本", "\0", "active")
_STREAMS = ("turn-1", "turn-10", "😀", "\0", "é")
_LEAVES = ("leaf-1", "leaf-2", "\u2028")


@dataclass(frozen=True, slots=True)
class Pools:
    """The names of one sequence."""

    instances: list[str]
    submissions: list[str]
    attempts: list[str]
    owners: list[str]
    event_keys: list[str]
    paths: list[str]
    runs: list[str]
    workflows: list[str]
    stream_keys: list[str]
    leaves: list[str]

    @property
    def session_keys(self) -> list[str]:
        """The keys of the instances' sessions, and one that belongs to none."""
        return [*map(session_storage_key, self.instances), "a session of its own"]


def pools(rng: Random) -> Pools:
    """The names of one sequence, some of them."""
    return Pools(
        instances=rng.sample(_INSTANCES, 3),
        submissions=rng.sample(_SUBMISSIONS, 7),
        attempts=rng.sample(_ATTEMPTS, 3),
        owners=rng.sample(_OWNERS, 2),
        event_keys=rng.sample(_KEYS, 2),
        paths=rng.sample(_PATHS, 2),
        runs=rng.sample(_RUNS, 6),
        workflows=rng.sample(_WORKFLOWS, 2),
        stream_keys=rng.sample(_STREAMS, 3),
        leaves=list(_LEAVES),
    )
