"""A guard beside a server's process: it ends the server when the process that started both has died."""

import subprocess
from pathlib import Path
from typing import Final

_SCRIPT: Final = 'read -r _; kill -9 "$1" 2>/dev/null; rm -rf -- "$2"'
"""Nothing is ever written to what it reads from, so that comes to its end when nobody holds the other side."""


class Guard:
    """Watches over this process for a server's sake. Whatever ends it, SIGKILL too, ends the server, and its directory
    is removed."""

    def __init__(self, pid: int, directory: Path) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - no shell but this one, and its script is above
            ["/bin/sh", "-c", _SCRIPT, "guard", str(pid), str(directory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # what ends a whole group of processes is not to end the guard
        )

    def dismiss(self) -> None:
        """The server is no longer its business."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdin is not None, "it was opened with a pipe"
        self._process.stdin.close()
