"""Every constant of a module a tenth smaller and a tenth larger, read off its source.

What counts: numbers in the value of a module's constant, in defaults, in comparisons, and beside `*` and `/`.
What does not: indices, axes, shapes and other arguments of calls, and exponents and sums, which are formulas.
"""

import ast
import re
from collections.abc import Iterator
from typing import TypeGuard

from tools.mutants.mutant import Mutant, by_place

_SMALLEST_TENTH = 10
"""A tenth of a whole number under ten rounds to nothing: it is changed by one instead."""
_CONSTANT = re.compile(r"_?[A-Z][A-Z0-9_]*")


def constants(source: str) -> list[Mutant]:
    """The mutants, two for each constant, in the order of the source."""
    lines = source.splitlines(keepends=True)
    starts = [sum(map(len, lines[:i])) for i in range(len(lines))]
    numbers: dict[tuple[int, int], float] = {}
    for node in _numbers(ast.parse(source)):
        start = starts[node.lineno - 1] + _characters(lines[node.lineno - 1], node.col_offset)
        end = starts[node.lineno - 1] + _characters(lines[node.lineno - 1], node.end_col_offset or 0)
        if isinstance(node.value, int | float):
            numbers[start, end] = node.value
    return [
        by_place(source, place, new)
        for place in sorted(numbers)
        for new in a_tenth_either_way(numbers[place])
    ]


def a_tenth_either_way(value: float) -> tuple[str, str]:
    """The texts of 0.9 and 1.1 times a number; of a small whole number, of its neighbours."""
    if not isinstance(value, int):
        return f"{0.9 * value:.12g}", f"{1.1 * value:.12g}"
    if value < _SMALLEST_TENTH:
        return str(value - 1), str(value + 1)
    return str(round(0.9 * value)), str(round(1.1 * value))


def _numbers(tree: ast.Module) -> Iterator[ast.Constant]:
    for statement in tree.body:
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value:
            target = statement.target if isinstance(statement, ast.AnnAssign) else statement.targets[0]
            if isinstance(target, ast.Name) and _CONSTANT.fullmatch(target.id):
                yield from _within(statement.value)
    for node in ast.walk(tree):
        if isinstance(node, ast.arguments):
            for default in (*node.defaults, *filter(None, node.kw_defaults)):
                yield from _within(default)
        elif isinstance(node, ast.Compare):
            for side in (node.left, *node.comparators):
                yield from _within(side)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div):
            yield from (side for side in (node.left, node.right) if _is_number(side))


def _within(node: ast.expr) -> Iterator[ast.Constant]:
    """The numbers of an expression, those in calls and subscripts left out."""
    if _is_number(node):
        yield node
    elif isinstance(node, ast.Tuple):
        for item in node.elts:
            yield from _within(item)
    elif isinstance(node, ast.BinOp):
        yield from _within(node.left)
        yield from _within(node.right)
    elif isinstance(node, ast.UnaryOp):
        yield from _within(node.operand)


def _is_number(node: ast.expr) -> TypeGuard[ast.Constant]:
    return isinstance(node, ast.Constant) and type(node.value) in (int, float)


def _characters(line: str, size: int) -> int:
    """Ast counts bytes."""
    return len(line.encode()[:size].decode())
