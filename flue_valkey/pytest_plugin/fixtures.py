"""The fixtures. They are no coroutines, so that they need no plugin, and work in whatever loop a test is run."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

import pytest

from flue_valkey.pytest_plugin.choice import BACKEND
from flue_valkey.pytest_plugin.leftovers import FlueLeftoverWarning

if TYPE_CHECKING:
    from flue_memdb import Adapter, Faults, ManualClock, MemoryDatabase, Stores
    from flue_valkey.pytest_plugin.background import Background
    from flue_valkey.servers.server import Server

FAULTS: Final = pytest.StashKey["Faults"]()
_START_MS = 1_780_000_000_000


@pytest.fixture
def flue_clock() -> "ManualClock":
    """The clock of everything here: it stands still, at 2026-05-28T20:26:40Z, until the test moves it."""
    from flue_memdb import ManualClock  # noqa: PLC0415

    return ManualClock(_START_MS)


@pytest.fixture
def flue_db(request: pytest.FixtureRequest, flue_clock: "ManualClock") -> "MemoryDatabase":
    """The test's database in memory. Where the run is on another backend there is none: the test is skipped."""
    backend = request.config.stash[BACKEND]
    if backend.kind != "memory":
        pytest.skip(f"flue_db is the database in memory, and this run is on {backend.shown}")
    from flue_memdb import MemoryDatabase  # noqa: PLC0415

    return MemoryDatabase(clock=flue_clock)


@pytest.fixture
def flue_new_adapter(
    _flue_namespace: "Callable[[], Adapter]", _flue_background: "Background"
) -> "Iterator[Callable[[], Adapter]]":
    """A function that gives another adapter over the test's namespace, which is another process over one server.

    It is not connected yet, and does not go through `flue_faults`. After the test it is closed.
    """
    made: list[Adapter] = []

    def new_adapter() -> "Adapter":
        made.append(_flue_namespace())
        return made[-1]

    yield new_adapter
    for adapter in made:
        _flue_background.run(adapter.close())


@pytest.fixture
def flue_faults(request: pytest.FixtureRequest, flue_clock: "ManualClock") -> "Faults":
    """The faults that `flue_adapter` and `flue_stores` go through, with the log of what they were asked.

    Delays move the clock, if it is a `ManualClock`. When the test fails, rules and log stand in its report.
    """
    from flue_memdb import Faults, ManualClock  # noqa: PLC0415

    faults = Faults(clock=flue_clock if isinstance(flue_clock, ManualClock) else None)
    request.node.stash[FAULTS] = faults
    return faults


@pytest.fixture
def flue_adapter(flue_new_adapter: "Callable[[], Adapter]", flue_faults: "Faults") -> "Adapter":
    """An adapter over a namespace of the test's own, as an app gets it: not connected yet.

    After the test it is closed.
    """
    return flue_faults.around(flue_new_adapter())


@pytest.fixture
def flue_stores(flue_adapter: "Adapter", _flue_background: "Background") -> "Stores":
    """The four stores of `flue_adapter`, which is migrated and connected."""
    _flue_background.run(flue_adapter.migrate())
    return _flue_background.run(flue_adapter.connect())


@pytest.fixture(name="_flue_namespace")
def flue_namespace(
    request: pytest.FixtureRequest, flue_clock: "ManualClock", _flue_background: "Background"
) -> "Iterator[Callable[[], Adapter]]":
    """What makes adapters over the test's namespace. After the test the namespace is removed."""
    if request.config.stash[BACKEND].kind == "memory":
        from flue_memdb.adapter import MemoryAdapter  # noqa: PLC0415

        database: MemoryDatabase = request.getfixturevalue("flue_db")
        yield lambda: MemoryAdapter(database, operations_a_turn=1)  # tasks take turns as on a server
        return
    make_server: Callable[[], Server] = request.getfixturevalue("_flue_server")
    from flue_valkey.pytest_plugin.namespaces import ServerNamespace  # noqa: PLC0415

    namespace = ServerNamespace(make_server(), flue_clock, _flue_background)
    yield namespace.adapter
    left = _flue_background.run(namespace.end())
    if left:
        warnings.warn(FlueLeftoverWarning(f"{request.node.nodeid} left {'; '.join(left)}"), stacklevel=1)


@pytest.fixture(scope="session", name="_flue_server")
def flue_server(pytestconfig: pytest.Config, _flue_background: "Background") -> "Iterator[Callable[[], Server]]":
    """What gives a test its server. A throwaway one is started once a session: under xdist, once a worker."""
    from flue_valkey.pytest_plugin.servers import servers  # noqa: PLC0415
    from flue_valkey.servers.server import ServerError  # noqa: PLC0415

    backend = pytestconfig.stash[BACKEND]
    with ExitStack() as stack:
        try:
            make_server = stack.enter_context(servers(backend, _flue_background))
        except ServerError as error:
            if backend.required:
                said = f"the backend {backend.shown} is required: {error}"
                raise pytest.fail.Exception(said, pytrace=False) from None  # whose text has all of it
            pytest.skip(f"the backend {backend.shown} is not there: {error}")
        yield make_server


@pytest.fixture(scope="session", name="_flue_background")
def flue_background() -> "Iterator[Background]":
    """The loop that connections live in, and in which what the fixtures themselves have to await is run."""
    from flue_valkey.pytest_plugin.background import Background  # noqa: PLC0415

    background = Background()
    yield background
    background.close()
