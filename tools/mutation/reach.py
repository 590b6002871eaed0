"""Which sequences of a run reach which statement: only those can show what a change there does."""

import ast
from typing import Final

from flue_memdb.verification import Engine, ReferenceEngine, run_sequence
from flue_memdb.verification.observations import Operation
from flue_valkey.servers.engine import ValkeyEngine
from flue_valkey.servers.fake import FakeServer
from tools.mutation.broken_reference import BrokenReference
from tools.mutation.broken_scripts import SCRIPTS_FOLDER, script_sources, scripts_with
from tools.mutation.lua_mutants import statement_lines

_NOTES = "reached"

Place = tuple[str, int]
"""A file and a line."""

_hits: set[Place] = set()


async def reached_in_scripts(operations: list[Operation]) -> set[Place]:
    """The statements of the scripts that a sequence reaches."""
    server = FakeServer()
    with scripts_with({file: _noting(file, source) for file, source in script_sources().items()}):
        await _run(ValkeyEngine(server), operations)
    runner = server.runner()
    notes = [note.decode().rpartition(":") for note in await runner.command("SMEMBERS", _NOTES)]
    await runner.close()
    return {(file, int(line)) for file, _, line in notes}


async def reached_in_reference(operations: list[Operation]) -> set[Place]:
    """The statements in the reference's functions that a sequence reaches."""
    _hits.clear()
    await _run(BrokenReference({}, _hitting), operations)
    return set(_hits)


REACHED: Final = {"reference": reached_in_reference, "scripts": reached_in_scripts}
"""By the name of an engine."""


def engine_of(file: str) -> str:
    """The name of the engine that a file is a part of."""
    return "scripts" if file.startswith(SCRIPTS_FOLDER) else "reference"


async def _run(engine: Engine, operations: list[Operation]) -> None:
    difference = (await run_sequence([ReferenceEngine(), engine], operations)).difference
    if difference is not None:
        raise RuntimeError(f"what should change nothing does: {difference}")


def hit(file: str, line: int) -> None:
    """Called by the statements of an instrumented reference."""
    _hits.add((file, line))


def _noting(file: str, source: str) -> str:
    """The script, in which each statement notes first that it was reached."""
    lines = source.splitlines()
    for number in statement_lines(source):
        lines[number - 1] = f'redis.call("SADD", "{_NOTES}", "{file}:{number}") {lines[number - 1].strip()}'
    return "\n".join(lines)


def _hitting(file: str, tree: ast.Module) -> ast.Module:
    """The module, in which each statement of a function notes first that it was reached."""
    for node in list(ast.walk(tree)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            node.body = _noted(file, node.body)
    [docstring, *body] = tree.body
    return ast.Module([docstring, *ast.parse(f"from {__name__} import hit").body, *body], tree.type_ignores)


def _noted(file: str, body: list[ast.stmt]) -> list[ast.stmt]:
    noted: list[ast.stmt] = []
    for statement in body:
        noted += [*ast.parse(f"hit({file!r}, {statement.lineno})").body, statement]
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue  # it is met on its own
        for inner in (statement, *getattr(statement, "handlers", ())):
            for name in ("body", "orelse", "finalbody"):
                if getattr(inner, name, None):
                    setattr(inner, name, _noted(file, getattr(inner, name)))
    return noted
