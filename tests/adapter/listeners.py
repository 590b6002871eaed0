"""What the server says of who listens to the channels of a namespace."""

import asyncio

from flue_valkey.layout import key
from flue_valkey.runner import Runner


async def listened_to(runner: Runner, prefix: str, *paths: str) -> None:
    """Waits until the channels of exactly these streams are listened to."""
    wanted = {key(prefix, "event", path=path).encode() for path in paths}
    while await _channels(runner, prefix) != wanted:  # noqa: ASYNC110 -- it happens on the server
        await asyncio.sleep(0.005)


async def _channels(runner: Runner, prefix: str) -> set[bytes]:
    known = await runner.command("PUBSUB", "CHANNELS", f"{prefix}:*")  # for fakeredis also those of the past
    counts = await runner.command("PUBSUB", "NUMSUB", *known)
    return {channel for channel, count in zip(counts[::2], counts[1::2], strict=True) if count}
