"""Matchers: Jayway JSONPath predicates such as `'DICOM' in @.resources[*].label`, as the server means them.

The text is parsed by python-jsonpath; what its operators mean stands in `xnat.resolution.jayway`. A path
with a wildcard is a list even when it holds one value; a path that leads nowhere is a missing value.

What cannot be told here (`size`, `nin`, `anyof`, functions, nested filters, a regular expression of Java's
own) raises `NotEvaluatedError`: it is never taken for "no match".

Source: json-path 2.x, README "Filter Operators", ``FilterCompiler``, ``PropertyPathToken``.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from jsonpath import JSONPath, JSONPathEnvironment, JSONPathError, Lexer
from jsonpath import filter as parsed
from jsonpath.segments import JSONPathChildSegment
from jsonpath.selectors import Filter, IndexSelector, JSONPathSelector, NameSelector, WildcardSelector
from pydantic import JsonValue

from sarcoma_core.xnat.resolution.jayway import COMPARISONS, MISSING, Missing, Operand, UndecidedError
from sarcoma_core.xnat.resolution.objects import XnatObject
from sarcoma_core.xnat.resolution.refusals import NotEvaluatedError


class _JaywayLexer(Lexer):
    """Jayway knows the signs only, not the words `and`, `or`, `not`."""

    logical_and_pattern = "&&"
    logical_or_pattern = r"\|\|"
    logical_not_pattern = "!"


class _Environment(JSONPathEnvironment):
    lexer_class = _JaywayLexer


_ENVIRONMENT = _Environment(well_typed=False)


class _MatchContext(NamedTuple):
    """What a predicate is asked about: `@` and `$`."""

    item: XnatObject
    root: XnatObject


def matching(candidates: Sequence[XnatObject], matcher: str, *, root: XnatObject) -> tuple[XnatObject, ...]:
    """The candidates that a matcher holds for, in their order.

    Args:
        candidates: objects of one list of `root`, or `root` itself.
        matcher: a Jayway predicate, every replacement key replaced; `@` is a candidate, `$` is `root`.
        root: the object that the server searches in.

    Raises:
        NotEvaluatedError: the matcher needs an operator that is not evaluated here, or the server would
            stumble over it.
    """
    expression = _parse(matcher)
    return tuple(c for c in candidates if _holds(expression, _MatchContext(c, root)))


def property_text(item: XnatObject, path: str) -> str | None:
    """A property of an object as the text that an input takes from it; None where there is none.

    Args:
        item: the object.
        path: a key of its JSON, or a path below it, e.g. `label`.

    Raises:
        NotEvaluatedError: the path is none that can be followed here.
    """
    try:
        compiled = _ENVIRONMENT.compile(f"$.{path}")
    except JSONPathError:
        raise _refuse("its syntax") from None
    property_value = _value_at(compiled, item)
    if isinstance(property_value, bool):
        return str(property_value).lower()
    return str(property_value) if isinstance(property_value, str | int | float) else None


def _parse(matcher: str) -> parsed.BaseExpression:
    try:
        path = _ENVIRONMENT.compile(f"$[?({matcher})]")
    except (JSONPathError, re.error):
        raise _refuse("its syntax, or one of its operators,") from None
    match path:
        case JSONPath(segments=(JSONPathChildSegment(selectors=(Filter(expression=whole),)),)):
            return whole.expression
    raise _refuse("its syntax")


def _refuse(part: str) -> NotEvaluatedError:
    """The matcher itself stays out: a replaced key may have put a patient's value into it."""
    return NotEvaluatedError(
        f"matcher: must be one that can be evaluated offline; {part} cannot.",
        hint="Use ==, !=, <, <=, >, >=, =~, in, contains, &&, || and !, or try the launch on the server.",
    )


