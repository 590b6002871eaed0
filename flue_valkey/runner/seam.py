"""What the adapter needs of a driver: four coroutines that carry commands to a server and bring its replies back."""

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

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
