"""The real server that is at hand."""

import os

from flue_valkey.servers.container import ContainerServer
from flue_valkey.servers.local import LocalServer
from flue_valkey.servers.server import Server, ServerError
from flue_valkey.servers.url import UrlServer


class NoServerError(ServerError):
    """There is no real server to be had. `reasons` has one for each way to get one."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__("\n".join(["there is no Valkey server at hand:", *(f"- {reason}" for reason in reasons)]))
        self.reasons = reasons


async def find_server() -> Server:
    """A started server: the one that VALKEY_URL names, otherwise a throwaway one.

    A server that VALKEY_URL names and that does not answer is a `ServerError`: nobody wants another one in its place.
    """
    if url := os.environ.get("VALKEY_URL"):
        named = UrlServer(url)
        await named.start()
        return named
    try:
        return await throwaway_server()
    except NoServerError as error:
        raise NoServerError(["VALKEY_URL is not set", *error.reasons]) from None


async def throwaway_server() -> Server:
    """A started server that nobody else uses: a local one, otherwise one in a container."""
    reasons = []
    for way in (LocalServer, ContainerServer):
        try:
            server: Server = way()
            await server.start()
        except ServerError as error:
            reasons.append(str(error))
        else:
            return server
    raise NoServerError(reasons)
