"""Which calls are meant: by operation, and by the ids and other arguments of the call."""

import dataclasses
import typing
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from flue_memdb.contract.errors import FlueStoreError
from flue_memdb.contract.inputs import DirectInput, DispatchInput
from flue_memdb.contract.keys import session_storage_key
from flue_memdb.wrapping import OPERATIONS, PROTOCOLS, parameters

ADAPTER_OPERATIONS: Final = ("migrate", "connect")
"""What an adapter itself is asked; meant only where it is named."""


class Selection:
    """The calls of some operations (none named: all of the stores) whose arguments have these values.

    A name that no operation or argument has is a `ValueError` which says what was probably meant.
    """

    def __init__(self, asked: str, operations: Collection[str], where: Mapping[str, object]) -> None:
        known = [*OPERATIONS, *ADAPTER_OPERATIONS]
        for operation in operations:
            if operation not in known:
                raise ValueError(f"{asked}: {operation!r} is no operation{_meant(operation, known)}")
        self._operations = frozenset(operations or OPERATIONS)
        self._where = dict(where)
        arguments = {name for operation in self._operations for name in argument_names(operation)}
        for name in where:
            if name not in arguments:
                of = " and ".join(operations) or "the operations"
                take = "takes" if len(operations) == 1 else "take"
                raise ValueError(f"{asked}: {of} {take} no argument {name!r}{_meant(name, sorted(arguments))}")

    def __contains__(self, call: tuple[str, Mapping[str, Any]]) -> bool:
        """Whether a call, of an operation with arguments, is one of them."""
        operation, arguments = call
        if operation not in self._operations:
            return False
        if not self._where:
            return True
        values = list(named_values(arguments))
        return all(item in values for item in self._where.items())


def named_values(arguments: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every argument and every field of an argument with its name; of an admission also `submission_id` and
    `session_key`, and of `submission_ids` each as `submission_id`."""
    for name, argument in arguments.items():
        yield name, argument
        if dataclasses.is_dataclass(argument):
            for field in dataclasses.fields(argument):
                yield field.name, getattr(argument, field.name)
        if isinstance(argument, DispatchInput):
            yield "submission_id", argument.dispatch_id
        if isinstance(argument, (DispatchInput, DirectInput)):
            try:
                yield "session_key", session_storage_key(argument.id)
            except FlueStoreError:  # the store will refuse such an id
                continue
        if name == "submission_ids" and isinstance(argument, Collection):
            for submission_id in argument:
                yield "submission_id", submission_id


def argument_names(operation: str) -> set[str]:
    """The names that calls of an operation can be told apart by."""
    if operation in ADAPTER_OPERATIONS:
        return set()
    names = set(parameters(operation))
    hints = typing.get_type_hints(getattr(PROTOCOLS[OPERATIONS[operation]], operation))
    for name, hint in hints.items():
        for kind in (hint, *typing.get_args(hint)):
            if name != "return" and dataclasses.is_dataclass(kind):
                names |= {field.name for field in dataclasses.fields(kind) if not field.name.startswith("_")}
    if operation.startswith("admit_"):
        names |= {"submission_id", "session_key"}
    if operation == "renew_leases":
        names.add("submission_id")
    return names


def _meant(name: str, known: Collection[str]) -> str:
    import difflib  # noqa: PLC0415 -- needed for a mistake only

    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(map(repr, near))}?" if near else f"; there are {', '.join(known)}"
