"""A worker may die at any operation: another one goes on, and everything happens once."""

import itertools

import pytest

from bakery.audit import Day, findings
from bakery.drill import begin_day
from flue_memdb import open_stores


class KilledError(Exception):
    """The process is gone."""


@pytest.mark.asyncio
async def test_a_worker_may_die_at_any_operation(
    flue_stores, flue_new_adapter, flue_clock, flue_faults, hire, oven
) -> None:
    for step in itertools.count():
        day = Day(f"day {step}", wanted=(("ada", "2 rye and 1 spelt"),))
        await begin_day(flue_stores, flue_clock, day)
        rule = flue_faults.fail(skip=step, error=KilledError())
        try:
            await hire(flue_stores).work()
        except KilledError:
            async with open_stores(flue_new_adapter()) as others:
                await hire(others).work()
        rule.stop()
        flue_faults.log.clear()
        assert await findings(flue_stores, oven, day) == [], f"killed before operation {step + 1} of the day"
        if not rule.fired:
            break
    assert step > 30, "a day is more work than that"
