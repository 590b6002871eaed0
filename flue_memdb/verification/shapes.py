"""How the arguments of each operation stand in a trace, and how they become a call; both ways."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flue_memdb.contract import (
    UNSET,
    AttemptRef,
    ClaimRef,
    DirectInput,
    DispatchInput,
    Durability,
    InvalidPayloadError,
    Json,
    Lease,
    NewRun,
    NewTurnJournal,
    RunEnd,
)
from flue_memdb.contract.errors import quoted
from flue_memdb.contract.failure import error_text
from flue_memdb.contract.plain import plain
from flue_memdb.verification.placeholders import expand, fold
from flue_memdb.verification.values import camel, from_json, to_json
from flue_memdb.wrapping import OPERATIONS, arguments_by_name

_EXTRA = "$extra"


class Parameter:
    """A plain JSON value."""

    @property
    def fields(self) -> tuple[str, ...]:
        """What the object is looked into for, if it is one; also what may be left out."""
        return ()

    def read(self, value: Json) -> Any:
        """The argument of its JSON value; `UNSET` where none was given."""
        return expand(value)

    def write(self, argument: Any) -> Json:
        """The JSON value of an argument."""
        # JSON text does not keep 1.0 and 1 apart, but where a number is expected only one of them is a good one.
        if isinstance(argument, float) and argument.is_integer():
            return {"$float": repr(argument)}
        return fold(argument)


@dataclass(frozen=True)
class _Record(Parameter):
    record: type
    optional: bool = False

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(camel(field.name) for field in dataclasses.fields(self.record))

    def read(self, value: Json) -> Any:
        if self.optional and value is UNSET:
            return None
        return from_json(self.record, expand(value))

    def write(self, argument: Any) -> Json:
        if not isinstance(argument, self.record):
            return {"$value": "object"}
        return {name: Parameter().write(item) for name, item in to_json(argument, plain).items()}


@dataclass(frozen=True)
class _Admission(Parameter):
    """The input's document. `$extra` in it stands for the record's `extra`, where that is no good one."""

    record: type[DispatchInput] | type[DirectInput]

    @property
    def fields(self) -> tuple[str, ...]:
        names = [camel(field.name) for field in dataclasses.fields(self.record) if not field.name.startswith("_")]
        return (*(name for name in names if name != "extra"), _EXTRA)

    def read(self, value: Json) -> Any:
        document = expand(value)
        if not isinstance(document, dict):
            return document
        extra = document.pop(_EXTRA, UNSET)
        record = self.record.from_json(document)
        return record if extra is UNSET else dataclasses.replace(record, extra=extra)

    def write(self, argument: Any) -> Json:
        if not isinstance(argument, self.record):
            return {"$value": "object"}
        if isinstance(argument.extra, Mapping) and not argument.extra.keys() & self.fields:
            return fold(argument.document())
        extra = dict(argument.extra) if isinstance(argument.extra, Mapping) else argument.extra
        return {**fold(dataclasses.replace(argument, extra={}).document()), _EXTRA: fold(extra)}


class _UnspeakableError(Exception):
    """An error of an app whose text cannot be made."""

    def __str__(self) -> str:
        raise ValueError("there is no text")


class _Error(Parameter):
    """An exception, or a text. `{"$error": null}` is an exception that says nothing."""

    def read(self, value: Json) -> Any:
        if not isinstance(value, dict) or "$error" not in value:
            return expand(value)
        return _UnspeakableError() if value["$error"] is None else Exception(value["$error"])

    def write(self, argument: Any) -> Json:
        if not isinstance(argument, BaseException):
            return super().write(argument)
        if isinstance(argument, _UnspeakableError):
            return {"$error": None}
        try:
            return {"$error": error_text("write", argument)}
        except InvalidPayloadError:
            return {"$error": str(argument)}


class _Ids(Parameter):
    def write(self, argument: Any) -> Json:
        return super().write(list(argument) if isinstance(argument, tuple) else argument)


class _Callback(Parameter):
    """Left as it is: the operations within the callback are expanded when they happen."""

    def read(self, value: Json) -> Any:
        return value if isinstance(value, dict) and "$tree" in value else expand(value)


@dataclass(frozen=True, slots=True)
class Shape:
    """How an operation's arguments become a call. `parameters` stand for one argument each; `options` names what the
    object behind them holds, given by name; `gives` says whether there is a result."""

    parameters: tuple[Parameter, ...] = ()
    options: tuple[str, ...] = ()
    gives: bool = True


_plain = Parameter()
_attempt = _Record(AttemptRef)

SHAPES: dict[str, Shape] = {
    "sessions.save": Shape((_plain, _plain), gives=False),
    "sessions.load": Shape((_plain,)),
    "sessions.delete": Shape((_plain,), gives=False),
    "submissions.get_submission": Shape((_plain,)),
    "submissions.get_turn_journal": Shape((_plain,)),
    "submissions.has_unsettled_submissions": Shape(),
    "submissions.list_runnable_submissions": Shape(),
    "submissions.list_running_submissions": Shape(),
    "submissions.list_expired_submissions": Shape(),
    "submissions.list_pending_terminal_outboxes": Shape(),
    "submissions.admit_dispatch": Shape((_Admission(DispatchInput),)),
    "submissions.admit_direct": Shape((_Admission(DirectInput),)),
    "submissions.claim_submission": Shape((_Record(ClaimRef),)),
    "submissions.mark_submission_input_applied": Shape((_attempt, _Record(Durability, optional=True))),
    "submissions.request_submission_recovery": Shape((_attempt,)),
    "submissions.requeue_submission_before_input_applied": Shape((_attempt,)),
    "submissions.complete_submission": Shape((_attempt,)),
    "submissions.fail_submission": Shape((_attempt, _Error())),
    "submissions.replace_turn_journal_attempt": Shape((_attempt, _plain, _Record(Lease, optional=True))),
    "submissions.reserve_submission_terminal": Shape((_attempt,), options=("event_key", "event")),
    "submissions.record_submission_terminal_offset": Shape((_attempt, _plain, _plain)),
    "submissions.finalize_submission_terminal": Shape((_attempt, _plain)),
    "submissions.begin_turn_journal": Shape((_Record(NewTurnJournal),)),
    "submissions.update_turn_journal_phase": Shape(
        (_attempt, _plain), options=("checkpoint_leaf_id", "tool_request", "stream_key")
    ),
    "submissions.commit_turn_journal": Shape((_attempt, _plain)),
    "submissions.mark_stream_consumed": Shape((_attempt, _plain)),
    "submissions.append_stream_chunk_segment": Shape((_plain, _plain, _plain)),
    "submissions.get_stream_chunk_segments": Shape((_plain,)),
    "submissions.delete_stream_chunk_segments": Shape((_plain,), gives=False),
    "submissions.insert_attempt_marker": Shape((_attempt,), gives=False),
    "submissions.delete_attempt_marker": Shape((_attempt,), gives=False),
    "submissions.list_attempt_markers": Shape(),
    "submissions.renew_leases": Shape((_plain, _Ids()), gives=False),
    "submissions.delete_session": Shape((_plain, _Callback()), gives=False),
    "submissions.list_pending_session_deletions": Shape(),
    "runs.create_run": Shape((_Record(NewRun),), gives=False),
    "runs.end_run": Shape((_Record(RunEnd),), gives=False),
    "runs.get_run": Shape((_plain,)),
    "runs.lookup_run": Shape((_plain,)),
    "runs.list_runs": Shape(options=("status", "workflow_name", "limit", "cursor")),
    "events.create_stream": Shape((_plain,), gives=False),
    "events.append_event": Shape((_plain, _plain)),
    "events.append_event_once": Shape((_plain, _plain, _plain)),
    "events.read_events": Shape((_plain,), options=("offset", "limit")),
    "events.close_stream": Shape((_plain,), gives=False),
    "events.get_stream_meta": Shape((_plain,)),
}

METHODS = {f"{store}.{camel(method)}": (store, method) for store, method in (name.split(".") for name in SHAPES)}
"""Store and method of each operation of a trace."""

_REQUIRED_OPTIONS = frozenset({"event_key", "event"})


def read_arguments(method: str, shape: Shape, args: Sequence[Json]) -> tuple[list[Any], dict[str, Any]]:
    """The positional and the named arguments of a call."""
    padded = [*args, *[UNSET] * (len(shape.parameters) + 1 - len(args))]
    arguments = [parameter.read(value) for parameter, value in zip(shape.parameters, padded, strict=False)]
    options: dict[str, Any] = {}
    if shape.options:
        given = padded[len(shape.parameters)]
        given = {} if given is UNSET else expand(given)
        if not isinstance(given, dict):
            raise InvalidPayloadError(method, "options", f"is {quoted(given)}", "give an object")
        for name in shape.options:
            if camel(name) in given or name in _REQUIRED_OPTIONS:
                options[name] = given.get(camel(name), UNSET)
    return arguments, options


def write_arguments(operation: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[Json]:
    """The arguments of a call as they stand in a trace; a call that does not fit the method is a `TypeError`."""
    shape = SHAPES[f"{OPERATIONS[operation]}.{operation}"]
    given = list(arguments_by_name(operation, args, kwargs).items())
    options = {camel(name): value for name, value in given if name in shape.options}
    optional = [isinstance(parameter, _Record) and parameter.optional for parameter in shape.parameters]
    written = [
        parameter.write(value)
        for parameter, (_, value), may_be_none in zip(shape.parameters, given, optional, strict=False)
        if not (may_be_none and value is None)
    ]
    if options:
        written.append({name: Parameter().write(value) for name, value in options.items() if value is not UNSET})
    while written and written[-1] is UNSET:
        written.pop()
    return written
