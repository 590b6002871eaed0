"""The differential run: generated sequences on several engines, and whether they are the same thing."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flue_memdb.verification.engines import Engine
from flue_memdb.verification.generator import generate
from flue_memdb.verification.lockstep import run_sequence
from flue_memdb.verification.report import Divergence, Report
from flue_memdb.verification.shrinking import shrink


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come."""

    sequences: int
    of: int
    operations: int
    divergences: int


async def differential(
    engines: Sequence[Engine],
    *,
    seed: int | str,
    sequences: int = 500,
    operations: int = 60,
    first_sequence: int = 0,
    max_divergences: int = 3,
    shrink_seconds: float = 20.0,
    on_progress: Callable[[Progress], None] | None = None,
) -> Report:
    """Runs `sequences` generated sequences on every engine and compares each to the first, which is the reference.

    Answers, their reasons, error messages, the state that can be read after a sequence, the findings of each
    namespace, the keyspaces of engines with one layout, and what a closed adapter says have to agree exactly. Each
    divergence is made short; after `max_divergences` of them the run ends. Sequence K of a seed is the same whatever
    else runs. The engines stay open.
    """
    began = time.monotonic()
    outcomes: Counter[tuple[str, str]] = Counter()
    divergences: list[Divergence] = []
    done = ran = 0
    for number in range(first_sequence, first_sequence + sequences):
        generated = await generate(f"{seed}/{number}", operations)
        result = await run_sequence(engines, generated)
        done, ran = done + 1, ran + len(result.answers)
        outcomes += result.outcomes
        if result.difference is not None:
            short = await shrink(engines, generated, result.difference, seconds=shrink_seconds)
            again = await run_sequence(engines, short)
            divergences.append(
                Divergence(
                    seed=seed,
                    sequence=number,
                    operations_each=operations,
                    found=result.difference,
                    operation=None if result.difference.index is None else generated[result.difference.index],
                    # A difference that comes and goes is one all the same: then the first sight of it has to do.
                    difference=again.difference or result.difference,
                    operations=[{**step, **answer} for step, answer in zip(short, again.answers, strict=False)],
                )
            )
        if on_progress is not None:
            on_progress(Progress(done, sequences, ran, len(divergences)))
        if len(divergences) >= max_divergences:
            break
    return Report(
        seed=seed,
        engines=tuple(engine.name for engine in engines),
        sequences=done,
        operations=ran,
        outcomes=outcomes,
        divergences=tuple(divergences),
        seconds=time.monotonic() - began,
    )
