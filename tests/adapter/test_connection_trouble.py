"""What the adapter makes of a connection that fails: an error that tells a write that may have happened from none."""

import pytest
from redis.exceptions import BusyLoadingError
from redis.exceptions import ConnectionError as NoConnectionError
from redis.exceptions import TimeoutError as NoAnswerError

from flue_memdb import NewRun, Stores, StoreUnavailableError
from flue_valkey import NotSentError, RedisRunner
from flue_valkey.servers.fake import FakeServer
from flue_valkey.servers.server import Server


def fail(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """From now on every script comes to this error."""

    async def eval_(*_: object) -> object:
        raise error

    monkeypatch.setattr(RedisRunner, "eval", eval_)


@pytest.fixture
def server() -> Server:
    return FakeServer()


@pytest.mark.parametrize(
    ("error", "may_have_happened"),
    [
        (NotSentError("refused"), False),
        (BusyLoadingError("loading the dataset"), False),
        (NoConnectionError("cut"), True),
        (NoAnswerError("nothing came"), True),
        (ConnectionResetError(), True),
        (TimeoutError(), True),
    ],
)
async def test_an_outage_says_whether_a_write_may_have_happened(
    stores: Stores, monkeypatch: pytest.MonkeyPatch, error: Exception, may_have_happened: bool
) -> None:
    fail(monkeypatch, error)
    with pytest.raises(StoreUnavailableError) as caught:
        await stores.runs.create_run(NewRun(run_id="r1", workflow_name="w1", started_at="2026-06-03", input=None))
    assert caught.value.may_have_happened is may_have_happened
    assert caught.value.operation == "create_run"


async def test_a_deletion_that_has_begun_may_have_happened(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    async def lose_the_server() -> None:
        fail(monkeypatch, NotSentError("refused"))

    with pytest.raises(StoreUnavailableError) as caught:
        await stores.submissions.delete_session("s1", lose_the_server)
    assert caught.value.may_have_happened
