"""The seam to a driver, and the two runners: one connection for all callers, and a pool of connections."""

from flue_valkey.runner.multiplexed import MultiplexedRunner
from flue_valkey.runner.pooled import RedisRunner
from flue_valkey.runner.seam import Arg, Channels, Command, ListeningRunner, NotSentError, Reply, Runner
from flue_valkey.runner.urls import masked, runner_from_url

__all__ = [
    "Arg",
    "Channels",
    "Command",
    "ListeningRunner",
    "MultiplexedRunner",
    "NotSentError",
    "RedisRunner",
    "Reply",
    "Runner",
    "masked",
    "runner_from_url",
]
