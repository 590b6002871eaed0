"""Subscriptions: who is called after appends and closes, and who is not."""

from collections.abc import Callable

import pytest

from flue_memdb.conformance.examples import PATH
from flue_memdb.conformance.suite import Contract
from flue_memdb.contract import EventKeyConflictError, Stores, StreamClosedError, StreamNotFoundError


class _ListenerError(Exception):
    """What a test's listener raises."""


def _writes(calls: list[str], name: str) -> Callable[[], None]:
    return lambda: calls.append(name)


class TestSubscriptions(Contract):
    """`subscribe`."""

    async def test_a_listener_is_called_after_each_append_and_close(self, stores: Stores) -> None:
        """Listeners are called, without arguments, after each append and each close made through these stores."""
        calls: list[str] = []
        await stores.events.create_stream(PATH)
        stores.events.subscribe(PATH, _writes(calls, "called"))
        assert calls == []
        await stores.events.append_event(PATH, "a")
        assert len(calls) == 1
        await stores.events.append_event_once(PATH, "k", "b")
        assert len(calls) == 2
        await stores.events.close_stream(PATH)
        assert len(calls) == 3

    async def test_a_stream_can_be_listened_to_before_it_exists(self, stores: Stores) -> None:
        """Subscribing asks for no stream, makes none, and hears of the first append; creating appends nothing."""
        calls: list[str] = []
        stores.events.subscribe(PATH, _writes(calls, "called"))
        assert await stores.events.get_stream_meta(PATH) is None
        await stores.events.create_stream(PATH)
        assert calls == []
        await stores.events.append_event(PATH, "a")
        assert len(calls) == 1

    async def test_what_appends_nothing_calls_nobody(self, stores: Stores) -> None:
        """A keyed retry appends nothing, and neither does a refused append, a read, or one to another stream."""
        calls: list[str] = []
        await stores.events.create_stream(PATH)
        await stores.events.create_stream("else")
        await stores.events.append_event_once(PATH, "k", "a")
        stores.events.subscribe(PATH, _writes(calls, "called"))
        stores.events.subscribe("missing", _writes(calls, "called"))
        await stores.events.append_event_once(PATH, "k", "a")
        with pytest.raises(EventKeyConflictError):
            await stores.events.append_event_once(PATH, "k", "b")
        with pytest.raises(StreamNotFoundError):
            await stores.events.append_event("missing", "a")
        await stores.events.append_event("else", "a")
        await stores.events.read_events(PATH)
        assert calls == []

    async def test_what_closes_nothing_calls_nobody(self, stores: Stores) -> None:
        """Closing what is closed or missing closes nothing; a closed stream takes no append."""
        calls: list[str] = []
        await stores.events.create_stream(PATH)
        stores.events.subscribe("missing", _writes(calls, "missing"))
        await stores.events.close_stream("missing")
        stores.events.subscribe(PATH, _writes(calls, "closed"))
        await stores.events.close_stream(PATH)
        assert calls == ["closed"]
        await stores.events.close_stream(PATH)
        with pytest.raises(StreamClosedError):
            await stores.events.append_event(PATH, "a")
        assert calls == ["closed"]

    async def test_each_call_is_a_subscription_of_its_own(self, stores: Stores) -> None:
        """The same listener subscribed twice is called twice; ending one subscription leaves the other."""
        calls: list[str] = []
        listener = _writes(calls, "called")
        await stores.events.create_stream(PATH)
        end_first = stores.events.subscribe(PATH, listener)
        end_second = stores.events.subscribe(PATH, listener)
        await stores.events.append_event(PATH, "a")
        assert len(calls) == 2
        end_first()
        await stores.events.append_event(PATH, "b")
        assert len(calls) == 3
        end_second()
        await stores.events.append_event(PATH, "c")
        await stores.events.close_stream(PATH)
        assert len(calls) == 3

    async def test_a_listener_that_raises_disturbs_nobody(self, stores: Stores) -> None:
        """One that raises disturbs neither the append, nor the close, nor the other listeners."""
        calls: list[str] = []

        def broken() -> None:
            calls.append("broken")
            raise _ListenerError

        await stores.events.create_stream(PATH)
        for listener in (_writes(calls, "before"), broken, _writes(calls, "after")):
            stores.events.subscribe(PATH, listener)
        await stores.events.append_event(PATH, "a")
        assert sorted(calls) == ["after", "before", "broken"]
        await stores.events.append_event_once(PATH, "k", "b")
        await stores.events.close_stream(PATH)
        assert sorted(calls) == ["after"] * 3 + ["before"] * 3 + ["broken"] * 3
        page = await stores.events.read_events(PATH)
        assert [event.data for event in page.events] == ["a", "b"]
        assert page.closed

    async def test_one_that_is_ended_meanwhile_is_not_called_any_more(self, stores: Stores) -> None:
        """One that is ended while the others are being called is not called any more: of two that end each other,
        whoever comes first is called alone."""
        calls: list[str] = []
        ends: list[Callable[[], None]] = []

        def ending(name: str) -> Callable[[], None]:
            def listener() -> None:
                calls.append(name)
                for end in ends:
                    end()

            return listener

        await stores.events.create_stream(PATH)
        ends += [stores.events.subscribe(PATH, ending(name)) for name in ("one", "two")]
        stores.events.subscribe(PATH, _writes(calls, "three"))
        await stores.events.append_event(PATH, "a")
        assert calls in (["one", "three"], ["two", "three"], ["three", "one"], ["three", "two"])
