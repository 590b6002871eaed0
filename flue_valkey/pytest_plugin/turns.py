"""In memory an operation gives the event loop away, as it does on a server."""

import asyncio
from typing import Any

from flue_memdb import Adapter
from flue_memdb.wrapping import OperationCall, WrappedAdapter


def in_turns(adapter: Adapter) -> Adapter:
    """`adapter`, before each of whose operations everything else that is ready gets its turn.

    On its own, memory answers at once: two workers of one test would work one after the other, and one that asks until
    the other has done something would ask for ever.
    """
    return WrappedAdapter(adapter, _after_the_others)


async def _after_the_others(call: OperationCall) -> Any:
    await asyncio.sleep(0)
    return await call.make()