def _holds(expression: parsed.BaseExpression, place: _MatchContext) -> bool:
    """Whether the predicate is true."""
    match expression:
        case parsed.InfixExpression(operator="&&", left=left, right=right):
            return _holds(left, place) and _holds(right, place)
        case parsed.InfixExpression(operator="||", left=left, right=right):
            return _holds(left, place) or _holds(right, place)
        case parsed.InfixExpression(operator=sign, left=left, right=right) if sign in COMPARISONS:
            return _compare(sign, _operand(left, place), _operand(right, place))
        case parsed.PrefixExpression(right=inner):
            return not _holds(inner, place)
        case parsed.RelativeFilterQuery() | parsed.RootFilterQuery():
            return _exists(expression, place)
    raise _refuse("a function, or a value on its own,")


def _compare(sign: str, left: Operand, right: Operand) -> bool:
    try:
        return COMPARISONS[sign](left, right)
    except UndecidedError as error:
        raise _refuse(str(error)) from None


def _operand(expression: parsed.BaseExpression, place: _MatchContext) -> Operand:
    match expression:
        case parsed.RelativeFilterQuery(path=path):
            return _value_at(path, place.item)
        case parsed.RootFilterQuery(path=path):
            return _value_at(path, place.root)
        case parsed.ListLiteral(items=items):
            return [_json(item, place) for item in items]
        case parsed.Nil():
            return None
        case parsed.FilterExpressionLiteral(value=value):
            return _literal(value)
    raise _refuse("a function")


def _literal(value: object) -> Operand:
    if isinstance(value, re.Pattern):
        # Java's character classes and its case folding are ASCII unless a flag says otherwise.
        return re.compile(value.pattern, value.flags & ~re.UNICODE | re.ASCII)
    return value if isinstance(value, bool | str | int | float) else MISSING


def _json(expression: parsed.BaseExpression, place: _MatchContext) -> JsonValue:
    operand = _operand(expression, place)
    if isinstance(operand, re.Pattern | Missing):
        raise _refuse("its list")
    return operand


def _exists(query: parsed.FilterQuery, place: _MatchContext) -> bool:
    if not query.path.singular_query():
        raise _refuse("the existence of what a wildcard finds (an empty list exists)")
    item = place.item if isinstance(query, parsed.RelativeFilterQuery) else place.root
    return _value_at(query.path, item) is not MISSING


_Value = JsonValue | XnatObject | tuple[XnatObject, ...]
"""What a path leads through: an object's lists are read only where it goes there."""


def _value_at(path: object, item: XnatObject) -> "JsonValue | Missing":
    """What a path leads to: one value, or behind a wildcard the list of all that is found."""
    if not isinstance(path, JSONPath):
        raise _refuse("a union of paths")
    nodes: list[_Value] = [item]
    definite = True
    for segment in path.segments:
        if not isinstance(segment, JSONPathChildSegment) or len(segment.selectors) != 1:
            raise _refuse("a path with more than keys, indices and *,")
        selector = segment.selectors[0]
        definite = definite and not isinstance(selector, WildcardSelector)
        nodes = [child for value in nodes for child in _below(value, selector)]
        if definite and not nodes:
            return MISSING
    values = [_as_json(value) for value in nodes]
    return values[0] if definite else values


def _as_json(value: _Value) -> JsonValue:
    match value:
        case XnatObject():
            return value.json
        case tuple():
            return [each.json for each in value]
        case _:
            return value


def _below(value: _Value, selector: JSONPathSelector) -> Sequence[_Value]:
    match selector, value:
        case NameSelector(name=name), XnatObject():
            return value.at(name)
        case NameSelector(name=name), dict():
            return [value[name]] if name in value else []
        case IndexSelector(index=index), list() | tuple():
            return value[index : index + 1 or None]
        case WildcardSelector(), XnatObject() | dict() | list() | tuple():
            members = value.json if isinstance(value, XnatObject) else value
            return list(members.values()) if isinstance(members, dict) else members
        case NameSelector() | IndexSelector() | WildcardSelector(), _:
            return []
    raise _refuse("a path with more than keys, indices and *,")
