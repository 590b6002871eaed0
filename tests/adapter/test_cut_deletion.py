"""Deletions are cut where somebody waits for them, took them over, gives them up, or keeps their marker alive."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from flue_memdb import DispatchInput, SessionBeingDeletedError, StoreUnavailableError
from flue_memdb.contract import Adapter, SubmissionStore, deletion
from flue_memdb.verification.retries import RETRIES
from flue_valkey.servers.cutting import CuttableServer, CuttingRunner, Moment
from flue_valkey.servers.engine import ValkeyEngine
from flue_valkey.servers.server import Server
from tests.adapter.cut_cases import LEASE_MS
from tests.adapter.cut_sites import Site, open_site

DELETE = RETRIES["submissions.deleteSession"]
SESSION = DELETE.call[1][0]
STREAM = RETRIES["submissions.appendStreamChunkSegment"].call[1][0]
NEW = DispatchInput(dispatch_id="new", agent="a", id="crew", input=None, accepted_at="2026-06-03")
both_moments = pytest.mark.parametrize("moment", ["before", "after"])


async def nothing() -> None:
    """A callback that has nothing to delete."""


class Processes:
    """Processes over a site with a session whose work is settled."""

    def __init__(self, server: CuttableServer, site: Site) -> None:
        self.site = site
        self._server = server
        self._adapters: list[Adapter] = []

    async def start(self) -> SubmissionStore:
        """A new process."""
        self._adapters.append(self.site.namespace.adapter(0))
        return (await self._adapters[-1].connect()).submissions

    async def doomed(self, number: int, moment: Moment) -> tuple[SubmissionStore, CuttingRunner]:
        """A new process that is cut at that command, and its runner."""
        submissions = await self.start()
        runner = self._server.runners[-1]
        runner.cut_at(number, moment)
        return submissions, runner

    async def end(self) -> None:
        for adapter in self._adapters:
            await adapter.close()

    async def all_is_gone(self) -> bool:
        """Whether nothing of the session's work stays, and the session takes new work."""
        submissions = await self.start()
        ids = {call[1][0]["submissionId"] for call in DELETE.led_by if call[0] == "submissions.claimSubmission"}
        left = [await submissions.get_submission(submission_id) for submission_id in ids]
        left += await submissions.get_stream_chunk_segments(STREAM)
        left += await submissions.list_pending_session_deletions()
        left += await self.site.namespace.findings()
        await submissions.admit_dispatch(NEW)
        return [found for found in left if found is not None] == []


@pytest.fixture
async def processes(server: Server) -> AsyncIterator[Processes]:
    cuttable = CuttableServer(server)
    site = await open_site(ValkeyEngine(cuttable))
    processes = Processes(cuttable, site)
    for call in DELETE.led_by:
        assert "error" not in await site.call(call)
    yield processes
    await processes.end()
    await site.namespace.close()


@both_moments
@pytest.mark.parametrize("number", [0, 1, 2])
async def test_who_waits_is_cut_and_the_owner_goes_on(processes: Processes, number: int, moment: Moment) -> None:
    owner, (waiter, _) = await processes.start(), await processes.doomed(number, moment)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        begun.set()
        await go_on.wait()

    deleting = asyncio.create_task(owner.delete_session(SESSION, slow))
    await begun.wait()
    with pytest.raises(StoreUnavailableError):
        await waiter.delete_session(SESSION, nothing)
    go_on.set()
    await deleting
    assert await processes.all_is_gone()


@both_moments
@pytest.mark.parametrize("number", [1, 2, 3])
async def test_who_was_taken_over_is_cut_and_the_heir_s_work_stands(
    processes: Processes, number: int, moment: Moment
) -> None:
    (owner, runner), heir = await processes.doomed(number, moment), await processes.start()

    async def lapses() -> None:
        processes.site.clock.advance(LEASE_MS)
        await heir.delete_session(SESSION, nothing)

    with pytest.raises(StoreUnavailableError):
        await owner.delete_session(SESSION, lapses)
    assert runner.is_cut
    assert await processes.all_is_gone()


@both_moments
async def test_who_gives_up_is_cut_and_the_session_is_free_when_the_marker_has_lapsed(
    processes: Processes, moment: Moment
) -> None:
    (owner, runner), other = await processes.doomed(1, moment), await processes.start()

    async def fails() -> None:
        raise RuntimeError("the callback's own error")

    with pytest.raises(RuntimeError, match="own error"):
        await owner.delete_session(SESSION, fails)
    assert runner.is_cut
    if moment == "before":
        with pytest.raises(SessionBeingDeletedError):
            await other.admit_dispatch(NEW)
        processes.site.clock.advance(LEASE_MS)
    await other.delete_session(SESSION, nothing)
    assert await processes.all_is_gone()


@both_moments
async def test_a_renewal_is_cut_and_another_process_takes_over(
    processes: Processes, moment: Moment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deletion, "_HEARTBEAT_S", 0.001)
    (owner, runner), heir = await processes.doomed(2, moment), await processes.start()

    async def until_cut() -> None:
        while not runner.is_cut:  # noqa: ASYNC110 -- nobody tells
            await asyncio.sleep(0.001)

    with pytest.raises(StoreUnavailableError):
        await owner.delete_session(SESSION, until_cut)
    assert await heir.list_pending_session_deletions() == [SESSION]
    processes.site.clock.advance(LEASE_MS)
    await heir.delete_session(SESSION, nothing)
    assert await processes.all_is_gone()
