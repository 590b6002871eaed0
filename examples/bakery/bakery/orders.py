"""How work comes in."""

from datetime import UTC, datetime

from flue_memdb import Clock, DirectInput, Stores, Submission

AGENT = "clerk"


def path_of(customer: str) -> str:
    """The stream of what happens for a customer."""
    return f"customers/{customer}"


def timestamp(clock: Clock) -> str:
    """Now, as the stores take it."""
    return datetime.fromtimestamp(clock() / 1000, UTC).isoformat(timespec="milliseconds")


async def take_order(stores: Stores, clock: Clock, order_id: str, customer: str, text: str) -> Submission:
    """Accepts a prompt: from here on it will be answered. The same order given again is the same submission; another
    one under its id is a `SubmissionConflictError`."""
    await stores.events.create_stream(path_of(customer))
    known = await stores.submissions.get_submission(order_id)
    return await stores.submissions.admit_direct(
        DirectInput(
            submission_id=order_id,
            agent=AGENT,
            id=customer,
            payload={"message": text},
            accepted_at=timestamp(clock) if known is None else known.input["acceptedAt"],
        )
    )
