"""A peer that appends to streams and tells nobody, as the Node.js adapter does."""

from flue_valkey.runner import Runner
from flue_valkey.scripts import SCRIPTS

_SCRIPT = SCRIPTS["append_event"]
_UNTOLD = _SCRIPT.text.replace('redis.pcall("PUBLISH", event, "")', "")


async def append_untold(runner: Runner, prefix: str, path: str, text: str) -> None:
    """Appends an event, given as its JSON text, without publishing that."""
    assert _SCRIPT.text != _UNTOLD
    keys, args = _SCRIPT.bind(prefix, {"prefix": prefix, "path": path, "text": text, "now": 0}, [])
    assert (await runner.eval(_UNTOLD, keys, args))[0] == b"appended"
