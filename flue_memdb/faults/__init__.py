"""Faults on purpose: an adapter round any other that fails, loses answers, is slow or down when a test wants it to."""

from flue_memdb.faults.injection import Faults
from flue_memdb.faults.log import Log, LoggedCall
from flue_memdb.faults.rules import Rule

__all__ = ["Faults", "Log", "LoggedCall", "Rule"]
