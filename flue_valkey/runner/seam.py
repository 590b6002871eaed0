"""What the adapter needs of a driver: four coroutines that carry commands to a server and bring its replies back."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeAlias, runtime_checkable

from redis.exceptions import ConnectionError as NoConnectionError

Arg: TypeAlias = str | bytes | int
Command: TypeAlias = Sequence[Arg]
Reply: TypeAlias = Any
"""`bytes` (of a status too: `b"OK"`), `int`, `None`, or a list of these; over RESP3 also a dict, a float or a bool."""


class NotSentError(NoConnectionError):
    """There was no connection, or none in time, so the server was asked nothing."""


class Runner(Protocol):
    """What the adapter needs of a driver. It raises redis-py's exceptions, and `NotSentError` where it sent nothing.

    Nothing that may have run is ever sent again: after a lost connection or a time-out it is the caller who knows
    whether a command can be repeated. Commands have one reply each and leave the connection as it was: none that
    subscribe, monitor, open a transaction, or choose a database or a user.
    """

    async def command(self, *args: Arg) -> Reply:
        """The server's reply to one command, as it came."""
        ...

    async def eval(self, script: str, keys: Sequence[Arg], args: Sequence[Arg]) -> Reply:
        """What the script returns. `script` is its text; it travels only when the server does not know it."""
        ...

    async def pipeline(self, commands: Sequence[Command]) -> list[Reply]:
        """The replies to all commands, sent in one go and run in order, but not as a transaction.

        All of them are run even if one is refused; the first refusal is raised.
        """
        ...

    async def close(self) -> None:
        """Closes the connections. Commands that are under way fail."""
        ...


class Channels(Protocol):
    """A connection that listens to what is published on channels. It raises what a runner raises, and is then lost."""

    async def subscribe(self, *channels: str) -> None:
        """Listens to these channels, too."""
        ...

    async def unsubscribe(self, *channels: str) -> None:
        """Listens to these channels no more."""
        ...

    async def heard(self) -> str:
        """The next channel on which something was published, or to which it listens from now on."""
        ...


@runtime_checkable
class ListeningRunner(Protocol):
    """What a runner may have beyond the four coroutines: then a tail hears of events at once. The runners here have it;
    over one that has not, a tail looks once in a while."""

    def listening(self) -> AbstractAsyncContextManager[Channels]:
        """A connection of its own for the length of the block."""
        ...
