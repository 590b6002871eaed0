"""The processes of a soak: each has engines and a server of its own, and stays to the end."""

import asyncio
import multiprocessing
import signal
from collections.abc import Generator
from contextlib import AsyncExitStack
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from flue_memdb.verification import Engine, ReferenceEngine
from flue_valkey.cli.engines import EngineAtHand
from flue_valkey.cli.errors import CannotRunError
from flue_valkey.servers.engine import ValkeyEngine
from flue_valkey.servers.fake import FakeServer
from flue_valkey.servers.server import Server
from tools.soak.measuring import Step, Watched, step
from tools.soak.plan import SoakPlan


def steps(plan: SoakPlan, servers: list[EngineAtHand]) -> Generator[Step, None, None]:
    """Every step of all processes, one process a server, as they come; the processes end with the iterator."""
    processes: dict[Connection, BaseProcess] = {}
    try:
        for number, server in enumerate(servers):
            processes.update([_started(plan, number, server)])
        waiting = list(processes)
        while waiting:
            for connection in wait(waiting):
                assert isinstance(connection, Connection)
                try:
                    said: Step | None = connection.recv()
                except (EOFError, ConnectionResetError):
                    processes[connection].join()
                    code = processes[connection].exitcode
                    raise CannotRunError(f"a process of the soak ended with code {code}") from None
                if said is None:
                    waiting.remove(connection)
                else:
                    yield said
    finally:
        for connection, process in processes.items():
            process.terminate()
            process.join()
            connection.close()


def _started(plan: SoakPlan, number: int, server: EngineAtHand) -> tuple[Connection, BaseProcess]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(plan, number, server, theirs), daemon=True)
    # A process inherits which signals are blocked: Ctrl-C, which goes to all of them, is this process's business.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        theirs.close()
    return ours, process


def _work(plan: SoakPlan, number: int, server: EngineAtHand, connection: Connection) -> None:
    asyncio.run(_soak(plan, number, server.server(), connection))


async def _soak(plan: SoakPlan, number: int, server: Server, connection: Connection) -> None:
    fake = FakeServer()
    engines: list[Engine] = [ReferenceEngine(), ValkeyEngine(fake), ValkeyEngine(server)]
    async with AsyncExitStack() as stack:
        watched = [watch(each) for each in (fake, server)]
        for each in watched:
            stack.push_async_callback(each.runner.close)
        for sequence in plan.numbers(number):
            connection.send(await step(engines, watched, plan, number, sequence))
        connection.send(None)


def watch(server: Server) -> Watched:
    """A server that nobody else uses."""
    return Watched(server.name, server.runner(), server.inspectable)
