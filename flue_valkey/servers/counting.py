"""A runner that counts: round trips, commands and bytes do not depend on the machine."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from hiredis import pack_command

from flue_valkey.runner import Arg, Command, Reply, Runner
from flue_valkey.servers.passing import PassingRunner


@dataclass(slots=True)
class Traffic:
    """What went over the wire. A script counts as one command, sent by its digest."""

    round_trips: int = 0
    commands: int = 0
    sent_bytes: int = 0
    received_bytes: int = 0
    largest_bytes: int = 0
    """Of all requests and replies, the largest."""


class CountingRunner(PassingRunner):
    """Passes everything on to another runner, and counts it in `traffic`."""

    def __init__(self, runner: Runner) -> None:
        super().__init__(runner)
        self.traffic = Traffic()

    def reset(self) -> None:
        """Counts from zero."""
        self.traffic = Traffic()

    async def command(self, *args: Arg) -> Reply:
        """As of the other runner."""
        reply = await super().command(*args)
        self._count([args], [reply])
        return reply

    async def eval(self, script: str, keys: Sequence[Arg], args: Sequence[Arg]) -> Reply:
        """As of the other runner."""
        reply = await super().eval(script, keys, args)
        digest = hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()
        self._count([("EVALSHA", digest, len(keys), *keys, *args)], [reply])
        return reply

    async def pipeline(self, commands: Sequence[Command]) -> list[Reply]:
        """As of the other runner."""
        replies = await super().pipeline(commands)
        self._count(commands, replies)
        return replies

    def _count(self, commands: Sequence[Command], replies: Sequence[Reply]) -> None:
        sent = sum(map(_length, commands))
        received = sum(map(_size, replies))
        self.traffic.round_trips += 1
        self.traffic.commands += len(commands)
        self.traffic.sent_bytes += sent
        self.traffic.received_bytes += received
        self.traffic.largest_bytes = max(self.traffic.largest_bytes, sent, received)


def _length(command: Command) -> int:
    """The length of a request in RESP."""
    return len(pack_command(tuple(command)))  # type: ignore[arg-type]  # it takes any number of arguments


def _size(reply: Reply) -> int:
    """The length of a reply in RESP."""
    if isinstance(reply, bytes):
        return len(b"$%d\r\n\r\n" % len(reply)) + len(reply)
    if isinstance(reply, dict):
        return len(b"%%%d\r\n" % len(reply)) + sum(_size(name) + _size(value) for name, value in reply.items())
    if isinstance(reply, list):
        return len(b"*%d\r\n" % len(reply)) + sum(map(_size, reply))
    return len(f":{'' if reply is None else reply}\r\n")
