"""The mutants of a Lua script: changes of single tokens, conditions, lists, and whole statements."""

import re
from collections.abc import Iterator
from itertools import pairwise

from tools.mutation.mutant import Mutant

_TOKEN = re.compile(
    r"(?P<comment>--[^\n]*)|(?P<string>\"(?:\\.|[^\"\\])*\")|(?P<number>\d+)|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<sign>\.{2,3}|[=~<>]=|[-+*/%^#<>=(){}\[\];:,.])"
)
_FLIPPED = {
    "==": "~=",
    "~=": "==",
    "<": "<=",
    "<=": "<",
    ">": ">=",
    ">=": ">",
    "+": "-",
    "-": "+",
    "and": "or",
    "or": "and",
    "true": "false",
    "false": "true",
}
_OPENING, _CLOSING = "({[", ")}]"
_KEYWORDS = {"if", "elseif", "else", "end", "for", "while", "return", "local", "function", "break", "until"}
_STATEMENT = re.compile(
    r" *(?:redis\.call\(|local (?!function)|if |for |while |return\b|break\b|[a-z_]+[\w\[\]# +.]* = |[a-z_]+\()"
)

Token = re.Match[str]
Span = tuple[int, int]


def lua_mutants(file: str, source: str) -> Iterator[Mutant]:
    """Every mutant of a script or an include."""
    tokens = _tokens(source)
    statements = statement_lines(source)
    for start, end, replacement in _changes(source, tokens):
        yield Mutant(file, start, end, replacement, source, _reached_at(source, start, statements))


def statement_lines(source: str) -> set[int]:
    """The numbers of the lines that begin a statement, outside of all brackets: another may be put before it."""
    lines = source.splitlines()
    depth = 0
    depth_before: dict[int, int] = {}
    for token in _tokens(source):
        depth_before.setdefault(source.count("\n", 0, token.start()) + 1, depth)
        depth += (token.group() in _OPENING) - (token.group() in _CLOSING)
    return {number for number, depth in depth_before.items() if depth == 0 and _STATEMENT.match(lines[number - 1])}


def _tokens(source: str) -> list[Token]:
    return [token for token in _TOKEN.finditer(source) if token.lastgroup != "comment"]


def _changes(source: str, tokens: list[Token]) -> Iterator[tuple[int, int, str]]:
    for index, token in enumerate(tokens):
        for replacement in _instead(tokens, index):
            yield token.start(), token.end(), replacement
        if token.group() == "not":
            yield token.start(), tokens[index + 1].start(), ""
        if token.group() in ("if", "elseif", "while"):
            last = next(at for at in range(index, len(tokens)) if tokens[at].group() in ("then", "do"))
            for constant in ("false",) if token.group() == "while" else ("true", "false"):
                yield tokens[index + 1].start(), tokens[last - 1].end(), constant
        if token.group() in "({":
            yield from _list_changes(source, tokens, index)
        if _begins_line(source, token) and token.lastgroup == "name" and token.group() not in _KEYWORDS:
            yield token.start(), _statement_end(source, tokens, index), ""


def _instead(tokens: list[Token], index: int) -> Iterator[str]:
    text = tokens[index].group()
    if text in _FLIPPED:
        yield _FLIPPED[text]
    elif tokens[index].lastgroup == "number":
        yield str(int(text) + 1)
    elif tokens[index].lastgroup == "string" and not _is_command(tokens, index):
        yield '"mutated"'


def _is_command(tokens: list[Token], index: int) -> bool:
    return [token.group() for token in tokens[max(0, index - 4) : index]] == ["redis", ".", "call", "("]


def _list_changes(source: str, tokens: list[Token], index: int) -> Iterator[tuple[int, int, str]]:
    """Neighbours of a list or a call change places; an element goes, or a field with its value."""
    items = _items(tokens, index)
    texts = [source[start:end] for start, end in items]
    calls_server = _is_command(tokens, index + 1)
    is_set = tokens[index - 2].group() == "ipairs" or texts[:1] in (['"DEL"'], ['"HDEL"'])
    for at, (left, right) in enumerate(pairwise(items)):
        if (
            not is_set
            and texts[at] != texts[at + 1]
            and not (calls_server and at == 0)
            and _is_plain(texts[at])
            and _is_plain(texts[at + 1])
        ):
            yield left[0], right[1], source[right[0] : right[1]] + source[left[1] : right[0]] + texts[at]
    if calls_server and texts[0] == '"HSET"':
        for at in range(2, len(items) - 1, 2):
            if len(items) > 4:
                yield items[at - 1][1], items[at + 1][1], ""
    elif calls_server and texts[0] in ('"HDEL"', '"DEL"') and len(items) > 3 - (texts[0] == '"DEL"'):
        for at in range(2 if texts[0] == '"HDEL"' else 1, len(items)):
            yield items[at - 1][1], items[at][1], ""
    elif is_set and not calls_server:
        for at in range(1, len(items)):
            yield items[at - 1][1], items[at][1], ""


def _items(tokens: list[Token], index: int) -> list[Span]:
    """The spans of what stands between the commas of a bracket."""
    depth = 0
    items: list[Span] = []
    first: int | None = None
    for at in range(index + 1, len(tokens)):
        text = tokens[at].group()
        if depth == 0 and text in (*_CLOSING, ","):
            if first is not None:
                items.append((tokens[first].start(), tokens[at - 1].end()))
            first = None
            if text in _CLOSING:
                break
            continue
        first = at if first is None else first
        depth += (text in _OPENING) - (text in _CLOSING)
    return items


def _is_plain(text: str) -> bool:
    return re.fullmatch(r'"[^"]*"|[\w.]+(?:\[\d+\])?', text) is not None


def _begins_line(source: str, token: Token) -> bool:
    line = source.rfind("\n", 0, token.start()) + 1
    return not source[line : token.start()].strip() and _STATEMENT.match(source, line) is not None


def _statement_end(source: str, tokens: list[Token], index: int) -> int:
    """The end of the line at which all brackets of the statement are closed."""
    depth = 0
    for at in range(index, len(tokens)):
        token = tokens[at].group()
        depth += (token in _OPENING) - (token in _CLOSING)
        ends_line = at + 1 == len(tokens) or "\n" in source[tokens[at].end() : tokens[at + 1].start()]
        if depth == 0 and ends_line:
            return tokens[at].end()
    raise AssertionError("a bracket is not closed")


def _reached_at(source: str, place: int, statements: set[int]) -> int | None:
    """The line of the statement that a place belongs to: what begins a line and is indented no deeper."""
    lines = source[: source.find("\n", place)].splitlines()
    depth = _indentation(lines[-1])
    for number in range(len(lines), 0, -1):
        line = lines[number - 1]
        if line.strip() and not line.startswith("--") and _indentation(line) <= depth:
            if number in statements:
                return number
            depth = min(depth, _indentation(line))
    return None


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
