"""What a process meets that starts over a namespace which is not as it should be; each probe leaves all as it was."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from flue_memdb.contract import Adapter, ClaimRef, DispatchInput, FlueStoreError, Json, Stores
from flue_memdb.contract.limits import SCHEMA_VERSION
from flue_valkey.layout import LAYOUT, key
from flue_valkey.runner import Arg, Reply, Runner

_VERSION = str(SCHEMA_VERSION)
_ASIDE = ":aside"
_TEXT = "?"
_COUNTER = "the admission counter cannot be read"
_UNSETTLED = ("queued", "running", "terminalizing")
_OF_ALL = ("submissions", "submissions_order", "settled")
_NOBODY_S = DispatchInput(dispatch_id="nobody's", agent="a", id="nobody's", input=None, accepted_at="1970-01-01")


class Probes:
    """The probes of one namespace. `findings` says what was not as the contract has it."""

    def __init__(self, runner: Runner, prefix: str, adapter: Callable[[], Adapter]) -> None:
        self._runner = runner
        self._prefix = prefix
        self._adapter = adapter
        self.findings: list[str] = []

    async def other_version(self, version: str) -> None:
        """A process starts where another version was left: it brings the last one, and none, up to date."""
        meta = key(self._prefix, "meta")
        await (self._command("HSET", meta, "schemaVersion", version) if version else self._command("DEL", meta))
        adapter = self._adapter()
        try:
            await adapter.migrate()
            await adapter.connect()
            refused = ""
        except FlueStoreError as error:
            refused = str(error)
        finally:
            await adapter.close()
        found = (await self._command("HGET", meta, "schemaVersion") or b"").decode()
        known = version in ("", "2", _VERSION)
        if bool(refused) is known or found != (_VERSION if known else version):
            self.findings.append(f"migration from version {version!r} leads to {found!r} and says {refused!r}")
        if refused and f"has schema version {version}," not in refused:
            self.findings.append(f"the refusal of version {version!r} says {refused!r}")
        await self._command("HSET", meta, "schemaVersion", _VERSION)

    async def wrong_type(self, name: str, args: dict[str, str]) -> None:
        """A process meets a text where an index, or the counter of admissions, should be: it says so, and changes
        nothing."""
        place = key(self._prefix, name, **{id_: args[id_] for id_ in LAYOUT[name].ids})
        async with self._set_aside(place):
            adapter = self._adapter()
            await adapter.migrate()
            try:
                result: object = await _asks(await adapter.connect(), name, args)
            except FlueStoreError as error:
                result = str(error)
            finally:
                await adapter.close()
        said = _COUNTER if name == "sequence" else f"is a string and no {LAYOUT[name].type}"
        if f": key {place}: {said};" not in str(result):
            self.findings.append(f"{name} cannot be read, and who needs it gets {result!r}")

    async def unlisted(self, submission_id: str) -> None:
        """A listing has met a submission that cannot be read: no index of what is unsettled names it any more, and its
        row says when it was settled and why; where there is no row, no index at all names it."""
        row = key(self._prefix, "submission", submission_id=submission_id)
        is_row = await self._command("TYPE", row) == b"hash"
        status, session_key, settled_at, error = (
            await self._command("HMGET", row, "status", "sessionKey", "settledAt", "error")
            if is_row
            else (b"settled", None, None, None)
        )
        if status != b"settled":
            return  # the listing did not meet it
        if is_row and not ((settled_at or b"").isdigit() and error):
            self.findings.append(f"{submission_id!r} is settled at {settled_at!r} because of {error!r}")
        indexes = [key(self._prefix, name) for name in (_UNSETTLED if is_row else (*_UNSETTLED, *_OF_ALL))]
        if session_key is not None:
            indexes.append(key(self._prefix, "session_unsettled", session_key=session_key.decode()))
        for index in indexes:
            if await self._command("ZSCORE", index, submission_id) is not None:
                self.findings.append(f"{index} names {submission_id!r} still, which could not be read")

    @asynccontextmanager
    async def _set_aside(self, place: str) -> AsyncIterator[None]:
        is_there = await self._command("EXISTS", place)
        if is_there:
            await self._command("RENAME", place, place + _ASIDE)
        await self._command("SET", place, _TEXT)
        yield
        await self._command("DEL", place)
        if is_there:
            await self._command("RENAME", place + _ASIDE, place)

    def _command(self, *args: Arg) -> Awaitable[Reply]:
        return self._runner.command(*args)


def _asks(stores: Stores, name: str, args: dict[str, str]) -> Awaitable[Json | object]:
    """An operation that needs this index, or the counter."""
    if name == "sequence":
        if args["asks"] == "admission":
            return stores.submissions.admit_dispatch(_NOBODY_S)
        return stores.submissions.delete_session("nobody's", _nothing)
    if name == "session_unsettled":
        return stores.submissions.claim_submission(ClaimRef(args["submission_id"], "a", "o", lease_expires_at=0))
    if name == "runs_workflow":
        return stores.runs.list_runs(workflow_name=args["workflow_name"])
    return stores.runs.list_runs(status="active", workflow_name=args["workflow_name"] or None)


async def _nothing() -> None:
    """A session that nobody has."""
