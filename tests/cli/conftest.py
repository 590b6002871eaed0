"""The command, run in this process and as a program of its own."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from flue_valkey.cli.app import flue
from flue_valkey.servers.local import LocalServer

ROOT = Path(__file__).parents[2]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Result]:
    """Runs `flue` in a folder of its own, with no server named from outside."""
    monkeypatch.delenv("VALKEY_URL", raising=False)
    monkeypatch.chdir(tmp_path)

    def invoke(*args: object) -> Result:
        result = CliRunner().invoke(flue, [str(arg) for arg in args], prog_name="flue")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke


def _heed_ctrl_c() -> None:
    """A shell lets what it runs in the background ignore Ctrl-C, and that is inherited."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Program:
    """`flue` as a process, in a process group of its own as a shell would put it."""

    def __init__(self, folder: Path, args: tuple[object, ...], environment: Mapping[str, str]) -> None:
        named = {"PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)]), "TMPDIR": str(folder), **environment}
        inherited = {name: value for name, value in os.environ.items() if name not in ("VALKEY_URL", "FORCE_COLOR")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "flue_valkey.cli", *map(str, args)],
            cwd=folder,
            env={**inherited, **named},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=_heed_ctrl_c,  # noqa: PLW1509 -- nothing but a system call happens in it
        )
        self.out = self.err = ""

    def ended(self) -> int:
        """The exit code; `out` and `err` hold what was said."""
        self.out, self.err = self.process.communicate(timeout=240)
        return self.process.returncode

    def interrupt(self) -> None:
        """Ctrl-C: everything in the group is told."""
        os.killpg(self.process.pid, signal.SIGINT)

    def workers_with_ctrl_c_blocked(self) -> list[bool]:
        """Of each process that works for it, whether Ctrl-C is blocked there."""
        found = []
        for status in Path("/proc").glob("[0-9]*/status"):
            with suppress(OSError):
                fields = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
                if (
                    fields["PPid"] == str(self.process.pid)
                    and b"spawn_main" in (status.parent / "cmdline").read_bytes()
                ):
                    found.append(bool(int(fields["SigBlk"], 16) & 1 << signal.SIGINT - 1))
        return found

    def group_is_empty(self) -> bool:
        """Whether nothing of the group is left, within half a minute."""
        for _ in range(300):
            try:
                os.killpg(self.process.pid, 0)
            except ProcessLookupError:
                return True
            time.sleep(0.1)
        return False


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """Starts `flue` as a process; modules in the test's folder come first in its path."""
    started: list[Program] = []

    def start(*args: object, **environment: str) -> Program:
        started.append(Program(tmp_path, args, environment))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            os.killpg(each.process.pid, signal.SIGKILL)
            each.process.communicate()


@pytest.fixture
def server_with(local_server: object) -> Iterator[Callable[..., LocalServer]]:
    """Starts local servers with settings. Without a binary the test is skipped."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(_running(options))


@contextmanager
def _running(options: dict[str, str]) -> Iterator[LocalServer]:
    server = LocalServer({name.replace("_", "-"): value for name, value in options.items()})
    asyncio.run(server.start())
    yield server
    asyncio.run(server.close())


@pytest.fixture
def ask() -> Callable[..., Any]:
    """A server's reply to one command."""

    async def command(server: LocalServer, args: tuple[str, ...]) -> Any:
        runner = server.runner()
        try:
            return await runner.command(*args)
        finally:
            await runner.close()

    return lambda server, *args: asyncio.run(command(server, args))
