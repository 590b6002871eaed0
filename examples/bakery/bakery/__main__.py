"""The bakery's commands; `python -m bakery --help` lists them."""

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path

from bakery import drill
from bakery.agent import Agent
from bakery.model import FakeModel
from bakery.orders import path_of, take_order
from bakery.oven import Oven
from bakery.worker import Worker
from flue_memdb import Adapter, Faults, FlueStoreError, SystemClock, open_stores
from flue_valkey import load_adapter

HOME = Path(__file__).parents[1]
BOOK = Path("oven")
PAUSE_S = 0.002


def main() -> int:
    """Runs a command and gives its exit code."""
    parser = argparse.ArgumentParser(prog="python -m bakery", description="A bakery whose clerk is an agent.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    order = commands.add_parser("order", help="takes an order, which a worker will answer")
    order.add_argument("order_id", metavar="ID")
    order.add_argument("customer")
    order.add_argument("text", help="such as '2 rye and 1 spelt'")
    work = commands.add_parser("work", help="works until nothing is left to do")
    work.add_argument("--at", metavar="PLACE", default="counter", help="where it works: one worker a place")
    work.add_argument("--die-before", type=int, metavar="N", help="be killed before the N-th operation of the database")
    show = commands.add_parser("show", help="what happened for a customer")
    show.add_argument("customer")
    kill = commands.add_parser("drill", help="kills workers until all of a day's work is done, and checks it")
    kill.add_argument("--every-step", action="store_true", help="before the 1st operation, the 2nd, …; not at random")
    kill.add_argument("--seed", type=int, default=1, help="of the random moments (default 1)")
    given = parser.parse_args()
    try:
        return _run(given)
    except FlueStoreError as error:
        parser.exit(1, f"{error}\n")


def _run(given: argparse.Namespace) -> int:
    adapter = load_adapter(HOME)
    if given.command == "order":
        asyncio.run(_order(adapter, given.order_id, given.customer, given.text))
    elif given.command == "work":
        asyncio.run(_work(adapter if given.die_before is None else _mortal(adapter, given.die_before), given.at))
    elif given.command == "show":
        asyncio.run(_show(adapter, given.customer))
    else:
        return drill.run(Oven(BOOK), every_step=given.every_step, seed=given.seed)
    return 0


async def _order(adapter: Adapter, order_id: str, customer: str, text: str) -> None:
    async with open_stores(adapter) as stores:
        submission = await take_order(stores, SystemClock(), order_id, customer, text)
    print(f"{order_id} is {submission.status}")


async def _work(adapter: Adapter, place: str) -> None:
    async with open_stores(adapter) as stores:
        print("at work", flush=True)
        agent = Agent(stores, FakeModel(PAUSE_S), Oven(BOOK), lambda piece: print(f"  {piece}", flush=True))
        await Worker(stores, agent, SystemClock(), owner=place).work()
    print("nothing left to do")


async def _show(adapter: Adapter, customer: str) -> None:
    async with open_stores(adapter) as stores:
        for event in (await stores.events.read_events(path_of(customer))).events:
            print(event.data["order"], event.data["type"], event.data.get("text") or event.data.get("loaves"))


def _mortal(adapter: Adapter, operation: int) -> Adapter:
    """An adapter whose n-th operation never begins, because the process is gone."""

    async def die(_: float) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    faults = Faults(sleep=die)
    faults.slow(ms=1, skip=operation - 1, times=1)
    return faults.around(adapter)


if __name__ == "__main__":
    sys.exit(main())
