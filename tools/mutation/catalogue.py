"""All mutants, in a fixed order."""

from functools import cache

import lupa.lua51

from tools.mutation.broken_reference import reference_files
from tools.mutation.broken_scripts import script_sources
from tools.mutation.lua_mutants import lua_mutants
from tools.mutation.mutant import ROOT, Mutant, told_apart
from tools.mutation.python_mutants import python_mutants


@cache
def catalogue() -> tuple[Mutant, ...]:
    """Every mutant of the scripts and of the reference that can be compiled."""
    lua = lupa.lua51.LuaRuntime()
    found = [
        mutant
        for file, source in script_sources().items()
        for mutant in lua_mutants(file, source)
        if _is_lua(lua, mutant.text)
    ]
    for file in reference_files():
        source = (ROOT / file).read_text(encoding="utf-8")
        found += [mutant for mutant in python_mutants(file, source) if _is_python(mutant)]
    return tuple(told_apart(found))


def _is_lua(lua: lupa.lua51.LuaRuntime, text: str) -> bool:
    try:
        lua.compile(text)
    except lupa.lua51.LuaSyntaxError:
        return False
    return True


def _is_python(mutant: Mutant) -> bool:
    try:
        compile(mutant.text, mutant.file, "exec")
    except SyntaxError:
        return False
    return True
