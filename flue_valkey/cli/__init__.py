"""The `flue` command (extra `cli`)."""

import io
import os
import signal
import sys


def main() -> None:
    """What the `flue` command runs."""
    try:
        from flue_valkey.cli.app import flue  # noqa: PLC0415 -- it needs the extra
    except ModuleNotFoundError as missing:
        if missing.name not in ("click", "rich", "tomlkit"):
            raise
        sys.stderr.write(f"flue: {missing.name} is missing; install it with: pip install 'flue-valkey[cli]'\n")
        sys.exit(2)
    except KeyboardInterrupt:  # what is imported takes a moment
        sys.stderr.write("interrupted\n")
        sys.exit(130)
    # Being told to end is like Ctrl-C: servers and processes that were started end too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if isinstance(sys.stdout, io.TextIOWrapper):  # and none that is closed, or somebody's own
        sys.stdout.reconfigure(errors="backslashreplace")  # what its encoding lacks, as stderr shows it
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"  # which would show the codes themselves
    flue(prog_name="flue", color=False if plain else None)
