"""What always holds in a namespace: every index agrees with the rows, and nothing is left behind.

A finding is `broken` when a reader could be misled, `left over` when something lies about that nobody reads. A peer's
gaps that are no damage (storage format, "Guarantees") are at most left over.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from flue_memdb.contract import InvalidTimestampError, parse_timestamp, utc_text
from flue_memdb.contract.errors import quoted
from flue_valkey.keyspace import Hash, Keyspace, Scores
from flue_valkey.layout import base64url
from flue_valkey.rows import SUBMISSION_STATUSES

_RUN_STATUSES = ("active", "completed", "errored")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that contradicts the layout."""

    kind: Literal["broken", "left over"]
    text: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"


def findings(space: Keyspace) -> list[Finding]:
    """All that contradicts the invariants; empty if all is well."""
    found = [_broken(text) for text in space.misfits]
    found += [_left_over(f"helper key {key} has no time to live") for key in space.lasting]
    for check in (_of_submissions, _of_queues, _of_generations, _of_recovery, _of_deletions, _of_runs, _of_events):
        found += check(space)
    return found


def _broken(text: str) -> Finding:
    return Finding("broken", text)


def _left_over(text: str) -> Finding:
    return Finding("left over", text)


def _of_submissions(space: Keyspace) -> Iterator[Finding]:
    counter = space.one("sequence") or "0"
    for (submission_id,), row in space.all("submission").items():
        label = f"submission {quoted(submission_id)}"
        status, sequence = row.get("status"), row.get("sequence", "")
        if row.get("submissionId") != submission_id or status not in SUBMISSION_STATUSES:
            yield _broken(f"{label} has the id {quoted(row.get('submissionId'))} and the status {quoted(status)}")
            continue
        if not sequence.isdecimal() or not 1 <= int(sequence) <= int(counter):
            yield _broken(f"{label} has the sequence {quoted(sequence)}; {counter} were admitted")
            continue
        if "" in row.values():
            yield _broken(f"{label} has an empty field, which should be absent")
        session_key = row.get("sessionKey", "")
        for index, ids in (("submissions", ()), ("submissions_order", ()), ("session_submissions", (session_key,))):
            if space.one(index, *ids).get(submission_id) != int(sequence):
                yield _broken(f"{label} is not in {index} at {sequence}")
        for other in sorted(SUBMISSION_STATUSES):
            listed = space.one(other).get(submission_id)
            if other == status == "settled" and listed is None and "terminalOffset" in row:
                continue  # a peer that finalises it leaves it out
            if listed != (int(sequence) if other == status else None):
                yield _broken(f"{label} is {status}; in the index of {other} it stands at {listed}")
        waiting = space.one("session_unsettled", session_key).get(submission_id)
        if waiting != (None if status == "settled" else int(sequence)):
            yield _broken(f"{label} is {status}; in its session's queue it stands at {waiting}")
        if (submission_id,) in space.all("receipt"):
            yield _broken(f"{label} has a row and a receipt")
        if (submission_id, row.get("generation", "")) not in space.all("submission_generation"):
            yield _broken(f"{label} has no payload")


def _of_queues(space: Keyspace) -> Iterator[Finding]:
    names = (
        "submissions",
        "submissions_order",
        *sorted(SUBMISSION_STATUSES),
        "session_submissions",
        "session_unsettled",
    )
    for name in names:
        for ids, index in space.all(name).items():
            for submission_id in index:
                row = space.one("submission", submission_id)
                if not row:
                    yield _broken(f"{name} {quoted(ids)} lists submission {quoted(submission_id)}, which has no row")
                elif ids and row.get("sessionKey") != ids[0]:
                    yield _broken(f"{name} {quoted(ids)} lists submission {quoted(submission_id)} of another session")


def _of_generations(space: Keyspace) -> Iterator[Finding]:
    for name, owner in (("session", "session"), ("submission", "submission")):
        stored = space.all(f"{name}_generation")
        for id_, generation in stored:
            current = space.one(owner, id_).get("generation") == generation
            held = int(space.one(f"{name}_readers", id_).get(generation, "0")) > 0
            if generation not in space.one(f"{name}_generations", id_):
                yield _broken(f"generation {generation} of {name} {quoted(id_)} is not listed")
            if not current and not held:
                yield _left_over(f"generation {generation} of {name} {quoted(id_)}, which nobody reads")
        for (id_,), listed in space.all(f"{name}_generations").items():
            for generation in listed.keys() - {
                stored_generation for stored_id, stored_generation in stored if stored_id == id_
            }:
                yield _left_over(f"the list of generations of {name} {quoted(id_)} names {generation}, which is gone")
        for (id_,), readers in space.all(f"{name}_readers").items():
            for generation in readers:
                if (id_, generation) not in stored:
                    yield _left_over(f"readers hold generation {generation} of {name} {quoted(id_)}, which is gone")
    for (session_key,), pointer in space.all("session").items():
        fields = space.one("session_generation", session_key, pointer.get("generation", ""))
        entries = {name for name in fields if name.startswith("entry:")}
        if "session" not in fields or entries != {f"entry:{at}" for at in range(int(fields.get("entryCount", "0")))}:
            yield _broken(f"session {quoted(session_key)} has no whole document")


