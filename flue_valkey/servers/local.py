"""A `valkey-server` of this machine, started for the occasion on a free loopback port."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from redis.exceptions import RedisError

from flue_valkey.runner import runner_from_url
from flue_valkey.servers.guard import Guard
from flue_valkey.servers.server import Server, ServerError, server_info, version_in

_PORTS_TO_TRY = 5
_POLL_S = 0.02
_PROBE_TIMEOUT_S = 0.5
_STOP_TIMEOUT_S = 10.0
_SHOWN_LOG_LINES = 20


def find_binary() -> str | None:
    """The path of the `valkey-server` to use: what VALKEY_SERVER names, otherwise the first one in PATH."""
    return shutil.which(os.environ.get("VALKEY_SERVER") or "valkey-server")


class LocalServer(Server):
    """A process with a directory and a port of its own; both stay the same over `stop`, `kill` and `start`.

    `options` are settings as in valkey.conf, such as `{"appendonly": "yes"}`; without any, nothing is kept on disk.
    Both are gone with the process that started it, even if that is killed.
    """

    def __init__(
        self, options: Mapping[str, str] | None = None, *, binary: str | None = None, start_timeout_s: float = 20.0
    ) -> None:
        found = binary or find_binary()
        if found is None:
            raise ServerError("there is no valkey-server in PATH: install it, or name one with VALKEY_SERVER")
        self.name = Path(found).name
        self._binary = found
        self._options = {"save": "", "appendonly": "no", "bind": "127.0.0.1", **(options or {})}
        self._start_timeout_s = start_timeout_s
        self._directory: Path | None = None
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: Guard | None = None

    async def start(self) -> None:
        """Starts the process and waits until it answers. Does nothing if it already runs.

        A port that was free a moment ago may be taken by now: then another one is tried, unless clients may know the
        old one already.
        """
        if self._process is not None and self._process.poll() is None:
            return
        await self.kill()  # one that has crashed has its guard still
        if self._directory is None:
            self._directory = Path(tempfile.mkdtemp(prefix="flue-valkey-"))
        log = self._directory / "log"
        for _ in range(_PORTS_TO_TRY):
            log.write_bytes(b"")
            if await self._answers(self._directory, self._port or _free_port()):
                return
            await self.kill()
            if self._port or b"Address already in use" not in log.read_bytes():
                break
        lines = log.read_text(errors="replace").splitlines()[-_SHOWN_LOG_LINES:]
        if not self._port:  # it never ran: nothing in the directory is of use
            await self.close()
        raise ServerError("\n".join([f"{self._binary} did not start; its log ends with:", *lines]))

    def _spawn(self, directory: Path, port: int) -> subprocess.Popen[bytes]:
        options = {"port": str(port), "dir": str(directory), **self._options}
        if options.get("cluster-enabled") == "yes":
            options.setdefault("cluster-port", str(_free_port()))  # by default port + 10000, which may not exist
        arguments = [text for name, value in options.items() for text in (f"--{name}", value)]
        with (directory / "log").open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - no shell, and the arguments are the caller's own
                [self._binary, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for this process, which ends the server when it is done with it
            )

    async def _answers(self, directory: Path, port: int) -> bool:
        """Whether a process started on `port` answers in time. What answers there must be that process, no other."""
        self._process = process = self._spawn(directory, port)
        self._guard = Guard(process.pid, directory)
        password = quote(self._options.get("requirepass", ""), safe="")
        self.url = f"redis://:{password}@127.0.0.1:{port}/0" if password else f"redis://127.0.0.1:{port}/0"
        deadline = time.monotonic() + self._start_timeout_s
        while process.poll() is None and time.monotonic() < deadline:
            # Another process may hold the port, and be silent: hence the short time to reply.
            runner = runner_from_url(self.url, reply_timeout_s=_PROBE_TIMEOUT_S)
            try:
                info = await server_info(runner)
                await runner.command("PING")  # INFO is answered also while the data are loading
            except RedisError:  # not yet there, or still loading its data
                await asyncio.sleep(_POLL_S)
            else:
                if info.get("process_id") == str(process.pid):
                    self._port, self.version = port, version_in(info)
                    self.name = f"{Path(self._binary).name} {self.version}"
                    return True
                await asyncio.sleep(_POLL_S)
            finally:
                await runner.close()
        return False

    async def stop(self) -> None:
        """Ends the process in an orderly way. Its data stay for the next `start`."""
        await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """Ends the process at once, as a crash would. What it had written stays for the next `start`."""
        await self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Makes the process stand still: connections stay open, nothing is answered."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Lets a paused process go on."""
        self._signal(signal.SIGCONT)

    async def close(self) -> None:
        """Ends the process and removes its directory."""
        await self.stop()
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)
        self._directory, self._port, self.url = None, 0, None

    def _signal(self, number: signal.Signals) -> None:
        if self._process is None:
            raise ServerError(f"{self.name} does not run")
        self._process.send_signal(number)

    async def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        process, self._process = self._process, None
        if self._guard is not None:
            self._guard.dismiss()
        self._guard = None
        process.send_signal(number)
        process.send_signal(signal.SIGCONT)  # a paused one would not notice
        try:
            await asyncio.to_thread(process.wait, _STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            await asyncio.to_thread(process.wait)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
