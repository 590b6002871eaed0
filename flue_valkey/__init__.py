"""The production adapter of Flue's persistence for Valkey (and Redis): `valkey()`; `load_adapter()` finds a project's.

What is exported here is imported when it is first asked for: it needs redis-py, which takes longer to import than all
else together.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flue_valkey.adapter import valkey
    from flue_valkey.project import ProjectError, load_adapter
    from flue_valkey.runner import NotSentError, RedisRunner, Runner, runner_from_url
else:
    _HOMES = {
        "ProjectError": "project",
        "load_adapter": "project",
        "valkey": "adapter",
    }

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module = import_module(f"flue_valkey.{_HOMES.get(name, 'runner')}")
        return globals().setdefault(name, getattr(module, name))


__all__ = ["NotSentError", "ProjectError", "RedisRunner", "Runner", "load_adapter", "runner_from_url", "valkey"]
