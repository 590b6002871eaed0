"""The same unchanged tests run on every backend, which is chosen by the option, the environment or the ini file."""

import asyncio
import sys

import pytest

from flue_valkey.servers.server import Server
from tests.plugin.conftest import INI, Run

TESTS = """
import asyncio
import pytest
from flue_memdb import ClaimRef, DispatchInput, open_stores

PLAN = DispatchInput(dispatch_id="d1", agent="planner", id="crew", input="plan", accepted_at="2026-06-03")

@pytest.mark.asyncio
@pytest.mark.parametrize("again", [1, 2])
async def test_every_test_begins_with_an_empty_namespace(flue_stores, again):
    assert not await flue_stores.submissions.has_unsettled_submissions()
    await flue_stores.submissions.admit_dispatch(PLAN)

@pytest.mark.asyncio
async def test_another_process_finds_work_when_the_clock_says_so(flue_stores, flue_new_adapter, flue_clock):
    await flue_stores.submissions.admit_dispatch(PLAN)
    await flue_stores.submissions.claim_submission(ClaimRef("d1", "a1", "w1", lease_expires_at=flue_clock() + 30_000))
    async with open_stores(flue_new_adapter()) as other:
        assert await other.submissions.list_expired_submissions() == []
        flue_clock.advance(30_001)
        assert [found.submission_id for found in await other.submissions.list_expired_submissions()] == ["d1"]

@pytest.mark.asyncio
async def test_an_app_gets_an_adapter_and_closes_it_itself(flue_adapter, flue_new_adapter):
    async with open_stores(flue_adapter) as app:
        await app.sessions.save("s", {"entries": [{"id": "e1"}]})
    async with open_stores(flue_new_adapter()) as other:
        assert await other.sessions.load("s") == {"entries": [{"id": "e1"}]}

def test_without_stores(flue_adapter, flue_new_adapter):
    assert flue_adapter is not flue_new_adapter()

@pytest.mark.asyncio
async def test_who_asks_again_and_again_lets_others_work(flue_stores):
    async def work():
        for number in range(3):
            await asyncio.sleep(0)
            await flue_stores.sessions.save("s", {"entries": [{"id": f"e{number}"}]})

    working = asyncio.create_task(work())
    for _ in range(1000):
        if await flue_stores.sessions.load("s") == {"entries": [{"id": "e2"}]}:
            break
    else:
        pytest.fail("nobody else got a turn")
    await working
"""


@pytest.fixture
def server_url(local_server: Server) -> str:
    assert local_server.url
    return local_server.url


@pytest.mark.parametrize("backend", ["memory", "fakeredis", "valkey"])
def test_the_same_tests_run_on_every_backend(run: Run, backend: str) -> None:
    result = run(TESTS, "--flue-backend", backend, "--flue-require")
    result.assert_outcomes(passed=6)
    result.stdout.fnmatch_lines(f"flue: backend {backend}")


async def keys_of(server: Server) -> set[bytes]:
    runner = server.runner()
    keys = set(await runner.command("KEYS", "*"))
    await runner.close()
    return keys


def test_a_server_of_ones_own_is_left_as_it_was(run: Run, local_server: Server, server_url: str) -> None:
    before = asyncio.run(keys_of(local_server))
    result = run(TESTS, "--flue-backend", server_url)
    result.assert_outcomes(passed=6)
    assert asyncio.run(keys_of(local_server)) <= before


DATABASE = "def test_it(flue_db, flue_clock):\n    assert flue_db.clock is flue_clock"


def test_the_database_in_memory_is_there_in_memory_alone(run: Run) -> None:
    run(DATABASE).assert_outcomes(passed=1)
    result = run(DATABASE, "--flue-backend=fakeredis", "--flue-require")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines("SKIPPED*flue_db is the database in memory, and this run is on fakeredis")


def test_the_stores_are_those_of_the_database(run: Run) -> None:
    run(
        """
import pytest

@pytest.mark.asyncio
async def test_it(flue_db, flue_stores):
    await flue_stores.sessions.save("s", {"entries": []})
    assert list(flue_db.sessions) == ["s"]
"""
    ).assert_outcomes(passed=1)


def test_an_app_gives_its_own_clock_and_database(run: Run) -> None:
    run(
        """
import pytest
from flue_memdb import ManualClock, MemoryDatabase, NewRun

@pytest.fixture
def flue_clock():
    return ManualClock(5)

@pytest.fixture
def flue_db(flue_clock):
    db = MemoryDatabase(clock=flue_clock)
    db.sessions["s"] = '{"entries":[]}'
    return db

@pytest.mark.asyncio
async def test_it(flue_stores):
    assert await flue_stores.sessions.load("s") == {"entries": []}
"""
    ).assert_outcomes(passed=1)


NOTHING = "def test_it(): pass"


