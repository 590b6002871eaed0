"""`flue db show`: one thing out of a namespace, as a person wants to read it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import click

from flue_memdb.contract import CorruptRecordError, EventStore, Json, Stores, StreamEvent, session_storage_key
from flue_memdb.contract.errors import quoted
from flue_memdb.verification.values import to_json
from flue_valkey.adapter import valkey
from flue_valkey.cli.db.connection import connected, server_options
from flue_valkey.cli.db.show_text import document_text, entries_text, event_line, record_text

_Command = TypeVar("_Command", bound=Callable[..., Any])


@click.group()
def show() -> None:
    """Print one submission, session, run or stream. It only reads.

    \b
    Examples:
      flue db show submission d1          the row, the document that was admitted, the turn in progress
      flue db show stream runs/r1 --follow

    \b
    Exit codes: 0 fine, 1 it is not there or cannot be read, 2 bad use or nothing could be run, 130 interrupted.
    """


def _thing(command: _Command) -> _Command:
    """`ID`, `--json`, `--url` and `--prefix`."""
    command = click.option("--json", "as_json", is_flag=True, help="Print JSON, for machines.")(command)
    return click.argument("id_", metavar="ID")(server_options(command))


@show.command()
@_thing
def submission(id_: str, url: str, prefix: str, as_json: bool) -> None:
    """A submission, with its turn journal."""

    async def read(stores: Stores) -> dict[str, Json]:
        found = await stores.submissions.get_submission(id_)
        return {"submission": to_json(found), "journal": to_json(await stores.submissions.get_turn_journal(id_))}

    found = _read("submission", id_, url, prefix, read)
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    row = dict(found["submission"])
    document = row.pop("input")
    click.echo(record_text(row) + "\n" + document_text("input", document), nl=False)
    if found["journal"] is not None:
        click.echo("\nturn journal\n" + record_text(found["journal"]), nl=False)


@show.command()
@_thing
def session(id_: str, url: str, prefix: str, as_json: bool) -> None:
    """A session document: what it says of itself, and its entries."""

    async def read(stores: Stores) -> dict[str, Json]:
        return {"session": await stores.sessions.load(id_)}

    document = _read("session", id_, url, prefix, read)["session"]
    if as_json:
        click.echo(json.dumps(document, indent=2))
        return
    entries = document.pop("entries")
    click.echo(document_text("session", document) + "\n" + entries_text(entries), nl=False)


@show.command()
@_thing
def run(id_: str, url: str, prefix: str, as_json: bool) -> None:
    """A workflow run."""

    async def read(stores: Stores) -> dict[str, Json]:
        return {"run": to_json(await stores.runs.get_run(id_))}

    found = _read("run", id_, url, prefix, read)["run"]
    click.echo(json.dumps(found, indent=2) + "\n" if as_json else record_text(found), nl=False)


@show.command()
@_thing
@click.option("--follow", is_flag=True, help="Go on with what is appended, until the stream is closed or Ctrl-C.")
def stream(id_: str, url: str, prefix: str, as_json: bool, follow: bool) -> None:
    """The events of a stream, one a line."""

    async def tell(stores: Stores) -> bool:
        meta = await stores.events.get_stream_meta(id_)
        if meta is None:
            return False
        async for event in stores.events.tail(id_) if follow else _stored(stores.events, id_):
            click.echo(json.dumps(to_json(event)) if as_json else event_line(event))
        return True

    if not _with_stores(url, prefix, tell):
        _fail(f"there is no stream {quoted(id_)} in namespace {quoted(prefix)}")


async def _stored(events: EventStore, path: str) -> AsyncIterator[StreamEvent]:
    """The events that are there, a page at a time."""
    offset, up_to_date = "-1", False
    while not up_to_date:
        page = await events.read_events(path, offset)
        for event in page.events:
            yield event
        offset, up_to_date = page.next_offset, page.up_to_date


def _read(
    kind: str, id_: str, url: str, prefix: str, read: Callable[[Stores], Awaitable[dict[str, Json]]]
) -> dict[str, Any]:
    found = _with_stores(url, prefix, read)
    if found[kind] is None:
        _fail(f"there is no {kind} {quoted(id_)} in namespace {quoted(prefix)}{_perhaps(kind, id_)}")
    return found


def _perhaps(kind: str, id_: str) -> str:
    """What may have been meant: sessions have keys, and people know the names of instances."""
    if kind != "session" or id_.startswith("agent-session:"):
        return ""
    return f"; that of an instance {quoted(id_)} has the key {quoted(session_storage_key(id_))}"


_T = TypeVar("_T")


def _with_stores(url: str, prefix: str, use: Callable[[Stores], Awaitable[_T]]) -> _T:
    async def used() -> _T:
        async with _stores(url, prefix) as stores:
            return await use(stores)

    return asyncio.run(used())


@asynccontextmanager
async def _stores(url: str, prefix: str) -> AsyncIterator[Stores]:
    async with connected(url) as runner:
        try:
            yield await valkey(runner, key_prefix=prefix, inspect_server=False).connect()
        except CorruptRecordError as error:
            _fail(f"{error.subject} cannot be read: {error.found}; {error.remedy}")


def _fail(message: str) -> None:
    raise click.ClickException(message)
