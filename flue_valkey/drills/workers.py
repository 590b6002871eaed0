"""The processes of a drill: each runs several clients over one adapter, and waits where the server is away."""

import asyncio
import logging
import multiprocessing
import random
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Barrier, Event
from pathlib import Path

from flue_memdb import open_stores
from flue_valkey.adapter import valkey
from flue_valkey.drills.caller import Caller
from flue_valkey.drills.ledger import Ledger
from flue_valkey.drills.load import Client

CLIENTS = 4
"""How many clients a process has."""

_SPEED = 100
_PATIENCE_S = 60.0
_POLL_S = 0.1


class WorkerError(Exception):
    """A process of a drill ended before its time. It has said why on the standard error."""


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock that all processes of a machine share and that runs a hundred times as fast as theirs, so that a lease of
    30 seconds lapses after 0.3."""

    began_ns: int

    def __call__(self) -> int:
        return (self.began_ns + (time.time_ns() - self.began_ns) * _SPEED) // 1_000_000


@dataclass(frozen=True, slots=True)
class Namespace:
    """Where a crew works, by which clock, and whether it inspects the server first."""

    url: str
    prefix: str
    clock: Clock
    inspect: bool


class Crew:
    """The processes at work on one namespace; `crew()` starts them."""

    def __init__(self, processes: list[BaseProcess], gate: Barrier, done: Event, ledgers: list[Path]) -> None:
        self._processes = processes
        self._gate = gate
        self._done = done
        self.ledgers = ledgers
        self._read = dict.fromkeys(ledgers, 0)
        self._calls = 0

    async def begun(self) -> None:
        """Returns when each process has made its first calls."""
        until = time.monotonic() + _PATIENCE_S
        while not all(ledger.exists() and ledger.stat().st_size for ledger in self.ledgers):
            self._require_alive()
            if time.monotonic() > until:
                raise WorkerError("a process of the drill does not begin")
            await asyncio.sleep(_POLL_S)

    async def made(self, calls: int) -> None:
        """Returns when the processes have made so many calls in all."""
        while self._count() < calls:
            self._require_alive()
            await asyncio.sleep(_POLL_S)

    async def at_the_gate(self) -> None:
        """Returns when all clients have noticed that the server is away. They wait for `open_gate`."""
        await self._pass()

    async def open_gate(self) -> None:
        """Lets the clients go on."""
        await self._pass()

    async def end(self) -> None:
        """Tells the clients to come to an end, and returns when they have."""
        self._done.set()
        for process in self._processes:
            await asyncio.to_thread(process.join, _PATIENCE_S)
        self._require_alive(ended=True)

    async def _pass(self) -> None:
        waiting = asyncio.create_task(asyncio.to_thread(self._gate.wait, _PATIENCE_S))
        try:
            while not waiting.done():
                await asyncio.wait([waiting], timeout=_POLL_S)
                if not waiting.done():
                    self._require_alive()
            await waiting
        except (WorkerError, threading.BrokenBarrierError) as error:
            self._gate.abort()
            await asyncio.wait([waiting])
            waiting.exception()
            raise (
                error if isinstance(error, WorkerError) else WorkerError("the processes wait for each other")
            ) from None

    def _count(self) -> int:
        """How many calls the ledgers hold; only what has come since the last time is read."""
        for ledger, read in self._read.items():
            with suppress(FileNotFoundError), ledger.open("rb") as file:
                file.seek(read)
                text = file.read()
                self._read[ledger] += len(text)
                self._calls += text.count(b"\n")
        return self._calls

    def _require_alive(self, *, ended: bool = False) -> None:
        codes = [process.exitcode for process in self._processes]
        bad = [code for code in codes if code != 0 and (ended or code is not None)]
        if bad:
            said = "does not end" if None in bad else f"ended with code {bad[0]}"
            raise WorkerError(f"a process of the drill {said}")


@contextmanager
def crew(
    namespace: Namespace,
    folder: Path,
    seed: str,
    workers: int,
    *,
    life: int = 0,
    settles: bool = True,
    client: type[Client] = Client,
) -> Iterator[Crew]:
    """Processes at work until `end`; whatever happens, they end with the block.

    Each life of an app has clients of its own numbers. One that `settles` ends with nothing unsettled; another leaves
    its work as it stands. `client` is a class of a module that the processes can import.
    """
    context = multiprocessing.get_context("spawn")
    gate, done = context.Barrier(workers + 1), context.Event()
    ledgers = [folder / f"{namespace.prefix}-{life}-{worker}.jsonl" for worker in range(workers)]
    # Ctrl-C goes to all processes of a terminal; it is this one's business.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        processes: list[BaseProcess] = []
        for worker, ledger in enumerate(ledgers):
            number, so_far = life * workers + worker, (life + 1) * workers
            place = _Place(namespace, ledger, seed, number, so_far, settles, client, gate, done)
            processes.append(context.Process(target=_work, args=(place,), daemon=True))
            processes[-1].start()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    try:
        yield Crew(processes, gate, done, ledgers)
    finally:
        gate.abort()
        for process in processes:
            process.kill()
        for process in processes:
            process.join()


@dataclass(frozen=True, slots=True)
class _Place:
    """What one process needs to know."""

    namespace: Namespace
    ledger: Path
    seed: str
    worker: int
    workers: int
    settles: bool
    client: type[Client]
    gate: Barrier
    done: Event

    @property
    def clients(self) -> range:
        """The numbers of its clients."""
        return range(self.worker * CLIENTS, (self.worker + 1) * CLIENTS)


def _work(place: _Place) -> None:
    """Runs in a process of its own."""
    logging.disable(logging.WARNING)  # a deletion whose server is gone warns; here that is what is wanted
    try:
        asyncio.run(_work_together(place))
    except threading.BrokenBarrierError:
        sys.exit(1)  # the drill was given up while the server was away: whoever did that says why


async def _work_together(place: _Place) -> None:
    clock, gate = place.namespace.clock, _Gate(place.gate, CLIENTS)
    adapter = valkey(
        place.namespace.url, key_prefix=place.namespace.prefix, clock=clock, inspect_server=place.namespace.inspect
    )
    with Ledger(place.ledger) as ledger:
        async with open_stores(adapter) as stores:
            clients = [
                place.client(
                    Caller(stores, number, ledger, gate.server_is_back),
                    random.Random(f"{place.seed}/{number}"),  # noqa: S311 -- repeatable, not secret
                    clock,
                    place.workers * CLIENTS,
                )
                for number in place.clients
            ]
            await asyncio.gather(*(client.run(place.done.is_set, settles=place.settles) for client in clients))


class _Gate:
    """The gate, as the clients of one process see it: the last to come waits for the other processes."""

    def __init__(self, gate: Barrier, clients: int) -> None:
        self._gate = gate
        self._missing = self._clients = clients
        self._open = asyncio.Event()

    async def server_is_back(self) -> None:
        self._missing -= 1
        if self._missing:
            await self._open.wait()
            return
        await asyncio.to_thread(self._both_ways)
        self._missing = self._clients
        self._open.set()
        self._open = asyncio.Event()

    def _both_ways(self) -> None:
        self._gate.wait(_PATIENCE_S)
        self._gate.wait(_PATIENCE_S)
