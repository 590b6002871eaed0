"""The drill: a day's work, by workers that are killed again and again. In the end all of it must have happened once."""

import asyncio
import itertools
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from bakery.audit import Day, findings
from bakery.closing import close_shop
from bakery.orders import take_order
from bakery.oven import Oven
from flue_memdb import Clock, Stores, SystemClock, open_stores
from flue_valkey import load_adapter

HOME = Path(__file__).parents[1]
LIFE_S = 0.02


def run(oven: Oven, *, every_step: bool, seed: int) -> int:
    """Runs the drill and prints what came of it; gives 1 if anything is not as it must be."""
    day = Day(f"{datetime.now():%Y-%m-%d %H:%M:%S}")
    asyncio.run(_begin(day))
    if every_step:
        kills = _killed(["--die-before", str(step)] for step in itertools.count(1))
    else:
        kills = _killed_at_random(random.Random(seed))
    found = asyncio.run(_found(day, oven))
    baked, asked = ([call for call in calls if call.startswith(day.name)] for calls in (oven.baked(), oven.calls()))
    print(f"{kills} workers were killed, before the last one finished")
    print(f"{len(day.orders)} orders answered, {len(day.customers)} customers told that the shop closes")
    print(f"the oven was asked {len(asked)} times and baked {len(baked)} times")
    print("\n".join(found) or "everything happened once")
    return 1 if found else 0


async def _begin(day: Day) -> None:
    async with open_stores(load_adapter(HOME)) as stores:
        await begin_day(stores, SystemClock(), day)


async def begin_day(stores: Stores, clock: Clock, day: Day) -> None:
    """All orders come in, and the shop closes: work for the workers."""
    for order_id, (customer, text) in day.orders.items():
        await take_order(stores, clock, order_id, customer, text)
    await close_shop(stores, clock, day.name, day.customers)


async def _found(day: Day, oven: Oven) -> list[str]:
    async with open_stores(load_adapter(HOME)) as stores:
        return await findings(stores, oven, day)


def _killed(lives: Iterable[list[str]]) -> int:
    """Workers one after the other until one finishes; gives how many were killed."""
    for kills, arguments in enumerate(lives):
        with _worker(*arguments) as worker:
            worker.communicate()
        if _finished(worker):
            return kills
    raise AssertionError("there are workers without end")


def _killed_at_random(chance: random.Random) -> int:
    """Likewise, each killed some time after it began to work; each may live somewhat longer than the one before."""
    for kills in itertools.count():
        with _worker() as worker:
            assert worker.stdout is not None
            worker.stdout.readline()  # it is at work now
            time.sleep(chance.uniform(0, LIFE_S * (kills + 1)))
            worker.kill()
            worker.communicate()
        if _finished(worker):
            return kills
    raise AssertionError("there are workers without end")


def _worker(*arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "bakery", "work", *arguments]
    return subprocess.Popen(command, cwd=Path.cwd(), stdout=subprocess.PIPE, text=True)


def _finished(worker: "subprocess.Popen[str]") -> bool:
    if worker.returncode not in (0, -signal.SIGKILL):
        raise SystemExit(f"a worker failed with exit code {worker.returncode}")
    return worker.returncode == 0
