"""Histories that span the death of their server: some order of the calls explains all answers, before and after."""

import asyncio
from pathlib import Path

import pytest

from flue_memdb import ManualClock
from flue_memdb.contract import Adapter
from flue_memdb.verification import History, check_linearizable
from flue_memdb.verification.concurrency import plan
from flue_valkey import valkey
from flue_valkey.drills.caller import Caller
from flue_valkey.drills.ledger import Ledger, read_ledgers
from flue_valkey.drills.plan import PERSISTENCE
from flue_valkey.servers.local import LocalServer

AT = 1_780_000_000_000
CLIENTS = 8


async def history(persistence: str, seed: int, folder: Path, each: int) -> History:
    """What clients with connections of their own, each with so many calls, made of a server that was killed and
    restarted when about a third of the calls was done."""
    path, away, back = folder / f"{seed}.jsonl", asyncio.Event(), asyncio.Event()
    calls = 0

    async def server_is_back() -> None:
        away.set()
        await back.wait()

    async def act(adapter: Adapter, client: int, ledger: Ledger) -> None:
        nonlocal calls
        caller = Caller(await adapter.connect(), client, ledger, server_is_back)
        # With a clock that stands, the marker of a deletion that was cut off would never lapse.
        for operation in (one for one in plan(seed, client, each) if one["op"] != "submissions.deleteSession"):
            await caller.once(operation["op"], *operation["args"])
            calls += 1
            if calls == CLIENTS * each // 3:
                killing.set()

    killing = asyncio.Event()
    async with LocalServer(PERSISTENCE[persistence]) as server:
        adapters = [valkey(server.url, clock=ManualClock(AT)) for _ in range(CLIENTS)]
        await adapters[0].migrate()
        with Ledger(path) as ledger:
            acting = [asyncio.create_task(act(adapter, client, ledger)) for client, adapter in enumerate(adapters)]
            await killing.wait()
            await server.kill()
            await away.wait()
            await server.start()
            back.set()
            await asyncio.gather(*acting)
        for adapter in adapters:
            await adapter.close()
    return History(AT, read_ledgers([path]))


async def test_what_spans_a_kill_is_explained(local_server, tmp_path):
    for seed in range(3):
        recorded = await history("always", seed, tmp_path, each=25)
        verdict = check_linearizable(recorded)
        assert verdict.explained, f"seed {seed}: {verdict}"
        assert len(recorded.calls) > 100, f"seed {seed}"


async def test_what_a_server_forgot_is_not_explained(local_server, tmp_path):
    for seed in range(10):
        if not check_linearizable(await history("none", seed, tmp_path, each=10)).explained:
            return
    pytest.fail("nothing was kept, and every answer is explained")
