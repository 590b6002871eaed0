"""What the stores of one adapter share: the way to the server, and the process's own state."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from flue_memdb.clock import Clock
from flue_memdb.contract import AdapterClosedError, CorruptRecordError
from flue_memdb.contract.outcomes import reached
from flue_memdb.contract.subscriptions import Subscriptions
from flue_valkey.failures import DRIVER_ERRORS, store_error, strange_reply
from flue_valkey.runner import Runner
from flue_valkey.scripts import SCRIPTS, Value
from flue_valkey.store.tails import ServerTails

log = logging.getLogger("flue_valkey")


@dataclass(slots=True)
class Connection:
    """One adapter's way to a namespace."""

    runner: Runner
    prefix: str
    clock: Clock
    new_id: Callable[[], str]
    tails: ServerTails
    look_every_s: float
    closed: bool = False
    subscriptions: Subscriptions = field(default_factory=Subscriptions)

    def require_open(self, operation: str) -> None:
        """`AdapterClosedError` after the adapter was closed."""
        if self.closed:
            raise AdapterClosedError(operation)

    def tell_of(self, path: str) -> None:
        """This process has appended to the stream, or closed it: its listeners and tails hear of it."""
        self.subscriptions.notify(path)
        self.tails.wake_here(path)

    async def close(self) -> None:
        """Ends it, with the connection to the server; whoever tails a stream through it is told."""
        if not self.closed:
            self.closed = True
            try:
                await self.tails.close()
            finally:  # also of a close that was cancelled, since another one does nothing
                await self.runner.close()

    async def call(
        self, operation: str, script_name: str, rest: Sequence[Value], values: dict[str, Value], *, tells: bool = False
    ) -> list[Any]:
        """The script's reply: a tag, and what belongs to it.

        `prefix` is put into `values`, and `now`, where the operation has not asked the clock already.
        `tells` says that the tag is what the operation came to.
        """
        self.require_open(operation)
        script = SCRIPTS[script_name]
        values["prefix"] = self.prefix
        if "now" not in values:
            values["now"] = self.clock()
        keys, args = script.bind(self.prefix, values, rest)
        try:
            reply: list[Any] = await self.runner.eval(script.text, keys, args)
        except DRIVER_ERRORS as error:
            raise store_error(operation, error) from error
        try:
            tag = reply[0].decode()
        except (AttributeError, LookupError, TypeError, UnicodeDecodeError):
            raise strange_reply(operation, reply) from None
        if tag not in script.tags:
            raise strange_reply(operation, reply)
        if tag == "wrong_type":
            key, expected, actual = (part.decode() for part in reply[1:])
            raise CorruptRecordError(operation, f"key {key}", f"is a {actual} and no {expected}")
        if tag == "corrupt":
            raise CorruptRecordError(operation, f"key {reply[1].decode()}", reply[2].decode())
        if tells:
            reached(tag)
        return [tag, *reply[1:]]  # the reply itself is the runner's


class Store:
    """Base of the stores."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._clock = connection.clock

    def _call(self, operation: str, *rest: Value, script: str = "", **values: Value) -> Awaitable[list[Any]]:
        """Runs the operation's script, whose tag is what the operation came to."""
        return self._connection.call(operation, script or operation, rest, values, tells=True)

    def _run(self, operation: str, *rest: Value, script: str = "", **values: Value) -> Awaitable[list[Any]]:
        """Runs the operation's script, which has its name unless one is given; `prefix` and `now` are added."""
        return self._connection.call(operation, script or operation, rest, values)
