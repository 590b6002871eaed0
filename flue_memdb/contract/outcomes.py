"""What an operation came to, beyond what it answers: `False` may mean unknown, not running, or a stale attempt.

Stores report each outcome here by a short name; nobody listens in normal use. The verification listens, so that a run
can say which outcomes it reached and that two stores gave the same answer for the same reason.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_listening: ContextVar[list[str] | None] = ContextVar("outcomes", default=None)


def reached(outcome: str) -> None:
    """Reports what the operation under way came to."""
    outcomes = _listening.get()
    if outcomes is not None:
        outcomes.append(outcome)


@contextmanager
def listening(outcomes: list[str] | None = None) -> Iterator[list[str]]:
    """Collects the outcomes that are reported within the block, in the list that is given or in a new one."""
    outcomes = [] if outcomes is None else outcomes
    token = _listening.set(outcomes)
    try:
        yield outcomes
    finally:
        _listening.reset(token)
