"""Processes that judge mutants. One that a mutant hangs is ended, and the mutant is caught."""

import asyncio
import logging
import multiprocessing
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TypeAlias

from tools.mutation.judge import Verdict, generated, judging
from tools.mutation.mutant import Mutant
from tools.mutation.reach import REACHED, Place

# On a busy machine, one that goes on may take long; one that waits for what never comes does no work.
_SILENT_CPU_S = 20.0
_SILENT_S = 300.0

Task: TypeAlias = tuple[Mutant, str, Sequence[int]] | tuple[str, int, Sequence[str]]
"""A mutant to judge by these sequences of a seed; or a sequence of a seed, of which to tell what it reaches in these
engines."""
Answer: TypeAlias = Verdict | set[Place]


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    connection: Connection
    task: Task
    heard: tuple[float, float]
    seen: Verdict


def answers(tasks: Iterable[Task], jobs: int) -> Iterator[tuple[Task, Answer]]:
    """The answer to each task as it comes; the processes end with the iterator. A task is taken when it is begun."""
    waiting = iter(tasks)
    workers = [_started(task) for task in islice(waiting, jobs)]
    try:
        while workers:
            wait([worker.connection for worker in workers], timeout=1.0)
            for worker in list(workers):
                answer = _heard(worker)
                if answer is None:
                    continue
                yield worker.task, answer
                task = next(waiting, None)
                if task is not None and worker.process.is_alive():
                    _give(worker, task)
                    continue
                workers.remove(worker)
                _end(worker)
                if task is not None:
                    workers.append(_started(task))
    finally:
        for worker in workers:
            _end(worker)


def _heard(worker: _Worker) -> Answer | None:
    """The final answer, if it has come, or nothing has for too long."""
    while worker.connection.poll():
        try:
            is_final, answer = worker.connection.recv()
        except (EOFError, ConnectionResetError):
            return Verdict(worker.seen.ran + 1, None, "crash")
        worker.heard = _times(worker.process)
        if is_final:
            assert isinstance(answer, (Verdict, set))
            return answer
        worker.seen = answer
    if isinstance(worker.task[0], Mutant) and _is_silent(worker):
        worker.process.kill()
        worker.process.join()
        return Verdict(worker.seen.ran + 1, None, "hang")
    return None


def _is_silent(worker: _Worker) -> bool:
    (worked, now), (worked_before, before) = _times(worker.process), worker.heard
    return worked - worked_before > _SILENT_CPU_S or now - before > _SILENT_S


def _times(process: BaseProcess) -> tuple[float, float]:
    """The seconds that the process has worked, where that can be told (on Linux), and those of the clock."""
    try:
        fields = Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0, time.monotonic()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), time.monotonic()


def _started(task: Task) -> _Worker:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    worker = _Worker(process, ours, task, (0.0, 0.0), Verdict(0))
    _give(worker, task)
    return worker


def _give(worker: _Worker, task: Task) -> None:
    worker.task, worker.heard, worker.seen = task, _times(worker.process), Verdict(0)
    worker.connection.send(task)


def _end(worker: _Worker) -> None:
    worker.process.kill()
    worker.process.join()
    worker.connection.close()


def _work(connection: Connection) -> None:
    logging.getLogger().addHandler(logging.NullHandler())  # nobody reads what adapters say of damage that mutants do
    with closing(connection), asyncio.Runner() as runner:
        while True:
            try:
                task: Task = connection.recv()
            except EOFError:
                return
            connection.send((True, runner.run(_answered(task, connection))))


async def _answered(task: Task, connection: Connection) -> Answer:
    if isinstance(task[0], str):
        operations = await generated(task[0], task[1])
        return {place for engine in task[2] for place in await REACHED[engine](operations)}
    verdict = Verdict(0)
    async for verdict in judging(*task):
        connection.send((False, verdict))
    return verdict