def test_the_option_comes_before_the_environment_and_that_before_the_ini_file(
    run: Run, alone: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shown(*args: str) -> str:
        result = run(NOTHING, *args)
        result.assert_outcomes(passed=1)
        return next(line for line in result.outlines if line.startswith("flue: "))

    assert shown() == "flue: backend memory"
    alone.makeini(f"{INI}\nflue_backend = fakeredis")
    assert shown() == "flue: backend fakeredis"
    monkeypatch.setenv("FLUE_BACKEND", "valkey")
    assert shown() == "flue: backend valkey"
    assert shown("--flue-backend=memory") == "flue: backend memory"
    monkeypatch.setenv("FLUE_BACKEND", "")
    assert shown() == "flue: backend fakeredis"


@pytest.mark.parametrize(
    ("backend", "said"),
    [
        ("redis", "--flue-backend is redis; give memory, fakeredis, valkey, or the URL of a server: redis://host:port"),
        ("", "--flue-backend is empty; give memory, fakeredis, valkey, or the URL of a server: redis://host:port"),
        ("http://host", "--flue-backend: no server URL: http://host: its scheme is none of redis://, *"),
        ("redis://u:secret@h/x", "--flue-backend: no server URL: redis://u:*@h/x: *is no database number*"),
        ("u:secret@host", "--flue-backend is u:[*][*][*]@host; give memory, *"),
    ],
)
def test_a_backend_that_there_is_not_is_bad_use(run: Run, backend: str, said: str) -> None:
    result = run(NOTHING, f"--flue-backend={backend}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(f"ERROR: {said}")
    assert "secret" not in result.stdout.str() + result.stderr.str()


def test_bad_use_names_where_it_was_set(run: Run, alone: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    alone.makeini(f"{INI}\nflue_backend = disk")
    run(NOTHING).stderr.fnmatch_lines("ERROR: flue_backend in the ini file is disk; *")
    monkeypatch.setenv("FLUE_BACKEND", "tape")
    run(NOTHING).stderr.fnmatch_lines("ERROR: FLUE_BACKEND is tape; *")


STORES = "def test_it(flue_stores): pass\ndef test_again(flue_stores): pass"


@pytest.fixture
def nothing_at_hand(monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int) -> str:
    """No binary, no container engine, and a URL where nobody listens."""
    monkeypatch.setenv("VALKEY_SERVER", "/no/such/valkey-server")
    monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{unused_tcp_port}")
    return f"redis://:secret@127.0.0.1:{unused_tcp_port}/0"


def test_a_server_that_is_missing_is_a_skip_with_the_reason(run: Run, nothing_at_hand: str) -> None:
    result = run(STORES, "--flue-backend=valkey")
    result.assert_outcomes(skipped=2)
    result.stdout.fnmatch_lines(
        "SKIPPED [[]1[]] test_app.py:2: the backend valkey is not there: *no valkey-server in PATH*DOCKER_HOST"
    )
    result = run(STORES, f"--flue-backend={nothing_at_hand}")
    result.assert_outcomes(skipped=2)
    result.stdout.fnmatch_lines("SKIPPED [[]1[]] *the backend redis://:[*][*][*]@127.0.0.1:*is not there: *connecting*")
    assert "secret" not in result.stdout.str() + result.stderr.str()


def test_a_server_that_is_missing_is_a_failure_where_it_is_required(
    run: Run, nothing_at_hand: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = run(STORES, f"--flue-backend={nothing_at_hand}", "--flue-require", "--showlocals")
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines("the backend redis://:[*][*][*]@127.0.0.1:* is required: *connecting*")
    result.stdout.no_fnmatch_line("*another exception occurred*")
    assert "secret" not in result.stdout.str() + result.stderr.str()
    monkeypatch.setenv("FLUE_REQUIRE_SERVERS", "1")
    run(STORES, "--flue-backend=valkey").assert_outcomes(errors=2)


@pytest.mark.parametrize("value", ["true", "yes", "2"])
def test_what_may_have_been_meant_to_require_servers_is_bad_use(
    run: Run, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("FLUE_REQUIRE_SERVERS", value)
    result = run(NOTHING)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(f"ERROR: FLUE_REQUIRE_SERVERS is {value}; give 1 or 0")


@pytest.mark.parametrize("value", ["0", ""])
def test_servers_that_are_not_required_may_be_missing(
    run: Run, nothing_at_hand: str, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("FLUE_REQUIRE_SERVERS", value)
    run(STORES, f"--flue-backend={nothing_at_hand}").assert_outcomes(skipped=2)


def test_a_missing_extra_is_a_skip_that_says_what_to_install(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lupa", None)
    result = run(STORES, "--flue-backend=fakeredis")
    result.assert_outcomes(skipped=2)
    result.stdout.fnmatch_lines("*lupa is missing; install it with: pip install 'flue-valkey[[]testing[]]'")