def _of_recovery(space: Keyspace) -> Iterator[Finding]:
    listed = [(submission_id,) for submission_id in space.one("journals")]
    yield from _same_ids("journals", listed, [*space.all("journal")])
    listed = [(stream_key,) for stream_key in space.one("stream_segment_keys")]
    yield from _same_ids("stream_segment_keys", listed, [*space.all("stream_segments")])
    members = {_marker_member(*ids) for ids in space.all("marker")}
    yield from _same_ids("markers", [(member,) for member in space.one("markers")], [(member,) for member in members])
    for (submission_id,), row in space.all("journal").items():
        if row.get("submissionId") != submission_id or "" in row.values():
            yield _broken(f"journal of submission {quoted(submission_id)} is {quoted(row)}")


def _marker_member(submission_id: str, attempt_id: str) -> str:
    return f"{base64url(submission_id)}.{base64url(attempt_id)}"


def _of_deletions(space: Keyspace) -> Iterator[Finding]:
    listed = [(session_key,) for session_key in space.one("deletions")]
    yield from _same_ids("deletions", listed, [*space.all("deletion")])
    for (session_key,), marker in space.all("deletion").items():
        started_at = space.one("deletions").get(session_key)
        if marker.get("startedAt") != str(started_at):
            yield _broken(
                f"deletion of {quoted(session_key)} started at {marker.get('startedAt')}, listed {started_at}"
            )
        if space.one("session_unsettled", session_key):
            yield _broken(f"session {quoted(session_key)} has a deletion marker and unsettled work")


def _of_runs(space: Keyspace) -> Iterator[Finding]:
    rows = space.all("run")
    yield from _same_ids("runs", [(run_id,) for run_id in space.one("runs")], [*rows])
    for (run_id,), row in rows.items():
        label = f"run {quoted(run_id)}"
        status = row.get("status")
        try:
            started_ms = parse_timestamp(row.get("startedAt"))
        except InvalidTimestampError as error:
            yield _broken(f"{label}: {error}")
            continue
        if row.get("runId") != run_id or row.get("orderKey") != utc_text(started_ms):
            yield _broken(f"{label} has the id {quoted(row.get('runId'))} and the order key {row.get('orderKey')}")
        if status not in space.one("runs_statuses"):
            yield _broken(f"{label} is {status}, which runs:statuses does not name")
        indexes: dict[str, Scores] = {f"runs_{name}": space.one(f"runs_{name}") for name in _RUN_STATUSES}
        for name, index in (indexes | {"runs": space.one("runs")}).items():
            expected = started_ms if name in ("runs", f"runs_{status}") else None
            if index.get(run_id) != expected:
                yield _broken(f"{label} is {status}; in {name} it stands at {index.get(run_id)}, not at {expected}")
        if space.one("runs_workflow", row.get("workflowName", "")).get(run_id) != started_ms:
            yield _broken(f"{label} is not among the runs of its workflow")
    for ids, index in [
        *space.all("runs_workflow").items(),
        *((((name,), space.one(f"runs_{name}"))) for name in _RUN_STATUSES),
    ]:
        for run_id in index:
            if (run_id,) not in rows:
                yield _broken(f"the index of runs {quoted(ids)} lists {quoted(run_id)}, which has no row")
            elif ids[0] not in (rows[run_id,].get("workflowName"), rows[run_id,].get("status")):
                yield _broken(f"the index of runs {quoted(ids)} lists {quoted(run_id)}, which belongs elsewhere")


def _of_events(space: Keyspace) -> Iterator[Finding]:
    yield from _same_ids("events", [(path,) for path in space.one("events")], [*space.all("event")])
    for name in ("event_entries", "event_order", "event_keys"):
        for ids in space.all(name).keys() - space.all("event").keys():
            yield _broken(f"{name} {quoted(ids)} has no stream")
    for (path,), row in space.all("event").items():
        entries: Hash = space.one("event_entries", path)
        expected = [str(sequence) for sequence in range(len(entries))]
        if row.get("nextOffset") != str(len(entries)) or row.get("closed") not in ("0", "1"):
            yield _broken(f"stream {quoted(path)} is {quoted(row)} and has {len(entries)} events")
        if sorted(entries, key=int) != expected:
            yield _broken(f"stream {quoted(path)} has gaps: {quoted(sorted(entries, key=int))}")
        if space.one("event_order", path) != {sequence: int(sequence) for sequence in expected}:
            yield _broken(f"stream {quoted(path)} has an order that its events contradict")
        for key, value in space.one("event_keys", path).items():
            sequence, _, text = value.partition(":")
            if entries.get(sequence) != text:
                yield _broken(f"stream {quoted(path)} has the event key {quoted(key)}, whose event differs")


def _same_ids(index: str, listed: Iterable[tuple[str, ...]], rows: Iterable[tuple[str, ...]]) -> Iterator[Finding]:
    for ids in set(listed) - set(rows):
        yield _broken(f"{index} lists {quoted(ids)}, which has no row")
    for ids in set(rows) - set(listed):
        yield _broken(f"{index} does not list {quoted(ids)}")
