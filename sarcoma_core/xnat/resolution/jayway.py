"""What Jayway's comparison operators mean: `==`, `!=`, `<`, `<=`, `>`, `>=`, `in`, `contains`, `=~`.

They differ from RFC 9535 and from Python: a text equals the number that it spells, a missing value equals
nothing, and `=~` has to match the whole text, takes a missing value for an empty text and a list for "any".

Source: json-path 2.x, ``EvaluatorFactory`` and ``ValueNodes``.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import TypeAlias

from pydantic import JsonValue


class Missing(Enum):
    """The type of `MISSING`."""

    MISSING = "missing"


MISSING = Missing.MISSING
"""What a path that leads nowhere evaluates to."""

Operand: TypeAlias = JsonValue | re.Pattern[str] | Missing


class UndecidedError(ValueError):
    """The comparison cannot be told here; names what cannot."""


def _equal(left: Operand, right: Operand) -> bool:
    """Java's `equals` of two nodes, asked of the left one."""
    match left, right:
        case (bool(), _) | (_, bool()):
            return left is right
        case str(), int() | float():
            return left == str(right)
        case int() | float(), str():
            return _number(right) == Decimal(str(left))
        case (Missing() | re.Pattern(), _) | (_, Missing() | re.Pattern()):
            return False
    return left == right


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _ordered(holds: Callable[[int], bool]) -> Callable[[Operand, Operand], bool]:
    """A comparison by order, `holds` being asked of -1, 0 or 1; values without an order never compare."""

    def compare(left: Operand, right: Operand) -> bool:
        match left, right:
            case (bool(), _) | (_, bool()):
                return False
            case str(), str():
                return holds((left > right) - (left < right))
            case int() | float(), int() | float():
                return holds((left > right) - (left < right))
            case (str(), int() | float()) | (int() | float(), str()):
                raise UndecidedError("the order of a text and a number (the releases of json-path differ)")
        return False

    return compare


def _in(left: Operand, right: Operand) -> bool:
    if isinstance(right, dict):
        return False
    if isinstance(right, list):
        return any(_equal(left, item) for item in right)
    raise UndecidedError("the right side of `in`, which is no list here (the server stumbles over it)")


def _contains(left: Operand, right: Operand) -> bool:
    if isinstance(left, list):
        return any(_equal(right, item) for item in left)
    return isinstance(left, str) and isinstance(right, str) and right in left


def _matches(left: Operand, right: Operand) -> bool:
    pattern, subject = (left, right) if isinstance(left, re.Pattern) else (right, left)
    if not isinstance(pattern, re.Pattern) or isinstance(subject, re.Pattern):
        return False
    texts = subject if isinstance(subject, list) else [subject]
    return any(pattern.fullmatch(_text(text)) for text in texts)


def _text(value: Operand) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else ""


COMPARISONS: Mapping[str, Callable[[Operand, Operand], bool]] = {
    "==": _equal,
    "!=": lambda left, right: not _equal(left, right),
    "<": _ordered(lambda order: order < 0),
    "<=": _ordered(lambda order: order <= 0),
    ">": _ordered(lambda order: order > 0),
    ">=": _ordered(lambda order: order >= 0),
    "in": _in,
    "contains": _contains,
    "=~": _matches,
}
"""Each operator asked of two operands; raises `UndecidedError`."""
