"""Numbers, limits and p values as the page writes them."""

import math

import pytest

from sarcoma_core.errors import InputError
from sarcoma_core.report.measures import (
    NOT_ESTIMATED,
    WithLimits,
    fixed,
    limits_text,
    listed,
    measure_text,
    p_equation,
    p_text,
    percent,
    percent_span,
    percent_text,
    whole_percent,
)


@pytest.mark.parametrize(
    ("value", "decimals", "told"),
    [
        (0.7071, 3, "0.707"),
        (0.70751, 3, "0.708"),
        (12345.0, 0, "12\u202f345"),
        (-0.5, 1, "\u22120.5"),
        (-0.0004, 3, "0.000"),
        (0, 0, "0"),
        (None, 3, NOT_ESTIMATED),
        (math.nan, 3, NOT_ESTIMATED),
    ],
)
def test_a_number_has_its_decimals_a_true_minus_and_narrow_blanks(
    value: float | None, decimals: int, told: str
) -> None:
    assert fixed(value, decimals) == told


def test_a_difference_has_a_sign_unless_it_is_nothing() -> None:
    assert [fixed(x, 3, sign=True) for x in (0.012, -0.012, 0.0, 0.0004, -0.0004)] == [
        "+0.012",
        "\u22120.012",
        "0.000",
        "0.000",
        "0.000",
    ]


def test_what_has_no_end_is_told_in_words() -> None:
    assert fixed(math.inf, 1, endless="not reached") == "not reached"
    median = WithLimits(31.04, 24.0, math.inf)
    assert measure_text(median, 1, endless="not reached") == "31.0 (24.0 to not reached)"


def test_a_measure_has_its_limits_where_there_are_some() -> None:
    assert measure_text(WithLimits(0.7, 0.6, 0.8), 2) == "0.70 (0.60 to 0.80)"
    assert measure_text(WithLimits(0.7), 2) == "0.70"
    assert measure_text(None, 2) == NOT_ESTIMATED
    assert limits_text(WithLimits(0.0, -0.1, 0.1), 1, sign=True) == "\u22120.1 to +0.1"
    assert (limits_text(None, 1), limits_text(WithLimits(0.7), 1)) == ("", "")


def test_a_part_is_told_in_percent() -> None:
    assert percent(0.71) == "71.0\u00a0%"
    assert percent_text(WithLimits(0.71, 0.612, 0.79)) == "71.0\u00a0% (61.2 to 79.0)"
    assert percent_text(WithLimits(1.0, math.nan, math.nan)) == "100.0\u00a0%"
    assert (percent_text(None), percent_text(WithLimits(math.nan))) == (NOT_ESTIMATED, NOT_ESTIMATED)


@pytest.mark.parametrize(
    ("part", "told"),
    [
        (0.0, "0"),
        (0.0045, "< 1"),
        (0.0055, "1"),
        (0.314, "31"),
        (0.316, "32"),
        (0.9945, "99"),
        (0.9955, "> 99"),
        (1.0, "100"),
    ],
)
def test_a_chance_is_told_in_whole_percent_and_never_as_sure(part: float, told: str) -> None:
    assert whole_percent(part).replace("\u00a0", " ") == f"{told} %"
    assert percent_span(part, 1.0).replace("\u00a0", " ") == f"{told} to 100 %"


@pytest.mark.parametrize(
    ("p", "told", "equation"),
    [
        (0.0123, "0.012", "p = 0.012"),
        (0.001, "0.001", "p = 0.001"),
        (0.00099, "< 0.001", "p < 0.001"),
        (0.0, "< 0.001", "p < 0.001"),
        (1.0, "1.000", "p = 1.000"),
        (None, NOT_ESTIMATED, f"p {NOT_ESTIMATED}"),
    ],
)
def test_a_p_value_has_three_decimals_and_is_never_nothing(p: float | None, told: str, equation: str) -> None:
    assert (p_text(p), p_equation(p)) == (told, equation)


@pytest.mark.parametrize("limits", [(0.1, None), (None, 0.1), (0.2, 0.1)])
def test_limits_come_in_pairs_and_in_order(limits: tuple[float | None, float | None]) -> None:
    with pytest.raises(InputError, match="lower"):
        WithLimits(0.15, *limits)


def test_words_are_listed() -> None:
    assert [listed(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
