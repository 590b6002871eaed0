"""The operations of the four stores as data: one line of a trace, made to happen on any stores."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from flue_memdb.contract import (
    UNSET,
    AttemptRef,
    ClaimRef,
    DirectInput,
    DispatchInput,
    Durability,
    FlueStoreError,
    InvalidPayloadError,
    Json,
    Lease,
    NewRun,
    NewTurnJournal,
    RunEnd,
    Stores,
)
from flue_memdb.contract.outcomes import listening
from flue_memdb.verification.outcomes import OUTCOMES
from flue_memdb.verification.values import camel, from_json, to_json

Operation: TypeAlias = dict[str, Json]
"""`{"at", "client", "op", "args"}`, as a line of a trace."""

Answer: TypeAlias = dict[str, Json]
"""`{"result": JSON}`, `{}` where the operation gives nothing, or `{"error": {"kind", "message"}}`."""


class CallbackError(Exception):
    """What a deletion callback raises that was told to fail."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """How an operation's arguments become a call. `parameters` turn one argument each; `options` names what the object
    behind them holds, given by name; `gives` says whether there is a result."""

    parameters: tuple[Callable[[Json], Any], ...] = ()
    options: tuple[str, ...] = ()
    gives: bool = True


def _plain(value: Json) -> Any:
    return value


def _record(record: type) -> Callable[[Json], Any]:
    return lambda document: from_json(record, document)


def _optional(record: type) -> Callable[[Json], Any]:
    return lambda document: None if document is UNSET else from_json(record, document)


def _error(value: Json) -> Any:
    return Exception(value["$error"]) if isinstance(value, dict) and "$error" in value else value


_attempt = _record(AttemptRef)

_SHAPES: dict[str, _Shape] = {
    "sessions.save": _Shape((_plain, _plain), gives=False),
    "sessions.load": _Shape((_plain,)),
    "sessions.delete": _Shape((_plain,), gives=False),
    "submissions.get_submission": _Shape((_plain,)),
    "submissions.get_turn_journal": _Shape((_plain,)),
    "submissions.has_unsettled_submissions": _Shape(),
    "submissions.list_runnable_submissions": _Shape(),
    "submissions.list_running_submissions": _Shape(),
    "submissions.list_expired_submissions": _Shape(),
    "submissions.list_pending_terminal_outboxes": _Shape(),
    "submissions.admit_dispatch": _Shape((DispatchInput.from_json,)),
    "submissions.admit_direct": _Shape((DirectInput.from_json,)),
    "submissions.claim_submission": _Shape((_record(ClaimRef),)),
    "submissions.mark_submission_input_applied": _Shape((_attempt, _optional(Durability))),
    "submissions.request_submission_recovery": _Shape((_attempt,)),
    "submissions.requeue_submission_before_input_applied": _Shape((_attempt,)),
    "submissions.complete_submission": _Shape((_attempt,)),
    "submissions.fail_submission": _Shape((_attempt, _error)),
    "submissions.replace_turn_journal_attempt": _Shape((_attempt, _plain, _optional(Lease))),
    "submissions.reserve_submission_terminal": _Shape((_attempt,), options=("event_key", "event")),
    "submissions.record_submission_terminal_offset": _Shape((_attempt, _plain, _plain)),
    "submissions.finalize_submission_terminal": _Shape((_attempt, _plain)),
    "submissions.begin_turn_journal": _Shape((_record(NewTurnJournal),)),
    "submissions.update_turn_journal_phase": _Shape(
        (_attempt, _plain), options=("checkpoint_leaf_id", "tool_request", "stream_key")
    ),
    "submissions.commit_turn_journal": _Shape((_attempt, _plain)),
    "submissions.mark_stream_consumed": _Shape((_attempt, _plain)),
    "submissions.append_stream_chunk_segment": _Shape((_plain, _plain, _plain)),
    "submissions.get_stream_chunk_segments": _Shape((_plain,)),
    "submissions.delete_stream_chunk_segments": _Shape((_plain,), gives=False),
    "submissions.insert_attempt_marker": _Shape((_attempt,), gives=False),
    "submissions.delete_attempt_marker": _Shape((_attempt,), gives=False),
    "submissions.list_attempt_markers": _Shape(),
    "submissions.renew_leases": _Shape((_plain, _plain), gives=False),
    "submissions.delete_session": _Shape((_plain, _plain), gives=False),
    "submissions.list_pending_session_deletions": _Shape(),
    "runs.create_run": _Shape((_record(NewRun),), gives=False),
    "runs.end_run": _Shape((_record(RunEnd),), gives=False),
    "runs.get_run": _Shape((_plain,)),
    "runs.lookup_run": _Shape((_plain,)),
    "runs.list_runs": _Shape(options=("status", "workflow_name", "limit", "cursor")),
    "events.create_stream": _Shape((_plain,), gives=False),
    "events.append_event": _Shape((_plain, _plain)),
    "events.append_event_once": _Shape((_plain, _plain, _plain)),
    "events.read_events": _Shape((_plain,), options=("offset", "limit")),
    "events.close_stream": _Shape((_plain,), gives=False),
    "events.get_stream_meta": _Shape((_plain,)),
}

_METHODS = {f"{store}.{camel(method)}": (store, method) for store, method in (name.split(".") for name in _SHAPES)}
_REQUIRED_OPTIONS = frozenset({"event_key", "event"})


async def apply(stores: Stores, operation: Operation) -> Answer:
    """Makes the operation happen and gives what its line in a trace would carry.

    It does not raise for an operation's own error: that is the answer.
    """
    answer, _ = await apply_with_outcome(stores, operation)
    return answer


async def apply_with_outcome(stores: Stores, operation: Operation) -> tuple[Answer, str]:
    """As `apply`, with the name of what the operation came to: one of its declared outcomes, or the kind of its error."""
    store, method = _METHODS[operation["op"]]
    shape = _SHAPES[f"{store}.{method}"]
    during: list[Answer] = []
    with listening() as outcomes:
        try:
            arguments, options = _arguments(method, shape, operation.get("args", []))
            if method == "delete_session":
                arguments[1] = _callback(stores, arguments[1], during)
            result = await getattr(getattr(stores, store), method)(*arguments, **options)
            answer = {"result": to_json(result)} if shape.gives else {}
        except FlueStoreError as error:
            answer = {"error": {"kind": error.kind, "message": str(error)}}
        except CallbackError as error:
            answer = {"error": {"kind": "callback", "message": str(error)}}
        except Exception as error:  # any other is a bug of the stores, which a comparison must show and not stop at
            answer = {"error": {"kind": "other", "message": f"{type(error).__name__}: {error}"}}
    if during:
        answer["during"] = during
    return answer, _outcome(operation["op"], outcomes, answer)


def _outcome(op: str, outcomes: list[str], answer: Answer) -> str:
    if outcomes:
        return outcomes[-1]
    return str(answer["error"]["kind"]) if "error" in answer else f"{op} reported no outcome"


def _arguments(method: str, shape: _Shape, args: Sequence[Json]) -> tuple[list[Any], dict[str, Any]]:
    padded = [*args, *[UNSET] * (len(shape.parameters) + 1 - len(args))]
    arguments = [read(value) for read, value in zip(shape.parameters, padded, strict=False)]
    options: dict[str, Any] = {}
    if shape.options:
        given = padded[len(shape.parameters)]
        given = {} if given is UNSET else given
        if not isinstance(given, dict):
            raise InvalidPayloadError(method, "options", f"is {given!r}", "give an object")
        for name in shape.options:
            if camel(name) in given or name in _REQUIRED_OPTIONS:
                options[name] = given.get(camel(name), UNSET)
    return arguments, options


def _callback(stores: Stores, tree: Json, during: list[Answer]) -> Callable[[], Awaitable[None]] | Json:
    if not isinstance(tree, dict):
        return tree

    async def delete_session_tree() -> None:
        for operation in tree.get("during", ()):
            during.append(await apply(stores, operation))
        if tree["$tree"] == "fail":
            raise CallbackError("snapshot deletion failed")

    return delete_session_tree


def declared_outcomes() -> dict[str, tuple[str, ...]]:
    """Per operation of the traces, the outcomes that it can have on good and bad input."""
    return {op: OUTCOMES[f"{store}.{method}"] for op, (store, method) in _METHODS.items()}
