"""The durability drill: an app at work on a server that is killed under it and restarted, and an audit each time."""

import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from flue_valkey.drills.findings import DrillFindings
from flue_valkey.drills.plan import PERSISTENCE, DrillPlan
from flue_valkey.drills.rounds import Round, new_namespace
from flue_valkey.servers.local import LocalServer
from flue_valkey.servers.server import Server

_KILLS_A_ROUND: Final = 10


async def drill(plan: DrillPlan, killed: Callable[[DrillFindings], None]) -> DrillFindings:
    """Kills a server of its own as often as the plan says; `killed` is told after each kill.

    Each ten kills have a namespace of their own, and so has what comes after a loss. In the end the server is
    restarted once more, and everything is audited again.
    """
    rounds: list[Round] = []
    choose = _choices(plan)
    with tempfile.TemporaryDirectory(prefix="flue-drill-") as folder:
        async with LocalServer(PERSISTENCE[plan.persistence]) as server:
            found = DrillFindings(server.name)
            while found.kills < plan.kills:
                namespace, seed = await new_namespace(server, inspect=False), f"{plan.seed}/{found.rounds}"
                each = Round(server, Path(folder), seed, plan, choose, found, killed, namespace)
                if await each.run(min(_KILLS_A_ROUND, plan.kills - found.kills)):
                    rounds.append(each)
            await server.stop()
            await server.start()
            for each in rounds:
                found.add((await each.audit())[1], "after the last restart")
    return found


async def rehearse(server: Server, plan: DrillPlan) -> DrillFindings:
    """The harmless part, on any server: the app is restarted, the server is not. Its keys are removed afterwards."""
    found = DrillFindings(f"{server.name} {server.version}")
    namespace = await new_namespace(server, inspect=True)
    try:
        with tempfile.TemporaryDirectory(prefix="flue-drill-") as folder:
            each = Round(server, Path(folder), str(plan.seed), plan, _choices(plan), found, _ignore, namespace)
            await each.run(0)
    finally:
        await server.remove(namespace.prefix)
    return found


def _choices(plan: DrillPlan) -> random.Random:
    return random.Random(f"drill/{plan.seed}")  # noqa: S311 -- repeatable, not secret


def _ignore(_: DrillFindings) -> None:
    pass
