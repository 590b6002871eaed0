"""How a client calls: it writes down what it called and what came of it, and waits while the server is away."""

import time
from collections.abc import Awaitable, Callable

from flue_memdb.contract import FlueStoreError, Json, Stores, StoreUnavailableError
from flue_memdb.verification.histories import Call
from flue_memdb.verification.observations import Answer
from flue_memdb.verification.shapes import METHODS, SHAPES, read_arguments
from flue_memdb.verification.values import to_json
from flue_memdb.verification.within import CallbackError
from flue_valkey.drills.ledger import Ledger


class Caller:
    """One client's way to the stores. `server_is_back` returns when a server that went away answers again."""

    def __init__(
        self, stores: Stores, client: int, ledger: Ledger, server_is_back: Callable[[], Awaitable[None]]
    ) -> None:
        self.client = client
        self._stores = stores
        self._ledger = ledger
        self._server_is_back = server_is_back

    async def once(self, op: str, *args: Json) -> Answer | None:
        """What the call gave; None if the server was away or went away, so that it may have happened or not."""
        operation = {"op": op, "args": list(args)}
        began = time.monotonic_ns()
        try:
            answer = await self._answer(op, list(args))
        except StoreUnavailableError as error:
            if error.may_have_happened:
                self._ledger.write(Call(self.client, operation, began))
            await self._server_is_back()
            return None
        self._ledger.write(Call(self.client, operation, began, time.monotonic_ns(), answer))
        return answer

    async def answered(self, op: str, *args: Json) -> Answer:
        """What the call gave, made again as long as nobody knows what became of it."""
        while (answer := await self.once(op, *args)) is None:
            pass
        return answer

    async def _answer(self, op: str, args: list[Json]) -> Answer:
        store, method = METHODS[op]
        shape = SHAPES[f"{store}.{method}"]
        arguments, options = read_arguments(method, shape, args)
        if method == "delete_session":
            arguments[1] = _callback(fails=arguments[1]["$tree"] == "fail")
        try:
            result = await getattr(getattr(self._stores, store), method)(*arguments, **options)
        except StoreUnavailableError:
            raise
        except FlueStoreError as error:
            return {"error": {"kind": error.kind, "message": str(error)}}
        except CallbackError as error:
            return {"error": {"kind": "callback", "message": str(error)}}
        return {"result": to_json(result)} if shape.gives else {}


def _callback(*, fails: bool) -> Callable[[], Awaitable[None]]:
    async def delete_session_tree() -> None:
        if fails:
            raise CallbackError("the session tree could not be deleted")

    return delete_session_tree
