"""The production adapter of Flue's persistence for Valkey (and Redis): `valkey()`."""

from flue_valkey.adapter import valkey
from flue_valkey.runner import RedisRunner, Runner, runner_from_url

__all__ = ["RedisRunner", "Runner", "runner_from_url", "valkey"]
