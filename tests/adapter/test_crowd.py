"""Many clients in several processes on one real server: some order of their calls explains all answers."""

import asyncio
from collections.abc import Iterator

import pytest

from flue_memdb.verification.linearizability import check_linearizable
from flue_valkey.servers.crowd import Crowd, crowd
from flue_valkey.servers.fake import FakeServer
from flue_valkey.servers.server import Server

HISTORIES = 12


@pytest.fixture(scope="module")
def many_clients() -> Iterator[Crowd]:
    with crowd(processes=2, clients=8) as made:
        yield made


async def test_what_a_crowd_does_is_explained(local_server: Server, many_clients: Crowd) -> None:
    overlapping = 0
    for seed in range(HISTORIES):
        history = await many_clients.history(local_server, seed, 200)
        assert len(history.calls) == 200
        verdict = check_linearizable(history)
        assert verdict.explained, f"seed {seed}: {verdict}"
        overlapping += sum(
            1
            for one in history.calls
            for other in history.calls
            if one.client != other.client and one.ended is not None and one.began < other.began < one.ended
        )
    assert overlapping > HISTORIES * 100, "the clients took turns, which shows nothing"


async def test_the_crowd_leaves_nothing_behind(local_server: Server, many_clients: Crowd) -> None:
    runner = local_server.runner()
    before = await runner.command("DBSIZE")
    await many_clients.history(local_server, "left", 40)
    after = await runner.command("DBSIZE")
    await runner.close()
    assert after <= before


def test_a_crowd_needs_a_server_that_other_processes_reach(many_clients: Crowd) -> None:
    with pytest.raises(ValueError, match="no other process can reach it"):
        asyncio.run(many_clients.history(FakeServer(), 1, 8))
