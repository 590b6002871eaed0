"""Everything that can be read of the examples: what a refused operation must leave as it was."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from flue_memdb.conformance.examples import PATH, SESSION, STREAM
from flue_memdb.contract import Stores

_SUBMISSIONS = ("d1", "d2", "p1", "p2")


async def picture(stores: Stores) -> dict[str, object]:
    """What the stores say about the ids of the examples, and all listings that do not depend on the time."""
    submissions = stores.submissions
    return {
        "session": await stores.sessions.load(SESSION),
        "submissions": [await submissions.get_submission(submission_id) for submission_id in _SUBMISSIONS],
        "journals": [await submissions.get_turn_journal(submission_id) for submission_id in _SUBMISSIONS],
        "unsettled": await submissions.has_unsettled_submissions(),
        "runnable": await submissions.list_runnable_submissions(),
        "running": await submissions.list_running_submissions(),
        "outboxes": await submissions.list_pending_terminal_outboxes(),
        "segments": await submissions.get_stream_chunk_segments(STREAM),
        "markers": await submissions.list_attempt_markers(),
        "deletions": await submissions.list_pending_session_deletions(),
        "run": await stores.runs.get_run("r1"),
        "runs": await stores.runs.list_runs(),
        "events": await stores.events.read_events(PATH),
        "stream": await stores.events.get_stream_meta(PATH),
    }


@asynccontextmanager
async def nothing_changes(stores: Stores) -> AsyncIterator[None]:
    """What is done in the block must change nothing."""
    before = await picture(stores)
    yield
    after = await picture(stores)
    changed = {name: (before[name], after[name]) for name in before if before[name] != after[name]}
    assert not changed, f"what must change nothing changed (before, after): {changed}"
