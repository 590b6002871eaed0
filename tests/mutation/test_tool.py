"""The mutation tool: a small sample is mostly caught, a survivor is a finding, a mutant that hangs is caught."""

import json
import random

import pytest
from click.testing import CliRunner

from tools.mutation import __main__ as command
from tools.mutation import workers
from tools.mutation.catalogue import catalogue
from tools.mutation.judge import Verdict, generated
from tools.mutation.mutant import ROOT, Mutant
from tools.mutation.reach import reached_in_reference, reached_in_scripts
from tools.mutation.report import MutationReport
from tools.mutation.survivors import Reason

SEED, SEQUENCES, SAMPLE = "sample", range(32), 20
SCRIPT = "flue_valkey/scripts/close_stream.lua"


@pytest.mark.timeout(900)  # it takes under a minute of one core, and other tests run beside it
@pytest.mark.parametrize("package", ["flue_valkey/", "flue_memdb/"])
async def test_most_of_a_small_sample_is_caught_by_a_short_run(package):
    reached = set()
    for number in SEQUENCES:
        operations = await generated(SEED, number)
        reached |= await (reached_in_scripts if package == "flue_valkey/" else reached_in_reference)(operations)
    mutants = [
        mutant
        for mutant in catalogue()
        if mutant.file.startswith(package) and (mutant.file, mutant.reached_at) in reached
    ]
    sample = random.Random(SEED).sample(mutants, SAMPLE)

    # By a process of the tool's: a mutant of which a sequence never ends is caught there.
    verdicts = {mutant: verdict for (mutant, *_), verdict in workers.answers([(m, SEED, SEQUENCES) for m in sample], 1)}

    report = MutationReport(verdicts, {}, frozenset())
    assert len(report.caught) >= SAMPLE * 0.7, report.as_text()


def verdict_of(arguments, tmp_path):
    arguments = ["--folder", str(tmp_path), "--json", *arguments]
    result = CliRunner().invoke(command.main, arguments, catch_exceptions=False)
    return result.exit_code, json.loads(result.stdout)


def test_a_survivor_that_is_not_listed_is_a_finding(tmp_path, monkeypatch):
    arguments = ["--only", SCRIPT, "--sequences", "1", "--seed", "none", "--sample", "5"]
    code, found = verdict_of(arguments, tmp_path)
    assert (code, found["finding"]) == (1, True)
    survivors = [entry for entry in found["mutants"] if entry["caughtBy"] is None]
    assert survivors

    reasons = {(*(entry[name] for name in ("file", "old", "new", "nth")),): Reason("why", None) for entry in survivors}
    monkeypatch.setattr(command, "listed", lambda: {**reasons, (SCRIPT, "gone", "", 1): Reason("why", None)})
    code, found = verdict_of([*arguments, "--keep", "all"], tmp_path)
    assert (code, found["finding"], found["percentage"]) == (0, False, 100.0)
    assert [entry["why"] for entry in found["stale"]] == ["there is no such mutant"]


@pytest.mark.parametrize(("limit", "seconds"), [("_SILENT_CPU_S", 3.0), ("_SILENT_S", 5.0)])
def test_a_mutant_that_hangs_is_caught(limit, seconds, monkeypatch):
    monkeypatch.setattr(workers, limit, seconds)
    source = (ROOT / SCRIPT).read_text(encoding="utf-8")
    body = source.index('if redis.call("EXISTS"')
    hanging = Mutant(SCRIPT, body, body, "while true do end ", source, None)
    [(_, verdict)] = workers.answers([(hanging, "events", range(50))], 1)
    assert isinstance(verdict, Verdict)
    assert verdict.by == "hang"


def test_a_report_counts_what_can_matter():
    caught, idle, elsewhere, unexplained = catalogue()[:4]
    listed = {idle.key: Reason("it cannot matter", None), elsewhere.key: Reason("see there", "tests/x.py")}
    verdicts = {caught: Verdict(3, 2, "answer"), **dict.fromkeys((idle, elsewhere, unexplained), Verdict(9))}
    report = MutationReport(verdicts, listed, frozenset(mutant.key for mutant in catalogue()))
    assert report.unlisted == [unexplained]
    assert report.percentage == pytest.approx(100 / 3)
    assert f"{unexplained.file}:{unexplained.line} survives" in report.as_text()
    assert MutationReport({idle: Verdict(1, 0, "state")}, listed, frozenset()).stale[-1] == (idle.key, "it is caught")
