"""Calls that the tests of the reference make."""

import pytest

from flue_memdb import ClaimRef, DispatchInput, StoreUnavailableError


def dispatch(dispatch_id="d1"):
    """A dispatch to the session `crew`."""
    return DispatchInput(dispatch_id=dispatch_id, agent="a", id="crew", input="plan", accepted_at="2026-06-03")


def claim(submission_id="d1"):
    """The first attempt at it."""
    return ClaimRef(submission_id, "a1", "w1", 1_780_000_030_000)


async def failed(call):
    """The error of a call that the store was not reached by, or whose answer was lost."""
    with pytest.raises(StoreUnavailableError) as refused:
        await call
    return refused.value
