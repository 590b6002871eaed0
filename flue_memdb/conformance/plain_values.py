"""Texts and numbers of classes of the app's own, such as enums: what is stored of them is plain, as in any database."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from flue_memdb.conformance.examples import (
    EVENT_KEY,
    INSTANCE,
    NOW,
    NOW_MS,
    PATH,
    SESSION,
    STREAM,
    admit,
    attempt,
    claim,
    direct,
    dispatch,
    new_journal,
    new_run,
    run_end,
    running,
    session,
    settled,
)
from flue_memdb.conformance.picture import picture
from flue_memdb.conformance.suite import Contract
from flue_memdb.contract import Durability, Lease, Stores


class _Text(str):
    __slots__ = ()

    def __str__(self) -> str:
        return "not what it is"

    __repr__ = __format__ = __str__  # type: ignore[assignment]


class _Number(int):
    def __repr__(self) -> str:
        return "not what it is"


class TestPlainValues(Contract):
    """What is given back is a plain text or number, of whatever class it was given."""

    async def test_of_a_submission(self, stores: Stores) -> None:
        """A life whose ids, owner, lease, durability, terminal key and error are of other classes."""
        submissions = stores.submissions
        await admit(stores, dispatch(_Text("d1"), _Text(INSTANCE), agent=_Text("planner")))
        given = claim(_Text("d1"), _Text("a1"), owner_id=_Text("w1"), lease_expires_at=_Number(NOW_MS))
        answers: list[object] = [await submissions.claim_submission(given)]
        await submissions.mark_submission_input_applied(given, Durability(_Number(3), _Number(NOW_MS)))
        lease = Lease(_Text("w2"), _Number(NOW_MS))
        answers.append(await submissions.replace_turn_journal_attempt(given, _Text("a2"), lease))
        await submissions.fail_submission(attempt("d1", "a2"), _Text("it broke"))
        await submissions.insert_attempt_marker(given)
        answers.append(await running(stores, direct(_Text("p1"))))
        owned = attempt(_Text("p1"), _Text("a1"))
        answers.append(await submissions.reserve_submission_terminal(owned, _Text(EVENT_KEY), _Text("end")))
        await submissions.record_submission_terminal_offset(owned, EVENT_KEY, _Text("an offset"))
        answers.append(await submissions.get_submission(_Text("d1")))
        _all_plain(answers, await picture(stores))

    async def test_of_a_turn(self, stores: Stores) -> None:
        """A journal and segments whose ids, keys, kind, phases, leaves, index and body are of other classes."""
        submissions = stores.submissions
        texts = {
            name: _Text(name) for name in ("session_key", "attempt_id", "operation_id", "turn_id", "checkpoint_leaf_id")
        }
        begun = new_journal(_Text("d1"), kind=_Text("direct"), phase=_Text("before_provider"), **texts)
        await submissions.begin_turn_journal(begun)
        answers: list[object] = [await submissions.get_turn_journal(_Text("d1"))]
        owned = attempt("d1", "attempt_id")
        phase, leaf, stream = _Text("provider_started"), _Text("leaf"), _Text(STREAM)
        await submissions.update_turn_journal_phase(owned, phase, leaf, _Text("a request"), stream)  # type: ignore[arg-type]
        answers.append(await submissions.get_turn_journal("d1"))
        await submissions.commit_turn_journal(owned, _Text("leaf"))
        await submissions.append_stream_chunk_segment(stream, _Number(0), _Text("body"))
        _all_plain(answers, await picture(stores))

    async def test_of_runs_and_events(self, stores: Stores) -> None:
        """A run and a stream whose ids, names, times, duration, path, key and offset are of other classes."""
        run_id, path = _Text("r1"), _Text(PATH)
        await stores.runs.create_run(new_run(run_id, _Text(NOW), workflow_name=_Text("digest"), input=_Text("in")))
        await stores.runs.end_run(run_end(run_id, ended_at=_Text(NOW), duration_ms=_Number(7), result=_Number(1)))
        answers: list[object] = [await stores.runs.get_run(run_id), await stores.runs.lookup_run(run_id)]
        await stores.events.create_stream(path)
        first = await stores.events.append_event_once(path, _Text("a key"), _Text("an event"))
        answers.append(await stores.events.read_events(path, _Text(first), _Number(7)))
        answers.append(await stores.events.read_events(path, _Text("-1")))
        _all_plain(answers, await picture(stores))

    async def test_of_a_session(self, stores: Stores) -> None:
        """A document, and a deletion, whose key and texts are of other classes."""
        key = _Text(SESSION)
        document = session({_Text("id"): _Text("e1"), "count": _Number(1)})
        await stores.sessions.save(key, document)
        await settled(stores, dispatch(_Text("d1")))
        pending: list[str] = []

        async def look() -> None:
            pending.extend(await stores.submissions.list_pending_session_deletions())

        await stores.submissions.delete_session(key, look)
        assert pending == [SESSION]
        _all_plain(pending, await stores.sessions.load(key), await _receipt(stores), await picture(stores))


async def _receipt(stores: Stores) -> object:
    """The receipt of a dispatch that was deleted."""
    return await stores.submissions.admit_dispatch(dispatch(_Text("d1")))


def _all_plain(*values: object) -> None:
    assert not {type(value) for value in _within(values)} & {_Text, _Number}


def _within(value: object) -> Iterator[object]:
    yield value
    if is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from _within(getattr(value, field.name))
    elif isinstance(value, dict):
        yield from _within([*value, *value.values()])
    elif isinstance(value, (list, tuple)):
        for member in value:
            yield from _within(member)
