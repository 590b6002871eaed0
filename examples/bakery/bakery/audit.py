"""What must have happened in a day, each thing once; and what did not."""

import re
from collections import Counter
from dataclasses import dataclass

from bakery.closing import WORKFLOW
from bakery.orders import path_of
from bakery.oven import Oven
from flue_memdb import Stores, session_storage_key

_WANTED = (
    ("ada", "2 rye and 1 spelt"),
    ("ben", "6 rolls"),
    ("ada", "no more for me"),
    ("cleo", "1 baguette and 3 pretzels"),
    ("ben", "1 rye"),
)


@dataclass(frozen=True)
class Day:
    """A day's orders: who wants what. Days have names of their own, so that they do not meet in one database."""

    name: str
    wanted: tuple[tuple[str, str], ...] = _WANTED

    @property
    def orders(self) -> dict[str, tuple[str, str]]:
        """Customer and text of each order."""
        return {
            f"{self.name}/order-{number}": (f"{self.name}/{customer}", text)
            for number, (customer, text) in enumerate(self.wanted, 1)
        }

    @property
    def customers(self) -> list[str]:
        """Everybody who orders something."""
        return sorted({customer for customer, _ in self.orders.values()})

    @property
    def loaves(self) -> int:
        """How many are baked."""
        return sum(int(number) for _, text in self.wanted for number in re.findall(r"\d+", text))


async def findings(stores: Stores, oven: Oven, day: Day) -> list[str]:
    """What is missing, and what happened more than once; empty if all is well."""
    closing = f"{WORKFLOW}-{day.name}"
    submission_ids = [*day.orders, *(f"{closing}/{customer}" for customer in day.customers)]
    found = []
    for submission_id in submission_ids:
        submission = await stores.submissions.get_submission(submission_id)
        if submission is None or submission.status != "settled" or submission.error is not None:
            found.append(f"not done: {submission or submission_id}")
    baking = [order_id for order_id, (_, text) in day.orders.items() if any(map(str.isdigit, text))]
    happened: Counter[str] = Counter()
    entries: Counter[str] = Counter()
    for customer in day.customers:
        events = (await stores.events.read_events(path_of(customer))).events
        happened.update(f"{event.data['type']} {event.data['order']}" for event in events)
        session = await stores.sessions.load(session_storage_key(customer)) or {"entries": []}
        entries.update(entry["id"] for entry in session["entries"])
    found += _other_than_once("event", happened, [f"answered {each}" for each in submission_ids])
    found += _other_than_once("event", happened, [f"baked {each}" for each in baking])
    found += _other_than_once("entry", entries, list(entries))
    baked = Counter(call.rpartition("/")[0] for call in oven.baked() if call.startswith(day.name))
    found += _other_than_once("page of the oven for", baked, baking)
    run = await stores.runs.get_run(closing)
    if run is None or run.result != {"loaves": day.loaves}:
        found.append(f"not completed with {day.loaves} loaves: {run}")
    return found


def _other_than_once(what: str, counted: Counter[str], expected: list[str]) -> list[str]:
    return [f"{what} {each}: {counted[each]} times" for each in expected if counted[each] != 1]
