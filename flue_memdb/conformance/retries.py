"""Retries: a call made again because its answer was lost gives what the table of retries says."""

import pytest

from flue_memdb.clock import ManualClock
from flue_memdb.conformance.suite import Contract
from flue_memdb.contract import Stores
from flue_memdb.verification.observations import Answer
from flue_memdb.verification.operations import apply
from flue_memdb.verification.retries import RETRIES, Retry, in_words, operation
from flue_memdb.verification.state import read_state
from flue_memdb.verification.world import Call


async def _given(stores: Stores, *calls: Call) -> list[Answer]:
    return [await apply(stores, operation(call)) for call in calls]


@pytest.mark.parametrize("retry", RETRIES.values(), ids=RETRIES)
class TestRetries(Contract):
    """Each operation that changes something."""

    async def test_a_retry_gives_what_the_table_says(
        self, stores: Stores, other: Stores, clock: ManualClock, retry: Retry
    ) -> None:
        await _given(stores, *retry.led_by)
        [first] = await _given(stores, retry.call)
        clock.advance(5)
        [again] = await _given(other, retry.call)
        assert (in_words(first), in_words(again, first)) == (retry.first, retry.again)

    async def test_a_retry_changes_what_the_table_says(
        self, stores: Stores, other: Stores, clock: ManualClock, retry: Retry
    ) -> None:
        operations = [operation(call) for call in (*retry.led_by, retry.call)]
        await _given(stores, *retry.led_by, retry.call)
        clock.advance(5)
        once = await read_state(other, operations)
        await _given(other, retry.call)
        assert (await read_state(other, operations) == once) == (retry.twice == "nothing")

    async def test_a_read_tells_whether_the_call_happened(self, stores: Stores, other: Stores, retry: Retry) -> None:
        await _given(stores, *retry.led_by)
        before = await _given(other, retry.tell)
        await _given(stores, retry.call)
        assert await _given(other, retry.tell) != before
