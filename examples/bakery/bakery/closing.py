"""The workflow: at closing time every customer of the day is told, and the loaves are counted."""

from datetime import datetime

from bakery.orders import AGENT, path_of, timestamp
from flue_memdb import Admitted, Clock, DispatchInput, NewRun, RunEnd, RunRecord, Stores, session_storage_key

WORKFLOW = "closing"


async def close_shop(stores: Stores, clock: Clock, day: str, customers: list[str]) -> None:
    """Begins the workflow of a day, once; workers go on with it."""
    run = NewRun(
        run_id=f"{WORKFLOW}-{day}", workflow_name=WORKFLOW, started_at=timestamp(clock), input={"customers": customers}
    )
    await stores.runs.create_run(run)


async def begun(stores: Stores) -> list[RunRecord]:
    """The runs that have not ended, wherever they were left."""
    page = await stores.runs.list_runs(status="active", workflow_name=WORKFLOW)
    runs = [await stores.runs.get_run(run.run_id) for run in page.runs]
    return [run for run in runs if run is not None]


async def go_on(stores: Stores, clock: Clock, run: RunRecord) -> bool:
    """Does what can be done now, and gives whether the run has ended. All of it may be done again."""
    told = True
    for customer in run.input["customers"]:
        await stores.events.create_stream(path_of(customer))
        admission = await stores.submissions.admit_dispatch(
            DispatchInput(
                dispatch_id=f"{run.run_id}/{customer}",
                agent=AGENT,
                id=customer,
                input="we are closing",
                accepted_at=run.started_at,  # not now: the same dispatch has to be the same document
            )
        )
        told &= isinstance(admission, Admitted) and admission.submission.status == "settled"
    if not told:
        return False
    loaves = 0
    for customer in run.input["customers"]:
        document = await stores.sessions.load(session_storage_key(customer)) or {"entries": []}
        loaves += sum(sum(entry["loaves"].values()) for entry in document["entries"] if entry["role"] == "tool")
    begun_ms = datetime.fromisoformat(run.started_at).timestamp() * 1000
    await stores.runs.end_run(
        RunEnd(
            run_id=run.run_id,
            ended_at=timestamp(clock),
            is_error=False,
            duration_ms=max(0, clock() - round(begun_ms)),
            result={"loaves": loaves},
        )
    )
    return True
