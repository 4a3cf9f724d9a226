"""Jackson's coercions; each case was put to jackson-databind 2.14 itself."""

import math

import pytest

from sarcoma_core.xnat.command.coercion import to_flag, to_python, to_real, to_text, to_whole
from sarcoma_core.xnat.command.json_text import Json, Members, Number, parse


def value(text: str) -> Json:
    return parse(text)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ('"a"', "a"),
        ("true", "true"),
        ("5", "5"),
        ("1.50", "1.50"),
        ("1e3", "1e3"),
        ('""', ""),
        ("null", None),
    ],
)
def test_every_scalar_becomes_a_text(given: str, text: str | None) -> None:
    assert to_text(value(given)) == text


@pytest.mark.parametrize(
    ("given", "flag"),
    [
        ("true", True),
        ("0", False),
        ("-0", False),
        ("5", True),
        ('"True"', True),
        ('" FALSE "', False),
        ('""', None),
        ('" "', None),
        ('"null"', None),
        ("null", None),
    ],
)
def test_flags_are_read_from_words_and_integers(given: str, *, flag: bool | None) -> None:
    assert to_flag(value(given)) is flag


@pytest.mark.parametrize(
    ("given", "whole"),
    [
        ("5", 5),
        ("1.9", 1),
        ("-1.9", -1),
        ("1e3", 1000),
        ('" 5 "', 5),
        ('"+5"', 5),
        ('"00012"', 12),
        ('"-9223372036854775808"', -(2**63)),
        ("9223372036854775808.0", 2**63 - 1),
        ('"\\u0661"', 1),
        ('""', None),
        ('"null"', None),
        ("null", None),
    ],
)
def test_whole_numbers(given: str, whole: int | None) -> None:
    assert to_whole(value(given)) == whole


@pytest.mark.parametrize(
    ("given", "real"),
    [
        ("5", 5.0),
        ("1e400", math.inf),
        ('"1e3"', 1000.0),
        ('"0x1p3"', 8.0),
        ('"5d"', 5.0),
        ('".5"', 0.5),
        ('"1."', 1.0),
        ('"-INF"', -math.inf),
        ('"+Infinity"', math.inf),
        ('" "', None),
        ("null", None),
    ],
)
def test_real_numbers(given: str, real: float | None) -> None:
    assert to_real(value(given)) == real


def test_not_a_number_is_a_real() -> None:
    real = to_real("NaN")
    assert real is not None
    assert math.isnan(real)


@pytest.mark.parametrize(
    ("read", "given", "reason"),
    [
        (to_text, "[]", "expected a text, found a list"),
        (to_text, "{}", "expected a text, found an object"),
        (to_flag, '"yes"', 'expected true or false, found the text "yes"'),
        (to_flag, '"1"', "expected true or false"),
        (to_flag, "1.0", "found the number 1.0"),
        (to_whole, '"1e3"', "expected an integer"),
        (to_whole, '"5.0"', "expected an integer"),
        (to_whole, "true", "expected an integer of at most 64 bits, found true"),
        (to_whole, "9223372036854775808", "64 bits"),
        (to_whole, "1e19", "64 bits"),
        (to_whole, "1e400", "64 bits"),
        (to_real, '"0x10"', "expected a number"),
        (to_real, '"1_000"', "expected a number"),
        (to_real, "false", "expected a number, found false"),
        (to_real, "[]", "expected a number, found a list"),
    ],
)
def test_what_cannot_be_coerced_is_told_in_plain_words(read: object, given: str, reason: str) -> None:
    assert callable(read)
    with pytest.raises(ValueError, match=reason):
        read(value(given))


def test_a_long_text_is_cut_in_the_error() -> None:
    with pytest.raises(ValueError, match=r'the text "x{40}…"'):
        to_flag("x" * 100)


def test_a_tree_becomes_plain_python() -> None:
    tree = Members((("a", [Number("1"), Number("1.5"), None]), ("b", "c")))
    assert to_python(tree) == {"a": [1, 1.5, None], "b": "c"}
