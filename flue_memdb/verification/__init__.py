"""Proof that an adapter is the same thing as the reference. It knows nothing of any database."""

from flue_memdb.verification.differential import Progress, differential
from flue_memdb.verification.disturbances import DISTURBANCES, Accountable, Disturbable
from flue_memdb.verification.engines import Engine, Namespace, ReferenceEngine
from flue_memdb.verification.generator import generate
from flue_memdb.verification.histories import Call, History
from flue_memdb.verification.linearizability import SearchTooLargeError, Verdict, check_linearizable
from flue_memdb.verification.lockstep import Difference, SequenceResult, run_sequence
from flue_memdb.verification.observations import Answer, Observation, Operation
from flue_memdb.verification.operations import apply, apply_with_outcome, declared_outcomes, observe
from flue_memdb.verification.recording import record
from flue_memdb.verification.replay import Mismatch, replay
from flue_memdb.verification.report import Divergence, Report
from flue_memdb.verification.shrinking import shrink
from flue_memdb.verification.state import read_state
from flue_memdb.verification.traces import Trace, TraceError, read_trace, write_trace

__all__ = [
    "DISTURBANCES",
    "Accountable",
    "Answer",
    "Call",
    "Difference",
    "Disturbable",
    "Divergence",
    "Engine",
    "History",
    "Mismatch",
    "Namespace",
    "Observation",
    "Operation",
    "Progress",
    "ReferenceEngine",
    "Report",
    "SearchTooLargeError",
    "SequenceResult",
    "Trace",
    "TraceError",
    "Verdict",
    "apply",
    "apply_with_outcome",
    "check_linearizable",
    "declared_outcomes",
    "differential",
    "generate",
    "observe",
    "read_state",
    "read_trace",
    "record",
    "replay",
    "run_sequence",
    "shrink",
    "write_trace",
]
