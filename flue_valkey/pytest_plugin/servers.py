"""The server that a run of tests works on."""

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flue_valkey.pytest_plugin.background import Background
from flue_valkey.pytest_plugin.choice import Backend
from flue_valkey.servers.choice import NoServerError, throwaway_server
from flue_valkey.servers.server import Server, ServerError
from flue_valkey.servers.url import UrlServer


@contextmanager
def servers(backend: Backend, background: Background) -> Iterator[Callable[[], Server]]:
    """A function that gives a test its server: a new one each time for fakeredis, where a script can spoil one for
    later tests, otherwise one that runs for the block. `ServerError` if there is none to be had."""
    if backend.kind == "fakeredis":
        yield _fakeredis()
        return
    server = background.run(_started(backend))
    yield lambda: server
    background.run(server.close())


async def _started(backend: Backend) -> Server:
    try:
        if backend.kind == "valkey":
            return await throwaway_server()
        server = UrlServer(backend.url, name="the server")
        await server.start()
    except NoServerError as error:
        raise ServerError("; ".join(error.reasons)) from error
    return server


def _fakeredis() -> Callable[[], Server]:
    try:
        importlib.import_module("lupa")
        from flue_valkey.servers.fake import FakeServer  # noqa: PLC0415 -- it needs the extra
    except ModuleNotFoundError as error:
        raise ServerError(f"{error.name} is missing; install it with: pip install 'flue-valkey[testing]'") from error
    return FakeServer
