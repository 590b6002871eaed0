"""One run of the tool: which mutants are judged, by which sequences, and what is kept in its folder."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

import flue_memdb
import flue_valkey
from tools.mutation.judge import Verdict
from tools.mutation.mutant import Mutant
from tools.mutation.reach import Place, engine_of
from tools.mutation.survivors import Key
from tools.mutation.workers import Task, answers

Reached = dict[int, set[Place]]
"""Per sequence, the statements that it reaches."""


@dataclass(frozen=True, slots=True)
class Session:
    """The mutants are judged by the first `sequences` of a seed; `folder` keeps verdicts and what sequences reach."""

    folder: Path
    seed: str
    sequences: int
    jobs: int

    def reached(self, mutants: Sequence[Mutant], advance: Callable[[str], None]) -> Reached:
        """What each sequence reaches of the engines that the mutants are of: found once for a seed, as long as no
        source changes."""
        engines = tuple(sorted({engine_of(mutant.file) for mutant in mutants}))
        path = self.folder / f"reached-{self.seed}-{'-'.join(engines)}.json"
        sources = _fingerprint()
        kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        found: dict[str, list[list[object]]] = kept["reached"] if kept.get("sources") == sources else {}
        tasks = [(self.seed, number, engines) for number in range(self.sequences) if str(number) not in found]
        for task, places in answers(tasks, self.jobs):
            if not isinstance(places, set):
                raise RuntimeError(f"sequence {task[1]} of seed {self.seed} cannot be run: {places}")
            found[str(task[1])] = sorted(map(list, places))
            advance("")
        self.folder.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"sources": sources, "reached": found}), encoding="utf-8")
        return {
            number: {(str(file), int(str(line))) for file, line in found[str(number)]}
            for number in range(self.sequences)
        }

    def verdicts(self, mutants: Sequence[Mutant], reached: Reached) -> Iterator[tuple[Mutant, Verdict]]:
        """The verdicts as they come; each is kept in the folder. Sequences that have caught most of a file's other
        mutants are run first, which changes nothing but the time."""
        caught: Counter[tuple[str, int | None]] = Counter()

        def tasks() -> Iterator[Task]:
            for mutant in mutants:
                numbers = _reaching(mutant, reached)
                yield mutant, self.seed, sorted(numbers, key=lambda number: -caught[mutant.file, number])

        self.folder.mkdir(parents=True, exist_ok=True)
        with self._kept.open("a", encoding="utf-8") as file:
            for task, verdict in answers(tasks(), self.jobs):
                mutant = task[0]
                assert isinstance(mutant, Mutant)
                assert isinstance(verdict, Verdict)
                caught[mutant.file, verdict.sequence] += 1
                file.write(json.dumps({"mutant": mutant.key, **asdict(verdict)}, ensure_ascii=False) + "\n")
                file.flush()
                yield mutant, verdict

    def kept_verdicts(self) -> dict[Key, Verdict]:
        """What earlier runs found, the last one of each mutant."""
        if not self._kept.exists():
            return {}
        kept = {}
        for line in self._kept.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            file, old, new, nth = entry.pop("mutant")
            kept[file, old, new, nth] = Verdict(**entry)
        return kept

    @property
    def _kept(self) -> Path:
        return self.folder / f"verdicts-{self.seed}.jsonl"


def _reaching(mutant: Mutant, reached: Reached) -> list[int]:
    return [
        number
        for number, places in reached.items()
        if mutant.reached_at is None or (mutant.file, mutant.reached_at) in places
    ]


def _fingerprint() -> str:
    digest = sha256()
    for package in (flue_memdb, flue_valkey):
        folder = Path(package.__file__ or "").parent
        for path in sorted([*folder.rglob("*.py"), *folder.rglob("*.lua")]):
            digest.update(path.read_bytes())
    return digest.hexdigest()
