"""How XNAT's Jackson turns one JSON scalar into a text, a flag or a number.

Each function takes a JSON value and returns the bound value, None for null; a ValueError says in plain words
what was expected and what was found.

Source: jackson-databind `StringDeserializer`, `NumberDeserializers`, `StdDeserializer._parseBoolean`, with
ALLOW_COERCION_OF_SCALARS and ACCEPT_FLOAT_AS_INT on (the defaults); `java.lang.Long.parseLong` and
`java.lang.Double.parseDouble`.
"""

import math
import re

from sarcoma_core.xnat.command.java import trim
from sarcoma_core.xnat.command.json_text import Json, Members, Number

_LONG_MIN, _LONG_MAX = -(2**63), 2**63 - 1
_LONG = re.compile(r"[+-]?\d+")
_LONG_DIGITS = 5000
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[fFdD]?")
_HEXADECIMAL = re.compile(r"[+-]?0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][+-]?[0-9]+[fFdD]?")
_NOT_A_DIGIT = {"NaN": math.nan, "Infinity": math.inf, "INF": math.inf, "-INF": -math.inf}
_SHOWN = 40


def named(value: Json) -> str:
    """A value in words, for an error: its kind, and itself where it is short."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case Number(text):
            return f"the number {text[:_SHOWN]}"
        case str():
            return f'the text "{value if len(value) <= _SHOWN else value[:_SHOWN] + "…"}"'
        case Members():
            return "an object"
        case _:
            return "a list"


def to_text(value: Json) -> str | None:
    """A text; numbers as they were written, true and false as words.

    Raises:
        ValueError: the value is none, in words.
    """
    text = to_text_or_none(value)
    if text is None and value is not None:
        raise ValueError(_unlike("a text", value))
    return text


def to_text_or_none(value: Json) -> str | None:
    """A text where the value is a scalar, else None."""
    match value:
        case bool():
            return "true" if value else "false"
        case Number(text):
            return text
        case str():
            return value
        case _:
            return None


def to_flag(value: Json) -> bool | None:
    """A flag: true, false, an integer (0 is false), or one of their three spellings as a text.

    Raises:
        ValueError: the value is none, in words.
    """
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, Number) and value.is_integer:
        return value.text.strip("-0") != ""
    if isinstance(value, str):
        word = trim(value)
        if word in {"true", "True", "TRUE"}:
            return True
        if word in {"false", "False", "FALSE"}:
            return False
        if word in {"", "null"}:
            return None
    raise ValueError(_unlike("true or false", value))


def to_whole(value: Json) -> int | None:
    """A 64-bit integer; a fraction is cut off, a text has to be an integer.

    Raises:
        ValueError: the value is none, in words.
    """
    if value is None:
        return None
    if isinstance(value, Number):
        whole = _int(value.text) if value.is_integer else _cut(float(value.text))
    elif isinstance(value, str):
        word = trim(value)
        if word in {"", "null"}:
            return None
        whole = _int(word) if _LONG.fullmatch(word) else None
    else:
        whole = None
    if whole is None or not _LONG_MIN <= whole <= _LONG_MAX:
        raise ValueError(_unlike("an integer of at most 64 bits", value))
    return whole


def to_real(value: Json) -> float | None:
    """A double-precision number, or a text that Java reads as one.

    Raises:
        ValueError: the value is none, in words.
    """
    if value is None:
        return None
    if isinstance(value, Number):
        return float(value.text)
    if isinstance(value, str):
        word = trim(value)
        if word in {"", "null"}:
            return None
        real = _real(value, word)
        if real is not None:
            return real
    raise ValueError(_unlike("a number", value))


def to_python(value: Json) -> object:
    """The plain Python value, as `json.loads` gives it."""
    match value:
        case Members(pairs):
            return {key: to_python(member) for key, member in pairs}
        case list():
            return [to_python(item) for item in value]
        case Number(text):
            return int(text) if value.is_integer and len(text) < _LONG_DIGITS else float(text)
        case _:
            return value


def _int(text: str) -> int | None:
    return int(text) if len(text.lstrip("+-0")) <= len(str(_LONG_MAX)) else None


def _cut(real: float) -> int | None:
    """The whole part; 2^63 itself saturates, because as a double it is the largest long."""
    return None if math.isinf(real) else min(int(real), _LONG_MAX) if real <= 2.0**63 else None


def _real(text: str, word: str) -> float | None:
    if text in _NOT_A_DIGIT:
        return _NOT_A_DIGIT[text]
    if word.lstrip("+-") in {"NaN", "Infinity"} and len(word) - len(word.lstrip("+-")) <= 1:
        return float(word)
    if _HEXADECIMAL.fullmatch(word):
        return float.fromhex(word.rstrip("fFdD"))
    return float(word.rstrip("fFdD")) if _DECIMAL.fullmatch(word) else None


def _unlike(expected: str, json: Json) -> str:
    return f"expected {expected}, found {named(json)}"
