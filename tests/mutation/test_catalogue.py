"""What the mutants of a script and of a Python file are."""

from tools.mutation.catalogue import catalogue
from tools.mutation.lua_mutants import lua_mutants
from tools.mutation.mutant import ROOT, told_apart
from tools.mutation.python_mutants import python_mutants
from tools.mutation.survivors import listed

LUA = """\
-- A comment: 1 == 2 and "text".
local function gate(row, limit)
  if not row or row[1] < limit then
    return {"refused", row}
  end
  redis.call("HSET", row, "status", "queued",
    "at", now)
  for _, index in ipairs({queued, running}) do
    redis.call("ZREM", index, row)
  end
end
"""

PYTHON = '''\
"""The docstring stays."""

LIMIT = 3


class Store:
    def gate(self, row: object, limit: int = 1) -> bool:
        """So does this one."""
        if row is None or row.size < limit:
            raise ValueError("no")
        row.size += 1
        return not row.closed
'''


def changes(mutants):
    return {(mutant.old, mutant.new, mutant.reached_at) for mutant in mutants}


def test_a_script_is_changed_in_its_tokens_conditions_lists_and_statements():
    found = changes(lua_mutants("f.lua", LUA))
    condition, refusal = "if not row or row[1] < limit then", 'return {"refused", row}'
    hset = 'redis.call("HSET", row, "status", "queued",\n"at", now)'
    loop = "for _, index in ipairs({queued, running}) do"
    assert found >= {
        (condition, "if row or row[1] < limit then", 3),
        (condition, "if not row and row[1] < limit then", 3),
        (condition, "if not row or row[2] < limit then", 3),
        (condition, "if not row or row[1] <= limit then", 3),
        (condition, "if true then", 3),
        (condition, "if false then", 3),
        (refusal, 'return {"mutated", row}', 4),
        (refusal, 'return {row, "refused"}', 4),
        (hset, "", 6),
        (hset, 'redis.call("HSET", row, "status", "queued")', 6),
        (loop, "for _, index in ipairs({queued}) do", 8),
        ('redis.call("ZREM", index, row)', "", 9),
        ('redis.call("ZREM", index, row)', 'redis.call("ZREM", row, index)', 9),
    }
    assert all("comment" not in old for old, _, _ in found)


def test_a_module_is_changed_in_its_operators_constants_conditions_and_statements():
    found = changes(python_mutants("f.py", PYTHON))
    condition = "if row is None or row.size < limit:"
    assert found == {
        ("LIMIT = 3", "LIMIT = 4", None),
        (condition, "if row is not None or row.size < limit:", 9),
        (condition, "if row is None and row.size < limit:", 9),
        (condition, "if row is None or row.size <= limit:", 9),
        (condition, "if True:", 9),
        (condition, "if False:", 9),
        ('raise ValueError("no")', 'raise ValueError("mutated")', 10),
        ('raise ValueError("no")', "pass", 10),
        ("row.size += 1", "row.size += 2", 11),
        ("row.size += 1", "pass", 11),
        ("return not row.closed", "return row.closed", 12),
        ("return not row.closed", "return None", 12),
    }


def test_mutants_that_read_alike_are_told_apart():
    twice = told_apart(python_mutants("f.py", "def f():\n    a()\n    a()\n"))
    assert [(mutant.old, mutant.new, mutant.nth) for mutant in twice] == [("a()", "pass", 1), ("a()", "pass", 2)]
    keys = [mutant.key for mutant in catalogue()]
    assert len(set(keys)) == len(keys) > 3_000


def test_every_entry_of_the_list_is_a_mutant_that_there_is():
    gone = listed().keys() - {mutant.key for mutant in catalogue()}
    assert not gone, "take these out of survivors.toml, or write them as they read now"


def test_every_entry_of_the_list_has_a_reason_and_a_test_that_there_is():
    for key, reason in listed().items():
        assert len(reason.text) > 20, key
        assert reason.caught_by is None or (ROOT / reason.caught_by.partition("::")[0]).exists(), key
