"""Whatever an operation sends is cut at each command: another process goes on, and nothing is half there.

A process is cut off at its first command, at its second … until the call gets through; once before the command reaches
the server, and once after it ran and before the answer. Then that process is gone, and another one looks, or calls
again. The reference, where nothing is ever cut, says what it has to find.
"""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from flue_memdb.verification import Answer, ReferenceEngine
from flue_memdb.verification.comparison import differences, identical
from flue_memdb.verification.retries import RETRIES
from flue_memdb.verification.shapes import METHODS
from flue_valkey.servers.cutting import CuttableServer, Moment
from flue_valkey.servers.engine import ValkeyEngine
from flue_valkey.servers.server import Server
from flue_valkey.store import parts
from tests.adapter.cut_cases import OF_MANY_COMMANDS, OF_ONE_COMMAND, PART_BYTES, READS, Case
from tests.adapter.cut_sites import Site, open_site

CASES = {**OF_ONE_COMMAND, **{f"{op}, in many commands": case for op, case in OF_MANY_COMMANDS.items()}}
REPEATABLE = {op: case for op, case in CASES.items() if case.commands > 1 or op in RETRIES}
MOMENTS: tuple[Moment, ...] = ("before", "after")

OpenSite = Callable[[], Awaitable[Site]]


@pytest.fixture
def cuttable(server: Server) -> CuttableServer:
    return CuttableServer(server)


@pytest.fixture
async def new_site(cuttable: CuttableServer) -> AsyncIterator[OpenSite]:
    """Gives empty sites on the server, one a call."""
    sites: list[Site] = []

    async def make() -> Site:
        sites.append(await open_site(ValkeyEngine(cuttable)))
        return sites[-1]

    yield make
    for site in sites:
        await site.namespace.close()


@pytest.fixture(autouse=True)
def small_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes in portions does so for little: a deletion takes two submissions at once in place of two hundred."""
    monkeypatch.setattr(parts, "SETTLED_SUBMISSIONS", 2)
    monkeypatch.setattr(parts, "BYTES", PART_BYTES)
    monkeypatch.setattr(parts, "READ", PART_BYTES)


def test_every_operation_has_its_case() -> None:
    assert RETRIES.keys() | READS.keys() == METHODS.keys()
    assert OF_ONE_COMMAND.keys() | OF_MANY_COMMANDS.keys() == METHODS.keys()


def the_process_says(answer: Answer, case: Case, number: int, complete: Answer) -> bool:
    """Whether a process that was cut at that command says so, and of a change that nobody knows what became of it.

    A listing that was cut while it mends has read what it gives, and says in the log what it could not mend.
    """
    message = answer.get("error", {}).get("message", "")
    lost = "(cut off" in message and (case.call[0] in READS or "may or may not have happened" in message)
    mends = case.commands > 1 and number > 0 and ".list" in case.call[0]
    return lost or (mends and identical(answer, complete))


async def readable_on_the_way(case: Case) -> dict[str, list[Answer]]:
    """By each call that reads: what it may give while the case's call is under way, or was cut."""
    before, begun, done = [await open_site(ReferenceEngine()) for _ in range(3)]
    await before.prepare(case)
    await begun.prepare(case)
    if case.call[0] == "submissions.deleteSession":
        await begun.begin(case.call)
    await done.prepare(case, done=True)
    states = [await site.state(case) for site in (before, begun, done)]
    return {call: [state[call] for state in states] for call in states[0]}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_what_a_cut_leaves_is_whole(new_site: OpenSite, cuttable: CuttableServer, case: Case) -> None:
    allowed = await readable_on_the_way(case)
    untouched, done = await new_site(), await new_site()
    await untouched.prepare(case)
    await done.prepare(case, done=True)
    stored = {"before": await untouched.stored(), "after": await done.stored()}
    if case.commands == 1:
        assert (stored["before"] == stored["after"]) == (case.call[0] in READS)
    complete = await done.call(case.call) if case.call[0] in READS else {}
    for number in range(case.commands + 1):
        for moment in MOMENTS:
            site = await new_site()
            await site.prepare(case)
            answer = await site.cut(cuttable, case.call, number, moment)
            assert (answer is None) == (number == case.commands), "it sends another number of commands"
            if answer is None:
                continue
            assert the_process_says(answer, case, number, complete)
            if case.commands == 1:
                assert await site.stored() == stored[moment]
            for call, read in (await site.state(case)).items():
                assert any(identical(read, one) for one in allowed[call]), f"cut {moment} {number}: {call}: {read}"
            assert await site.namespace.findings() == []


@pytest.mark.parametrize("case", REPEATABLE.values(), ids=REPEATABLE)
async def test_a_retry_by_another_process_brings_it_to_its_end(
    new_site: OpenSite, cuttable: CuttableServer, case: Case
) -> None:
    for moment in MOMENTS:
        reference, twin = await open_site(ReferenceEngine()), await new_site()
        # A call of many commands ends up the same however much of it happened the first time.
        happened = moment == "after" and case.commands == 1
        for uncut in (reference, twin):
            await uncut.prepare(case, done=happened)
            uncut.clock.advance(case.again_after_ms)
        expected = await reference.call(case.call)
        assert identical(await twin.call(case.call), expected)
        stored = await twin.stored()
        for number in range(case.commands):
            site = await new_site()
            await site.prepare(case)
            assert await site.cut(cuttable, case.call, number, moment) is not None
            site.clock.advance(case.again_after_ms)
            assert identical(await site.call(case.call), expected), f"cut {moment} {number}"
            assert await site.stored() == stored, f"cut {moment} {number}"
            assert await site.namespace.findings() == []
            assert list(differences(await reference.state(case), await site.state(case))) == []
