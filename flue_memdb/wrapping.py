"""Wrapping: an adapter round any other, each of whose operations goes through a function of one's choice."""

import functools
import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from flue_memdb.contract.adapter import Adapter, Stores
from flue_memdb.contract.stores import EventStore, RunStore, SessionStore, SubmissionStore

PROTOCOLS: Final[Mapping[str, type]] = {
    "sessions": SessionStore,
    "submissions": SubmissionStore,
    "runs": RunStore,
    "events": EventStore,
}
"""The four stores."""

OPERATIONS: Final[Mapping[str, str]] = {
    name: store
    for store, protocol in PROTOCOLS.items()
    for name, method in vars(protocol).items()
    if inspect.iscoroutinefunction(method)
}
"""The store of each operation that is awaited. The names of operations are distinct over all stores."""


@dataclass(frozen=True, slots=True)
class OperationCall:
    """One call of an operation, with what was given to it."""

    operation: str
    method: Callable[..., Awaitable[Any]]
    args: Sequence[Any]
    kwargs: Mapping[str, Any]

    def arguments(self) -> dict[str, Any]:
        """The arguments by name, as in `arguments_by_name`."""
        return arguments_by_name(self.operation, self.args, self.kwargs)

    def make(self) -> Awaitable[Any]:
        """Makes the call."""
        return self.method(*self.args, **self.kwargs)


Carrier: TypeAlias = Callable[[OperationCall], Awaitable[Any]]
"""What every operation goes through: it makes the call, and gives or raises what the caller gets."""


class WrappedAdapter:
    """An adapter that does what `adapter` does, but for what `carry` makes of its stores' operations."""

    def __init__(self, adapter: Adapter, carry: Carrier) -> None:
        self._adapter = adapter
        self._carry = carry

    async def migrate(self) -> None:
        """As the adapter does."""
        await self._adapter.migrate()

    async def connect(self) -> Stores:
        """The wrapped stores."""
        stores = await self._adapter.connect()
        wrapped: dict[str, Any] = {name: _WrappedStore(self._carry, getattr(stores, name)) for name in PROTOCOLS}
        return Stores(**wrapped)

    async def close(self) -> None:
        """As the adapter does."""
        await self._adapter.close()


class _WrappedStore:
    """A store whose operations are carried; everything else of it, such as `subscribe`, is the store's own."""

    def __init__(self, carry: Carrier, store: object) -> None:
        self._carry = carry
        self._store = store

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._store, name)
        return functools.partial(self._carried, name, attribute) if name in OPERATIONS else attribute

    async def _carried(self, operation: str, method: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True  # pytest shows what the app did, and the store
        return await self._carry(OperationCall(operation, method, args, kwargs))


def parameters(operation: str) -> Mapping[str, inspect.Parameter]:
    """The parameters of an operation, by name and in order."""
    return _signature(operation).parameters


def arguments_by_name(operation: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a call, as far as they were given; a call that does not fit the operation is a `TypeError`."""
    return dict(_signature(operation).bind(*args, **kwargs).arguments)


@functools.cache
def _signature(operation: str) -> inspect.Signature:
    signature = inspect.signature(getattr(PROTOCOLS[OPERATIONS[operation]], operation))
    _, *own = signature.parameters.values()
    return signature.replace(parameters=own)
