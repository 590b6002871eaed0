"""What the arguments of operations are called: where ids are found, and where bad values can stand."""

import functools
from collections.abc import Iterator

from flue_memdb.contract import Json
from flue_memdb.verification.bulk import BULK, single_calls
from flue_memdb.verification.disturbances import DISTURBANCES
from flue_memdb.verification.live import LIVE, operations_within
from flue_memdb.verification.shapes import METHODS, SHAPES
from flue_memdb.verification.values import camel
from flue_memdb.wrapping import parameters

# Of the many records of a bulk step only so many are looked at one by one.
_BULK_SAMPLES = 10


@functools.cache
def argument_names(op: str) -> tuple[str, ...]:
    """The names of an operation's arguments in a trace, in camelCase; `options` for the object of options."""
    if op in DISTURBANCES or op in LIVE:
        return {**DISTURBANCES, **LIVE}[op]
    store, method = METHODS[op]
    shape = SHAPES[f"{store}.{method}"]
    names = [camel(name) for name in list(parameters(method))[: len(shape.parameters)]]
    return (*names, "options") if shape.options else tuple(names)


@functools.cache
def field_names(op: str, name: str) -> tuple[str, ...]:
    """The names that an operation's argument of this name is looked into for, also those that may be left out."""
    if op not in METHODS:
        return ()
    store, method = METHODS[op]
    shape = SHAPES[f"{store}.{method}"]
    if name == "options":
        return tuple(map(camel, shape.options))
    return dict(zip(argument_names(op), shape.parameters, strict=False))[name].fields


def named_values(operation: dict[str, Json]) -> Iterator[tuple[str, Json]]:
    """Every argument of an operation, and every field of an argument, with its name; also of those within a callback
    or a live step, and of some calls of a bulk step."""
    if operation["op"] in BULK:
        calls = list(single_calls(operation))
        for call in calls[:: max(1, len(calls) // _BULK_SAMPLES)]:
            yield from named_values(call)
        return
    for inner in operations_within(operation):
        yield from named_values(inner)
    for name, value in zip(argument_names(operation["op"]), operation.get("args", ()), strict=False):
        yield name, value
        if isinstance(value, dict):
            yield from value.items()
            if "$tree" in value:
                for inner in value.get("during", ()):
                    yield from named_values(inner)
