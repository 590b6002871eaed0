"""The log has the operations that were made, in order, and shows itself where a test is wrong about it."""

import asyncio
import re

import pytest

from flue_memdb import (
    SessionBusyError,
    StreamNotFoundError,
    session_storage_key,
)
from tests.memdb.calls import claim, dispatch, failed

CREW = session_storage_key("crew")


async def test_the_log_has_the_operations_in_order(faults, stores):
    document = {"entries": [{"id": "e"}]}
    await stores.sessions.save("s", document)
    document["entries"].clear()
    await stores.sessions.load(session_key="s")
    with pytest.raises(StreamNotFoundError):
        await stores.events.append_event("p", 1)
    log = faults.log
    assert [made.operation for made in log] == ["save", "load", "append_event"]
    assert log[0].arguments == {"session_key": "s", "data": {"entries": [{"id": "e"}]}}
    assert log[1].answer == {"entries": [{"id": "e"}]}
    assert isinstance(log[2].error, StreamNotFoundError)
    assert [made.faults for made in log] == [(), (), ()]
    assert log.count("save", "load", session_key="s") == log.count(session_key="s") == 2
    assert log.count("save", session_key="other") == 0
    assert log.only("append_event", path="p") is log[2]
    log.clear()
    assert len(log) == 0


async def test_only_shows_the_log_when_there_is_not_one(faults, stores):
    faults.lose_answer("load", times=1)
    await failed(stores.sessions.load("s"))
    await stores.sessions.load("s")
    with pytest.raises(AssertionError) as refused:
        faults.log.only("load", session_key="s")
    assert re.sub(r"StoreUnavailableError: .*?  ", "…  ", str(refused.value)).splitlines() == [
        "2 calls of load, session_key='s' were made, not one; the log:",
        "   1  load(session_key='s') → …  [lose_answer('load', times=1)]",
        "   2  load(session_key='s') → None",
    ]


async def test_calls_within_a_deletion_stand_behind_it(faults, stores):
    await stores.submissions.admit_dispatch(dispatch())
    with pytest.raises(SessionBusyError):
        await stores.submissions.delete_session(CREW, asyncio.Event().wait)
    await stores.submissions.claim_submission(claim())
    await stores.submissions.complete_submission(claim())
    faults.log.clear()

    async def tree():
        assert not faults.log.only("delete_session").ended
        await stores.sessions.delete(CREW)

    await stores.submissions.delete_session(CREW, tree)
    assert [(made.operation, made.ended) for made in faults.log] == [("delete_session", True), ("delete", True)]
    assert faults.log[0].arguments["delete_session_tree"] is tree


async def test_a_long_log_is_cut_when_it_is_shown(faults, stores):
    for number in range(60):
        await stores.runs.get_run(f"r{number}")
    assert str(faults.log).splitlines()[:2] == ["      … 10 earlier calls", "  11  get_run(run_id='r10') → None"]
