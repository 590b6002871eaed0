"""What the clerk does with orders, and at closing time."""

import pytest

from bakery.agent import PATIENCE_MS
from bakery.audit import Day, findings
from bakery.closing import close_shop
from bakery.drill import begin_day
from bakery.model import FakeModel
from bakery.orders import path_of, take_order
from bakery.worker import LEASE_MS
from flue_memdb import Stores, StoreUnavailableError, SubmissionConflictError, open_stores

pytestmark = pytest.mark.asyncio


async def events_of(stores: Stores, customer: str) -> list[str]:
    return [event.data["type"] for event in (await stores.events.read_events(path_of(customer))).events]


async def test_an_order_is_baked_and_answered(flue_stores, flue_clock, hire, oven) -> None:
    await take_order(flue_stores, flue_clock, "o1", "ada", "2 rye and 1 spelt")
    await hire(flue_stores).work()
    events = (await flue_stores.events.read_events(path_of("ada"))).events
    assert [event.data for event in events] == [
        {"type": "baked", "order": "o1", "loaves": {"rye": 2, "spelt": 1}},
        {
            "type": "answered",
            "customer": "ada",
            "order": "o1",
            "text": "Here you are: 2 rye and 1 spelt, still warm at 07:30. Good morning!",
        },
    ]
    assert oven.baked() == ["o1/turn-1"]
    assert (await flue_stores.submissions.get_submission("o1")).status == "settled"


async def test_an_order_that_is_given_twice_is_one_order(flue_stores, flue_clock, hire, oven) -> None:
    for _ in range(2):
        await take_order(flue_stores, flue_clock, "o1", "ada", "6 rolls")
        await hire(flue_stores).work()
        flue_clock.advance(60_000)
    assert await events_of(flue_stores, "ada") == ["baked", "answered"]
    assert oven.calls() == ["o1/turn-1"]
    with pytest.raises(SubmissionConflictError):
        await take_order(flue_stores, flue_clock, "o1", "ada", "7 rolls")


async def test_a_whole_day(flue_stores, flue_clock, hire, oven) -> None:
    day = Day("monday")
    await begin_day(flue_stores, flue_clock, day)
    assert await findings(flue_stores, oven, day) != []
    await hire(flue_stores).work()
    assert await findings(flue_stores, oven, day) == []


async def test_closing_waits_for_the_orders(flue_stores, flue_clock, hire) -> None:
    await take_order(flue_stores, flue_clock, "o1", "ada", "3 rye")
    await close_shop(flue_stores, flue_clock, "monday", ["ada", "ben"])
    await hire(flue_stores).work()
    run = await flue_stores.runs.get_run("closing-monday")
    assert (run.status, run.result) == ("completed", {"loaves": 3})
    assert await events_of(flue_stores, "ada") == ["baked", "answered", "answered"]
    assert await events_of(flue_stores, "ben") == ["answered"]


async def test_what_a_dead_worker_holds_is_free_when_its_lease_is_over(
    flue_stores, flue_new_adapter, flue_clock, flue_faults, hire
) -> None:
    await take_order(flue_stores, flue_clock, "o1", "ada", "1 rye")
    flue_faults.fail("append_stream_chunk_segment", skip=2)
    with pytest.raises(StoreUnavailableError):
        await hire(flue_stores, owner="counter").work()
    async with open_stores(flue_new_adapter()) as stores:
        await hire(stores, owner="window").work()
        assert await events_of(stores, "ada") == []
        flue_clock.advance(LEASE_MS + 1)
        await hire(stores, owner="window").work()
        assert await events_of(stores, "ada") == ["baked", "answered"]


async def test_what_was_said_is_not_asked_for_again(flue_stores, flue_clock, flue_faults, hire, spoken) -> None:
    await take_order(flue_stores, flue_clock, "o1", "ada", "good morning")
    flue_faults.fail("append_stream_chunk_segment", skip=1)
    with pytest.raises(StoreUnavailableError):
        await hire(flue_stores).work()
    assert [part.body for part in await flue_stores.submissions.get_stream_chunk_segments("o1/turn-1")] == [
        "I have heard "
    ]
    await hire(flue_stores).work()
    assert spoken == ["I have heard ", "it: good morning."]
    assert await flue_stores.submissions.get_stream_chunk_segments("o1/turn-1") == []


async def test_a_call_that_was_recorded_is_made_again_whatever_the_model_would_want_now(
    flue_stores, flue_clock, flue_faults, hire, oven, monkeypatch
) -> None:
    await take_order(flue_stores, flue_clock, "o1", "ada", "6 rolls")
    flue_faults.fail("append_event_once")
    with pytest.raises(StoreUnavailableError):
        await hire(flue_stores).work()
    monkeypatch.setattr(FakeModel, "tool_request", lambda _, entries: {"cakes": 1} if len(entries) == 1 else None)
    await hire(flue_stores).work()
    assert oven.calls() == ["o1/turn-1", "o1/turn-1"]
    (baked, _) = (await flue_stores.events.read_events(path_of("ada"))).events
    assert baked.data["loaves"] == {"rolls": 6}


async def test_it_gives_up_some_time(flue_stores, flue_clock, flue_faults, hire) -> None:
    order = await take_order(flue_stores, flue_clock, "o1", "ada", "1 rye")
    flue_faults.fail("append_stream_chunk_segment", every=1)
    for _ in range(order.max_retry * 20):
        try:
            await hire(flue_stores).work()
        except StoreUnavailableError:
            continue
        break
    given_up = await flue_stores.submissions.get_submission("o1")
    assert (given_up.status, given_up.error) == ("settled", f"given up after {given_up.max_retry} attempts")
    assert given_up.timeout_at == flue_clock() + PATIENCE_MS
