"""Linearizability: whether some order of the calls explains all answers.

Each call must take effect at one moment between its beginning and its end. The search is Wing and Gong's, with the
states that were reached by the same set of calls remembered (Lowe), part by part of what is independent.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from flue_memdb.verification.histories import Call, History
from flue_memdb.verification.independence import parts
from flue_memdb.verification.model import Model, Step

_MAX_STATES = 1_000_000
_SHRINK_S = 30.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a history is explained. If not, `unexplained` is a smallest part of it that cannot be: without the answer
    that ended last the rest could. `states` counts what the search looked at."""

    explained: bool
    states: int
    unexplained: History | None = None

    def __str__(self) -> str:
        if self.unexplained is None:
            return f"explained ({self.states:,} states)"
        lines = "\n".join(f"  {call}" for call in self.unexplained.calls)
        return f"no order explains these {len(self.unexplained.calls)} calls:\n{lines}"


class SearchTooLargeError(Exception):
    """A history that could not be decided within a million states."""


def check_linearizable(history: History) -> Verdict:
    """Decides whether some order of the calls explains all answers, with the reference as the sequential model.

    A pending call may have happened at any time after it began, or never. A history that takes more than a million
    states to decide is a `SearchTooLargeError`.
    """
    states = 0
    for part in parts(history):
        model = Model(history.at)
        explained, looked_at = _explain(part.calls, model)
        states += looked_at
        if not explained:
            return Verdict(False, states, History(history.at, _smallest(part.calls, model)))
    return Verdict(True, states)


@dataclass(frozen=True, slots=True)
class _Event:
    """A step with what must come before it: the call's end bounds it, `after` is the step that it follows."""

    step: Step
    began: int
    ended: int | None
    after: int | None = None


def _events(calls: Sequence[Call]) -> list[_Event]:
    events: list[_Event] = []
    for number, call in enumerate(calls):
        deletes = call.operation["op"].endswith(".deleteSession")
        owner_id = f"call {number}"
        events.append(_Event(Step(call, "deletion begins" if deletes else "all", owner_id), call.began, call.ended))
        busy = call.answer is not None and call.answer.get("error", {}).get("kind") == "session_busy"
        if deletes and not busy:
            ends = Step(call, "deletion ends", owner_id)
            events.append(_Event(ends, call.began, call.ended, after=len(events) - 1))
    return events


def _explain(calls: Sequence[Call], model: Model) -> tuple[bool, int]:
    """Whether some order explains the calls, and how many states that took to see."""
    events = _events(calls)
    needed = sum(1 << index for index, event in enumerate(events) if event.ended is not None)
    seen: set[tuple[int, bytes]] = set()
    # Depth first: what is taken so far, the state it leads to.
    stack = [(0, model.start)]
    while stack:
        taken, state = stack.pop()
        if taken & needed == needed:
            return True, len(seen)
        # Nothing may be taken that began after the end of something that is still to come.
        bound = min(
            event.ended for index, event in enumerate(events) if event.ended is not None and not taken >> index & 1
        )
        choices = [
            index
            for index, event in enumerate(events)
            if not taken >> index & 1 and event.began <= bound and (event.after is None or taken >> event.after & 1)
        ]
        # The stack gives back last what is put first: what ended first is tried first, what is pending last.
        choices.sort(key=lambda index: (events[index].ended is None, events[index].ended or 0), reverse=True)
        for index in choices:
            after = model.take(state, events[index].step)
            reached = (taken | 1 << index, after)
            if after is not None and reached not in seen:
                if len(seen) >= _MAX_STATES:
                    raise SearchTooLargeError(
                        f"{len(calls)} calls could not be decided within {_MAX_STATES:,} states; "
                        "check a shorter history, or one of fewer clients"
                    )
                seen.add((taken | 1 << index, after))
                stack.append((taken | 1 << index, after))
    return False, len(seen)


def _smallest(history: Sequence[Call], model: Model) -> list[Call]:
    """What is left of unexplained calls when no more can be left out, or when half a minute is over.

    It starts with the calls up to the first answer that is too much. Of them only those are left out without which that
    answer is still the contradiction: the others must stay explained, or leaving out what they build upon would pass
    for an explanation.
    """
    calls, culprit = _shortest_prefix(history, model)
    until = time.monotonic() + _SHRINK_S
    size = len(calls) // 2
    while size and time.monotonic() < until:
        for at in reversed(range(0, len(calls), size)):
            fewer = [call for call in calls if call is culprit or call not in calls[at : at + size]]
            loosened = [call.loosened() if call is culprit else call for call in fewer]
            if len(fewer) < len(calls) and not _explains(fewer, model) and _explains(loosened, model):
                calls = fewer
            if time.monotonic() >= until:
                break
        size //= 2
    return calls


def _shortest_prefix(calls: Sequence[Call], model: Model) -> tuple[list[Call], Call]:
    """The calls up to the earliest end by which they are unexplained, and the call of that end.

    The answers that came later count as lost.
    """
    ends = sorted((call for call in calls if call.ended is not None), key=lambda call: call.ended or 0)
    low, high = 0, len(ends) - 1
    while low < high:
        middle = (low + high) // 2
        if _explains(_until(calls, ends[middle].ended or 0), model):
            low = middle + 1
        else:
            high = middle
    return _until(calls, ends[low].ended or 0), ends[low]


def _explains(calls: Sequence[Call], model: Model) -> bool:
    return _explain(calls, model)[0]


def _until(calls: Sequence[Call], end: int) -> list[Call]:
    return [
        call if call.ended is not None and call.ended <= end else call.loosened() for call in calls if call.began <= end
    ]
