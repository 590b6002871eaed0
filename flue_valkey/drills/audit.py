"""The audit: whether everything that was acknowledged is in the database, and nothing is there twice."""

from collections.abc import Sequence
from dataclasses import dataclass

from flue_memdb.verification.histories import Call
from flue_valkey.drills.book import Book, took_effect
from flue_valkey.drills.effects import EFFECTS
from flue_valkey.drills.twice import twice
from flue_valkey.invariants import findings
from flue_valkey.keyspace import Keyspace


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit found. `lost` are acknowledged writes that are not there, with what is there instead."""

    acknowledged: int = 0
    unknown: int = 0
    lost: tuple[tuple[Call, str], ...] = ()
    twice: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.lost or self.twice or self.broken)


async def audit(calls: Sequence[Call], space: Keyspace) -> Audit:
    """Compares all calls that were made on a namespace with what is in it, while nobody is at work on it."""
    book = Book(calls, space)
    written = [call for call in calls if call.operation["op"] in EFFECTS]
    acknowledged = [call for call in written if took_effect(call)]
    lost = [(call, text) for call in acknowledged if (text := EFFECTS[call.operation["op"]](book, call)) is not None]
    return Audit(
        acknowledged=len(acknowledged),
        unknown=sum(call.pending for call in written),
        lost=tuple(lost),
        twice=tuple(twice(book)),
        broken=tuple(str(finding) for finding in await findings(space)),
    )
