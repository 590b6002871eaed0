"""Proof that an adapter is the same thing as the reference. It knows nothing of any database."""

from flue_memdb.verification.operations import Answer, Operation, apply
from flue_memdb.verification.replay import Mismatch, replay
from flue_memdb.verification.traces import Trace, TraceError, read_trace, write_trace

__all__ = ["Answer", "Mismatch", "Operation", "Trace", "TraceError", "apply", "read_trace", "replay", "write_trace"]
