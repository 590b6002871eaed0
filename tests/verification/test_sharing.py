"""Two calls of one client that share a deletion, of which one or both are cancelled, as a trace describes them."""

import pytest

from flue_memdb.verification import ReferenceEngine, generate, run_sequence
from flue_valkey.servers.engine import ValkeyEngine
from flue_valkey.servers.fake import FakeServer
from tests.verification.mutants import BrokenEngine

CANCELLED = {"error": {"kind": "cancelled", "message": "the call was cancelled"}}
FAILED = {"error": {"kind": "callback", "message": "snapshot deletion failed"}}


def deletion(tree, **beside):
    again = {"client": 0, "op": "submissions.deleteSession", "args": ["k", {"$tree": "fail"}], **beside}
    return {"at": 0, "client": 0, "op": "submissions.deleteSession", "args": ["k", {"$tree": tree, "beside": again}]}


@pytest.mark.parametrize(
    ("operation", "first", "second", "outcome"),
    [
        (deletion("ok"), {}, {}, "deleted"),
        (deletion("fail"), FAILED, FAILED, "callback_failed"),
        (deletion("ok", cancelled=True), {}, CANCELLED, "deleted"),
        (deletion("fail", cancelled=True), FAILED, CANCELLED, "callback_failed"),
        (deletion("cancel"), CANCELLED, {}, "deleted"),
        (deletion("cancel", cancelled=True), CANCELLED, CANCELLED, "callback_failed"),
        (deletion("ok", args=["another", {"$tree": "fail"}]), {}, FAILED, "deleted"),
        (deletion("ok", when="call"), {}, {}, "deleted"),
        (deletion("fail", when="call"), FAILED, FAILED, "callback_failed"),
        (deletion("ok", when="call", cancelled=True), {}, CANCELLED, "deleted"),
        (deletion("cancel", when="call"), CANCELLED, {}, "deleted"),
        (deletion("cancel", when="cancel", args=["k", {"$tree": "ok"}]), CANCELLED, {}, "deleted"),
    ],
)
async def test_the_first_callback_is_called_and_whoever_is_cancelled_takes_nobody_along(
    operation, first, second, outcome
):
    result = await run_sequence([ReferenceEngine(), ValkeyEngine(FakeServer())], [operation])
    assert result.difference is None
    assert result.answers == [{**first, "beside": second}]
    assert result.outcomes["submissions.deleteSession", outcome] == 1


@pytest.mark.parametrize(
    ("operation", "old", "new"),
    [
        (deletion("cancel"), "if run.callers == 1 and not run.task.done():", "if not run.task.done():"),
        (deletion("ok", cancelled=True), "if run.callers == 1 and not run.task.done():", "if not run.task.done():"),
        (deletion("ok"), "if run is None:", "if True:"),
        (deletion("ok", when="call"), "if run.owner_id is None:", "if False:"),
        (deletion("cancel", when="cancel"), "run.ending = True", "pass"),
    ],
)
async def test_a_run_notices(operation, old, new):
    engine = BrokenEngine("contract/deletion.py", old, new)
    result = await run_sequence([ReferenceEngine(), engine], [operation])
    assert result.difference is not None


async def test_generated_deletions_are_shared():
    found: set[tuple[bool, bool, str]] = set()
    number = 0
    while len(found) < 9:
        assert number < 500, f"of sharing/0 to sharing/499: {found}"
        for operation in await generate(f"sharing/{number}"):
            args = operation["args"]
            tree = args[1] if operation["op"] == "submissions.deleteSession" and len(args) > 1 else None
            beside = tree.get("beside") if isinstance(tree, dict) else None
            if beside and beside["client"] == operation["client"]:
                found.add((tree["$tree"] == "cancel", beside["cancelled"], beside["when"]))
        number += 1
