"""A proxy on loopback in front of a server: it holds back, cuts and refuses, when a test says so."""

import asyncio
from ssl import SSLContext
from types import TracebackType
from typing import Self, cast
from urllib.parse import urlsplit

_CHUNK = 65536


class Way:
    """One direction through a proxy: requests to the server, or its replies."""

    def __init__(self) -> None:
        self.passed = 0
        """The bytes that went through."""
        self._open = asyncio.Event()
        self._open.set()
        self._held = asyncio.Event()
        self._left: int | None = None

    def hold(self) -> None:
        """From now on what comes waits, in order, until `let_go`."""
        self._open.clear()

    def let_go(self) -> None:
        """What waits goes on."""
        self._open.set()
        self._held.clear()

    async def holds(self) -> None:
        """Waits until something is held."""
        await self._held.wait()

    def cut_after(self, passing: int) -> None:
        """Lets so many bytes more pass, and cuts the connection on which the next one comes. Does so once."""
        self._left = passing

    async def through(self, data: bytes) -> tuple[bytes, bool]:
        """What may pass of these bytes, and whether the connection is then cut."""
        if not self._open.is_set():
            self._held.set()
            await self._open.wait()
        cut = self._left is not None and len(data) > self._left
        if self._left is not None:
            data = data[: self._left]
            self._left = None if cut else self._left - len(data)
        self.passed += len(data)
        return data, cut


class Proxy:
    """A TCP proxy; `async with` starts it and closes it. `url` is the server's URL, with the proxy's address.

    `requests` and `replies` are the two directions, of all connections; `connections` counts those made so far. With
    `tls`, which holds a certificate for 127.0.0.1, the proxy speaks TLS to its clients, and its URL is `rediss://`.
    """

    def __init__(self, url: str, *, tls: SSLContext | None = None) -> None:
        self._target = urlsplit(url)
        if not self._target.hostname or not self._target.port:
            raise ValueError("a proxy stands before a TCP server: give a URL with host and port")
        self.url = url
        self._tls = tls
        self.connections = 0
        self.requests = Way()
        self.replies = Way()
        self._port = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def accept(self) -> None:
        """Takes connections; again on the same port after `refuse`."""
        if self._server is None:
            self._server = await asyncio.start_server(self._connected, "127.0.0.1", self._port, ssl=self._tls)
            self._port = self._server.sockets[0].getsockname()[1]
            login, at, _ = self._target.netloc.rpartition("@")
            scheme = "rediss" if self._tls else self._target.scheme
            self.url = self._target._replace(scheme=scheme, netloc=f"{login}{at}127.0.0.1:{self._port}").geturl()

    def lead_to(self, url: str) -> None:
        """New connections go to another server. Those that are there stay."""
        self._target = urlsplit(url)

    def refuse(self) -> None:
        """Refuses new connections. Those that are there stay."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def cut(self) -> None:
        """Cuts all connections at once."""
        for writer in self._writers:
            writer.transport.abort()

    async def idle(self) -> None:
        """Waits until no connection is left, on either side."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def close(self) -> None:
        """Cuts all connections, and waits until nothing is left of them."""
        self.refuse()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await self.idle()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = cast("asyncio.Task[None]", asyncio.current_task())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.connections += 1
        writers = {writer}
        self._writers.add(writer)
        try:
            server_reader, server_writer = await asyncio.open_connection(self._target.hostname, self._target.port)
            writers.add(server_writer)
            self._writers.add(server_writer)
            async with asyncio.TaskGroup() as ways:
                ways.create_task(_carry(self.requests, reader, server_writer, writer))
                ways.create_task(_carry(self.replies, server_reader, writer, server_writer))
        except* OSError:
            pass  # one of the two sides is gone, which the other is told next
        except* asyncio.CancelledError:
            pass  # by `close`; asyncio would report it as an error of this server
        finally:
            for one in writers:
                one.transport.abort()
            self._writers -= writers

    async def __aenter__(self) -> Self:
        await self.accept()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


async def _carry(
    way: Way, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, other: asyncio.StreamWriter
) -> None:
    """Carries bytes until one side ends or the connection is cut; then both ends are closed."""
    cut = False
    while not cut and (data := await reader.read(_CHUNK)):
        passing, cut = await way.through(data)
        writer.write(passing)
        await writer.drain()
    writer.close()  # after what has passed
    if cut:
        other.transport.abort()
