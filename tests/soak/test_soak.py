"""The soak in short: nothing is left of a sequence, and whatever is left is a finding."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from flue_memdb.verification import ReferenceEngine
from flue_valkey.scripts import SCRIPTS
from flue_valkey.servers.engine import ValkeyEngine
from flue_valkey.servers.fake import FakeServer
from tools.soak.__main__ import main
from tools.soak.measuring import RESIDENT, SERVER, Step, resident, step
from tools.soak.plan import SoakPlan
from tools.soak.report import SoakReport
from tools.soak.workers import watch

PLAN = SoakPlan(seed=3, sequences=4, operations_each=15, first_sequence=0, jobs=1)


async def soaked(server):
    report, watched = SoakReport(PLAN, ()), watch(server)
    for number in PLAN.numbers(0):
        report.add(await step([ReferenceEngine(), ValkeyEngine(server)], [watched], PLAN, 0, number))
    await watched.runner.close()
    return report


def test_nothing_is_left_on_the_three_engines(local_server, tmp_path):
    file = tmp_path / "readings.jsonl"
    arguments = ["--operations", "240", "--operations-each", "20", "--seed", "7", "--jobs", "1", "--json"]
    result = CliRunner().invoke(main, [*arguments, "--readings", str(file)], catch_exceptions=False)
    found = json.loads(result.stdout)
    assert (found["operations"], found["divergences"], found["keysLeft"], found["connectionsLeft"]) == (240, [], {}, {})
    assert found["resumeAt"] == 12
    assert len(file.read_text(encoding="utf-8").splitlines()) == 12
    assert {each["figure"] for each in found["memory"]} >= {RESIDENT, SERVER}


async def test_a_connection_that_stays_open_is_found():
    class Leaking(FakeServer):
        async def remove(self, prefix):
            self.kept = [*getattr(self, "kept", []), self.runner()]
            await self.kept[-1].command("PING")
            await super().remove(prefix)

    assert (await soaked(FakeServer())).findings == []
    assert (await soaked(Leaking())).findings == ["fakeredis: 4 connections left open after a sequence"]


async def test_a_key_that_stays_is_found(monkeypatch):
    async def nothing(self, prefix):
        pass

    monkeypatch.setattr(FakeServer, "remove", nothing)
    report = await soaked(FakeServer())
    assert report.keys["fakeredis"] > 0
    assert "left after a sequence" in report.findings[0]


async def test_a_divergence_is_found(monkeypatch):
    script = SCRIPTS["list_attempt_markers"]
    monkeypatch.setitem(SCRIPTS, script.name, replace(script, text='return {"done", {}}'))
    report = await soaked(FakeServer())
    assert report.findings[0].startswith("divergence: flue diff --seed 3 ")


@pytest.mark.parametrize(("growth", "flat"), [(0.0, True), (0.5, False)])
def test_memory_that_grows_is_found(growth, flat):
    report = SoakReport(PLAN, ())
    for number in range(40):
        report.add(Step(0, number, 60, (), {}, {}, {RESIDENT: int(100 * 2**20 * (1 + growth * number / 40))}))
    assert (report.findings == []) is flat


def test_what_the_c_library_keeps_of_a_peak_is_no_growth():
    before = resident()
    peak = [bytes(100_000) for _ in range(1000)]
    kept = peak[::100]
    del peak
    assert resident() - before < 10 * 2**20
    assert len(kept) == 10
