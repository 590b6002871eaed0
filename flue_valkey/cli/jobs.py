"""A differential run over several processes: each takes the next sequence, and the reports come back in order."""

import asyncio
import multiprocessing
import signal
from collections.abc import Generator
from dataclasses import dataclass
from itertools import islice
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from redis.exceptions import RedisError

from flue_memdb.contract import FlueStoreError
from flue_memdb.verification import Report, differential
from flue_valkey.cli.engines import EngineAtHand
from flue_valkey.cli.errors import CannotRunError


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be run."""

    engines: tuple[EngineAtHand, ...]
    seed: int
    sequences: int
    operations: int
    first_sequence: int


@dataclass(frozen=True, slots=True)
class _Failure:
    """A sequence that could not be run, and why."""

    message: str


def each_sequence(plan: Plan, jobs: int) -> Generator[Report, None, None]:
    """The report of each sequence, in order, whatever the number of processes.

    Closing the iterator ends the processes at once, and so does anything that is raised meanwhile. What they leave
    behind on a server stands under the prefix of its engine.
    """
    waiting = iter(range(plan.first_sequence, plan.first_sequence + plan.sequences))
    workers: dict[Connection, BaseProcess] = {}
    running: dict[Connection, int] = {}
    done: dict[int, Report] = {}
    try:
        for first in islice(waiting, jobs):
            connection = _start(plan, workers)
            connection.send(first)
            running[connection] = first
        following = plan.first_sequence
        while running or done:
            ready = wait(list(running))
            for connection in [connection for connection in running if connection in ready]:
                done[running.pop(connection)] = _received(connection, workers[connection])
                if (number := next(waiting, None)) is not None:
                    connection.send(number)
                    running[connection] = number
            while following in done:
                yield done.pop(following)
                following += 1
    except BrokenPipeError:
        raise CannotRunError("a process of the run has ended") from None
    finally:
        for process in workers.values():
            process.terminate()
        for connection, process in workers.items():
            process.join()
            connection.close()


def _start(plan: Plan, workers: dict[Connection, BaseProcess]) -> Connection:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(plan, theirs), daemon=True)
    # A process inherits which signals are blocked: Ctrl-C, which goes to all of them, is this process's business. What
    # tracks resources for multiprocessing unblocks it when it starts, so that has to be before.
    resource_tracker.ensure_running()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process.start()
        workers[ours] = process
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        theirs.close()
    return ours


def _received(connection: Connection, process: BaseProcess) -> Report:
    try:
        answer = connection.recv()
    except (EOFError, ConnectionResetError):
        process.join()
        raise CannotRunError(f"a process of the run ended with code {process.exitcode}") from None
    if isinstance(answer, _Failure):
        raise CannotRunError(answer.message)
    assert isinstance(answer, Report)
    return answer


def _work(plan: Plan, connection: Connection) -> None:
    """A process: runs the sequences whose numbers it is sent, until there is nobody to send any."""
    engines = [engine.open() for engine in plan.engines]
    with asyncio.Runner() as runner:
        while True:
            try:
                number = connection.recv()
            except EOFError:
                return
            run = differential(engines, seed=plan.seed, sequences=1, operations=plan.operations, first_sequence=number)
            answer: Report | _Failure
            try:
                answer = runner.run(run)
            except (FlueStoreError, RedisError) as error:
                answer = _Failure(f"sequence {number} could not be run: {error}")
            try:
                connection.send(answer)
            except BrokenPipeError:
                return
