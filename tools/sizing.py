"""What things take in a server's memory: `python -m tools.sizing` prints the table of docs/production.md.

A throwaway server of this machine is filled with many of each; what all keys take together (`MEMORY USAGE`, counted in
full) is divided by their number, so the shares of indexes are in it.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import click

from flue_memdb import (
    ClaimRef,
    DirectInput,
    DispatchInput,
    Json,
    NewRun,
    NewTurnJournal,
    RunEnd,
    Stores,
    session_storage_key,
)
from flue_valkey import valkey
from flue_valkey.keyspace import scan
from flue_valkey.layout import PREFIX
from flue_valkey.runner import Runner
from flue_valkey.servers.local import LocalServer

_TEXT: Final = "x" * 500
_IMAGE: Final = "x" * 1_000_000
_AT: Final = "2026-06-03T09:30:00.000Z"
_INSTANCE: Final = "crew"
_SESSION: Final = session_storage_key(_INSTANCE)


@dataclass(frozen=True, slots=True)
class Size:
    """How many bytes one of something takes."""

    what: str
    each: int


async def sizes(server: LocalServer, many: int = 1_000) -> AsyncIterator[Size]:
    """The table, a line after the other, from `many` of each; all that the server holds is removed."""
    for what, fill in _FILLS.items():
        number = min(many, 10) if fill is _images else many
        runner = server.runner()
        try:
            await runner.command("FLUSHALL")
            adapter = valkey(runner)
            await adapter.migrate()
            before = await _used(runner)
            await fill(await adapter.connect(), number)
            yield Size(what, round((await _used(runner) - before) / number))
        finally:
            await runner.close()


async def _used(runner: Runner) -> int:
    keys = [key async for key in scan(runner, PREFIX)]
    return sum(await runner.pipeline([("MEMORY", "USAGE", key, "SAMPLES", 0) for key in keys]))


async def _sessions(stores: Stores, number: int) -> None:
    for each in range(number):
        await stores.sessions.save(session_storage_key(f"crew-{each:06}"), {"entries": []})


async def _entries(stores: Stores, number: int) -> None:
    await stores.sessions.save(_SESSION, _document(number, {"type": "text", "text": _TEXT}))


async def _images(stores: Stores, number: int) -> None:
    await stores.sessions.save(_SESSION, _document(number, {"type": "image", "data": _IMAGE, "mimeType": "image/png"}))


def _document(entries: int, content: Json) -> dict[str, Json]:
    message = {"role": "user", "content": [content]}
    return {"entries": [{"id": f"entry-{each:06}", "type": "message", "message": message} for each in range(entries)]}


async def _dispatches(stores: Stores, number: int) -> None:
    for each in range(number):
        name = f"dispatch-{each:06}"
        work = DispatchInput(dispatch_id=name, agent="planner", id=_INSTANCE, input=_TEXT, accepted_at=_AT)
        await stores.submissions.admit_dispatch(work)
        attempt = ClaimRef(name, f"{name}-attempt", "worker-1", lease_expires_at=0)
        await stores.submissions.claim_submission(attempt)
        await stores.submissions.complete_submission(attempt)


async def _receipts(stores: Stores, number: int) -> None:
    await _dispatches(stores, number)
    await stores.submissions.delete_session(_SESSION, _nothing)


async def _nothing() -> None:
    return None


async def _prompts(stores: Stores, number: int) -> None:
    for each in range(number):
        name = f"prompt-{each:06}"
        prompt = DirectInput(
            submission_id=name, agent="planner", id=_INSTANCE, payload={"message": _TEXT}, accepted_at=_AT
        )
        await stores.submissions.admit_direct(prompt)
        attempt = ClaimRef(name, f"{name}-attempt", "worker-1", lease_expires_at=0)
        await stores.submissions.claim_submission(attempt)
        await stores.submissions.begin_turn_journal(
            NewTurnJournal(
                submission_id=name,
                session_key=_SESSION,
                kind="direct",
                attempt_id=attempt.attempt_id,
                operation_id=f"{name}-operation",
                turn_id=f"{name}-turn",
                phase="before_provider",
            )
        )
        stream = f"{name}-stream"
        await stores.submissions.update_turn_journal_phase(attempt, "provider_started", stream_key=stream)
        for segment in range(3):
            await stores.submissions.append_stream_chunk_segment(stream, segment, _TEXT)
        await stores.submissions.complete_submission(attempt)


async def _runs(stores: Stores, number: int) -> None:
    for each in range(number):
        name = f"run-{each:06}"
        await stores.runs.create_run(NewRun(run_id=name, workflow_name="digest", started_at=_AT, input=_TEXT))
        await stores.runs.end_run(RunEnd(run_id=name, ended_at=_AT, is_error=False, duration_ms=1_000, result=_TEXT))


async def _streams(stores: Stores, number: int) -> None:
    for each in range(number):
        await stores.events.create_stream(f"runs/run-{each:06}")


async def _events(stores: Stores, number: int) -> None:
    await stores.events.create_stream("runs/run-1")
    for _ in range(number):
        await stores.events.append_event("runs/run-1", _TEXT)


async def _keyed_events(stores: Stores, number: int) -> None:
    await stores.events.create_stream("runs/run-1")
    for each in range(number):
        await stores.events.append_event_once("runs/run-1", f"event-{each:06}", _TEXT)


_FILLS: Final[dict[str, Callable[[Stores, int], Awaitable[None]]]] = {
    "a session, its document without entries": _sessions,
    "an entry of a session's document": _entries,
    "an image of 1,000,000 characters in an entry": _images,
    "a dispatch": _dispatches,
    "what is left of a dispatch when its session was deleted": _receipts,
    "a direct prompt, with its journal and three segments": _prompts,
    "a run with its input and its result": _runs,
    "an event stream, without events": _streams,
    "an event": _events,
    "an event that is appended once under a key": _keyed_events,
}


@click.command()
def main() -> None:
    """Prints what things take, in bytes. Texts have 500 characters each."""

    async def table() -> None:
        async with LocalServer({"save": "3600 1"}) as server:
            click.echo(f"valkey-server {server.version}; texts of {len(_TEXT)} characters; bytes each")
            async for size in sizes(server):
                click.echo(f"{size.each:>12,}  {size.what}")

    asyncio.run(table())


if __name__ == "__main__":
    main()
