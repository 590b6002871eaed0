"""Listeners of event streams within one process."""

from collections.abc import Callable
from typing import TypeAlias

from flue_memdb.contract.checks import check_id
from flue_memdb.contract.errors import InvalidPayloadError, quoted

Listener: TypeAlias = Callable[[], object]


class Subscriptions:
    """Who wants to hear of which stream."""

    def __init__(self) -> None:
        self._listeners: dict[str, dict[object, Listener]] = {}

    def subscribe(self, path: str, listener: Listener) -> Callable[[], None]:
        """Adds a listener; the returned function ends this subscription, and may be called again."""
        path = check_id("subscribe", "path", path)
        if not callable(listener):
            raise InvalidPayloadError(
                "subscribe", "listener", f"is {quoted(listener)}", "give a function without arguments"
            )
        subscription = object()
        self._listeners.setdefault(path, {})[subscription] = listener

        def unsubscribe() -> None:
            listeners = self._listeners.get(path, {})
            listeners.pop(subscription, None)
            if not listeners:
                self._listeners.pop(path, None)

        return unsubscribe

    def notify(self, path: str) -> None:
        """Calls each listener of the stream that is still subscribed when its turn comes."""
        listeners = self._listeners.get(path)
        if listeners is None:
            return
        import asyncio  # noqa: PLC0415 -- with a listener it is there already, without one it takes long to import
        import logging  # noqa: PLC0415

        for subscription, listener in list(listeners.items()):
            if subscription not in listeners:
                continue
            try:
                listener()
            except (Exception, asyncio.CancelledError):
                logging.getLogger(__name__).exception("a listener of stream %s raised; the append stands", quoted(path))
