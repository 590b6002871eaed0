"""The mutants of a Python file: changes of operators, constants, conditions, arguments, and whole statements."""

import ast
import re
from collections.abc import Iterator
from itertools import pairwise

from tools.mutation.mutant import Mutant

_FLIPPED = {
    "==": "!=",
    "!=": "==",
    "<": "<=",
    "<=": "<",
    ">": ">=",
    ">=": ">",
    "is": "is not",
    "is not": "is",
    "in": "not in",
    "not in": "in",
    "and": "or",
    "or": "and",
    "+": "-",
    "-": "+",
}
_OPERATOR = re.compile(r"==|!=|<=|>=|<|>|\bis\s+not\b|\bnot\s+in\b|\bis\b|\bin\b|\band\b|\bor\b|\+|-")
_FOR_TYPES = frozenset({"cast", "TypeVar", "ContextVar"})
"""Calls whose texts are read by type checkers and people, and by nothing that runs."""
_REMOVABLE = (ast.Expr, ast.Assign, ast.AugAssign, ast.Delete, ast.Raise)

Change = tuple[int, int, str]


def python_mutants(file: str, source: str) -> Iterator[Mutant]:
    """Every mutant of a module."""
    tree = ast.parse(source)
    places = _Places(source)
    for top in tree.body:
        if isinstance(top, (ast.Import, ast.ImportFrom)):
            continue
        for node, statement in _nodes(top, None):
            for start, end, replacement in _changes(places, node, statement):
                reached_at = None if statement is None else statement.lineno
                yield Mutant(file, start, end, replacement, source, reached_at)


class _Places:
    """Nodes as offsets into the source."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._lines = source.splitlines(keepends=True)
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self._at(node.lineno, node.col_offset), self._at(node.end_lineno, node.end_col_offset)

    def text(self, node: ast.expr) -> str:
        start, end = self.span(node)
        return self.source[start:end]

    def _at(self, line: int, column: int) -> int:
        """Columns of nodes count bytes."""
        return self._starts[line - 1] + len(self._lines[line - 1].encode()[:column].decode())


def _nodes(node: ast.AST, statement: ast.stmt | None) -> Iterator[tuple[ast.AST, ast.stmt | None]]:
    """The nodes below one, without annotations, docstrings, signatures and what only type checkers read, each with its
    statement in a function."""
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        return
    yield node, statement
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        for child in node.body:
            yield from _nodes(child, child)
        return
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "bases", "keywords") and not isinstance(node, ast.Call):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not (_is_for_types(node) and isinstance(child, ast.Constant)):
                is_inner = isinstance(child, ast.stmt) and statement is not None
                yield from _nodes(child, child if is_inner else statement)


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _FOR_TYPES


def _changes(places: _Places, node: ast.AST, statement: ast.stmt | None) -> Iterator[Change]:
    if isinstance(node, ast.expr):
        yield from _of_expression(places, node)
    elif isinstance(node, ast.If):
        yield from _decided(places, node.test)
    elif isinstance(node, ast.While) and not isinstance(node.test, ast.Constant):
        yield *places.span(node.test), "False"
    elif isinstance(node, ast.comprehension):
        for test in node.ifs:
            yield from _decided(places, test)
    elif isinstance(node, ast.Return) and node.value is not None and not isinstance(node.value, ast.Constant):
        yield *places.span(node.value), "None"
    if isinstance(node, _REMOVABLE) and statement is not None and not _is_docstring(node):
        yield *places.span(node), "pass"


def _decided(places: _Places, test: ast.expr) -> Iterator[Change]:
    yield *places.span(test), "True"
    yield *places.span(test), "False"


def _of_expression(places: _Places, node: ast.expr) -> Iterator[Change]:
    match node:
        case ast.Compare(left=left, comparators=comparators):
            for before, after in pairwise([left, *comparators]):
                yield from _flips(places, before, after)
        case ast.BoolOp(values=values):
            for before, after in pairwise(values):
                yield from _flips(places, before, after)
        case ast.BinOp(left=before, right=after, op=ast.Add() | ast.Sub()):
            yield from _flips(places, before, after)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield places.span(node)[0], places.span(operand)[0], ""
        case ast.Constant():
            yield from _other_constants(places, node)
        case ast.IfExp(body=body, orelse=otherwise):
            yield *places.span(node), places.text(body)
            yield *places.span(node), places.text(otherwise)
        case ast.Call(args=args):
            yield from _swaps(places, args)


def _flips(places: _Places, before: ast.expr, after: ast.expr) -> Iterator[Change]:
    start, end = places.span(before)[1], places.span(after)[0]
    operator = _OPERATOR.search(places.source, start, end)
    if operator is not None:
        flipped = _FLIPPED[" ".join(operator.group().split())]
        yield operator.start(), operator.end(), flipped


def _other_constants(places: _Places, node: ast.Constant) -> Iterator[Change]:
    value = node.value
    if isinstance(value, bool):
        yield *places.span(node), repr(not value)
    elif isinstance(value, int):
        yield *places.span(node), str(value + 1)
    elif isinstance(value, str) and places.text(node)[:1] in "\"'" and not places.text(node).startswith('"""'):
        yield *places.span(node), '"mutated"'


def _swaps(places: _Places, args: list[ast.expr]) -> Iterator[Change]:
    for left, right in pairwise(args):
        # What stands beside a text or the operation's name is told apart by its type: nobody confuses these.
        if any(
            isinstance(arg, (ast.Starred, ast.Constant)) or places.text(arg) == "operation" for arg in (left, right)
        ):
            continue
        start, end = places.span(left)[0], places.span(right)[1]
        between = places.source[places.span(left)[1] : places.span(right)[0]]
        if places.text(left) != places.text(right):
            yield start, end, places.text(right) + between + places.text(left)


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
