"""Generated sequences: the same for the same seed, and reaching everything."""

import json
from collections import Counter

from flue_memdb.verification import declared_outcomes, generate, read_trace, run_sequence, write_trace
from flue_memdb.verification.comparison import identical
from flue_memdb.verification.engines import ReferenceEngine
from flue_memdb.verification.traces import Trace


async def test_the_same_seed_gives_the_same_sequence_and_another_seed_another():
    assert await generate("a") == await generate("a")
    assert await generate("a") != await generate("b")
    assert await generate(7) == await generate("7")


async def test_length_clients_and_times_are_as_asked():
    for seed in range(20):
        made = await generate(seed, operations=25, clients=3)
        assert len(made) == 25
        assert {operation["client"] for operation in made} <= {0, 1, 2}
        times = [operation["at"] for operation in made]
        assert times == sorted(times)
        assert all(operation.keys() == {"at", "client", "op", "args"} for operation in made)


async def test_a_sequence_survives_a_trace_file(tmp_path):
    for seed in range(20):
        made = await generate(seed)
        write_trace(tmp_path / "made.jsonl", Trace("made", "generated", made))
        assert identical(read_trace(tmp_path / "made.jsonl").operations, made), seed


async def test_every_declared_outcome_is_reached_and_no_other():
    reached: Counter[tuple[str, str]] = Counter()
    sequence, declared = 0, {(op, name) for op, names in declared_outcomes().items() for name in names}
    while not declared <= reached.keys():
        assert sequence < 500, f"not reached with seeds outcomes/0 to outcomes/499: {sorted(declared - reached.keys())}"
        result = await run_sequence([ReferenceEngine()], await generate(f"outcomes/{sequence}"))
        assert result.difference is None, (sequence, result.difference)
        reached += result.outcomes
        sequence += 1
    assert {pair for pair in reached if pair[1] != "corrupt_record"} <= declared


async def test_no_client_waits_for_another_in_a_generated_deletion():
    for seed in range(30):
        for operation in await generate(seed):
            tree = (
                operation["args"][1]
                if operation["op"] == "submissions.deleteSession" and len(operation["args"]) > 1
                else 0
            )
            if isinstance(tree, dict):
                assert all("client" not in inner for inner in tree.get("during", ()))


async def test_a_generated_sequence_is_json():
    for seed in range(20):
        made = await generate(seed)
        assert json.loads(json.dumps(made)) == made
