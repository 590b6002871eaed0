"""The judge: the differential run, of the changed engine beside the unchanged reference, until they differ."""

from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flue_memdb.verification import Engine, ReferenceEngine, run_sequence
from flue_memdb.verification.generator import generate
from flue_memdb.verification.observations import Operation
from flue_valkey.servers.engine import ValkeyEngine
from flue_valkey.servers.fake import FakeServer
from tools.mutation.broken_reference import BrokenReference
from tools.mutation.broken_scripts import SCRIPTS_FOLDER, scripts_with
from tools.mutation.mutant import Mutant

_generated: dict[str, list[Operation]] = {}


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many sequences were run, and if the last one caught the mutant, its number and what differed there."""

    ran: int
    sequence: int | None = None
    by: str | None = None


async def judging(mutant: Mutant, seed: str, numbers: Iterable[int]) -> AsyncGenerator[Verdict, None]:
    """The verdict after each of these sequences, of which the last one is final."""
    try:
        with _changed(mutant) as engine:
            for ran, number in enumerate(numbers, 1):
                operations = await generated(seed, number)
                try:
                    difference = (await run_sequence([ReferenceEngine(), engine], operations)).difference
                    by: str | None = difference.kind if difference else None
                except Exception as error:  # whatever stops the run does not go unseen
                    by = type(error).__name__
                yield Verdict(ran, number if by else None, by)
                if by:
                    return
    except _CannotLoadError:
        yield Verdict(0, None, "load")


async def generated(seed: str, number: int) -> list[Operation]:
    """A sequence of `flue diff --seed SEED`."""
    name = f"{seed}/{number}"
    if name not in _generated:
        _generated[name] = await generate(name)
    return _generated[name]


class _CannotLoadError(Exception):
    """The changed file stops as it is loaded."""


@contextmanager
def _changed(mutant: Mutant) -> Iterator[Engine]:
    changed = {mutant.file: mutant.text}
    if mutant.file.startswith(SCRIPTS_FOLDER):
        with scripts_with(changed):
            yield ValkeyEngine(FakeServer())
        return
    try:
        engine = BrokenReference(changed)
    except Exception as error:
        raise _CannotLoadError from error
    yield engine
