"""The model of the peer has the counts that were recorded."""

import pytest

from benchmarks import peer
from benchmarks.peer import Peer, Sequence
from flue_valkey.servers.counting import CountingRunner
from flue_valkey.servers.fake import FakeServer

RECORDED = {
    "ADMIT": (10, 14),
    "CLAIM": (8, 14),
    "MARK_INPUT": (4, 10),
    "BEGIN_JOURNAL": (1, 1),
    "UPDATE_JOURNAL": (1, 1),
    "SEGMENT": (2, 2),
    "COMMIT_JOURNAL": (1, 1),
    "RESERVE": (3, 3),
    "EVENT_ONCE": (1, 1),
    "RECORD_OFFSET": (1, 1),
    "FINALIZE": (2, 2),
    "GET_SUBMISSION": (4, 4),
    "APPEND_EVENT": (1, 1),
    "CREATE_RUN": (1, 1),
    "LIST_RUNNABLE": (1_001, 1_001),
    "LIST_RUNS": (101, 101),
    "SAVE_AGAIN": (5, 109),
    "LOAD": (3, 3),
}


@pytest.fixture
async def counted():
    runner = CountingRunner(FakeServer().runner())
    yield runner
    await runner.close()


@pytest.mark.parametrize("name", RECORDED)
async def test_a_sequence_has_the_recorded_counts(name, counted):
    sequence: Sequence = getattr(peer, name)
    await Peer(counted).do(sequence, 1)
    assert (counted.traffic.round_trips, counted.traffic.commands) == RECORDED[name]
    assert counted.traffic.sent_bytes == pytest.approx(sequence.sent_bytes, rel=0.05)


async def test_the_life_has_the_recorded_counts(counted):
    for sequence in peer.LIFE:
        await Peer(counted).do(sequence, 1)
    assert (counted.traffic.round_trips, counted.traffic.commands) == (39, 55)
    assert counted.traffic.sent_bytes == pytest.approx(27_466, rel=0.01)


def test_every_sequence_is_checked():
    assert {name for name, value in vars(peer).items() if isinstance(value, Sequence)} == {*RECORDED}
