"""The production adapter of Flue's persistence for Valkey (and Redis): `valkey()`."""

from flue_valkey.adapter import valkey
from flue_valkey.runner import NotSentError, RedisRunner, Runner, runner_from_url

__all__ = ["NotSentError", "RedisRunner", "Runner", "runner_from_url", "valkey"]
