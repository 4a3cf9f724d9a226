"""Strips of C and of differences: one linear axis, tenths at its ends, and the line a tenth from either."""

import pytest

from sarcoma_core.report.measures import WithLimits
from sarcoma_core.report.model_comparison_strips import MARGIN, WIDTH, ComparisonAxis


def axis(*found: WithLimits | None, line: float = 0.5) -> ComparisonAxis:
    return ComparisonAxis.of("C", line, found)


@pytest.mark.parametrize(
    ("lower", "upper", "ends"),
    [
        (0.52, 0.58, (0.4, 0.6)),
        (0.40, 0.60, (0.4, 0.6)),
        (0.399, 0.60, (0.3, 0.6)),
        (0.40, 0.601, (0.4, 0.7)),
        (0.11, 0.98, (0.1, 1.0)),
    ],
)
def test_an_axis_ends_at_the_tenths_beyond_all_limits(
    lower: float, upper: float, ends: tuple[float, float]
) -> None:
    found = axis(WithLimits(0.55, lower, upper), None)
    assert (found.low, found.high) == pytest.approx(ends)


def test_without_a_number_the_line_has_a_tenth_on_either_side() -> None:
    assert (axis().low, axis().high) == pytest.approx((0.4, 0.6))
    zero = axis(line=0.0)
    assert (zero.low, zero.high, zero.middle) == pytest.approx((-0.1, 0.1, WIDTH / 2))


def test_equal_steps_are_equally_far() -> None:
    found = axis(WithLimits(0.7, 0.45, 0.79))
    assert (found.low, found.high) == pytest.approx((0.4, 0.8))
    places = [found.place(value) for value in (0.4, 0.5, 0.6, 0.8)]
    wide = WIDTH - 2 * MARGIN
    expected = [MARGIN, MARGIN + wide / 4, MARGIN + wide / 2, WIDTH - MARGIN]
    assert places == pytest.approx(expected, abs=0.06)
    assert found.middle == places[1]
    ticked = {tick.text: found.x_of(tick) for tick in found.ticks}
    assert ticked["0.5"] == pytest.approx(places[1], abs=0.06)


def test_a_strip_goes_from_limit_to_limit_and_says_so() -> None:
    found = axis(WithLimits(0.7, 0.45, 0.79)).strip("A model", WithLimits(0.7, 0.45, 0.79))
    assert found is not None
    assert found.low < found.value < found.high
    assert found.alt == "A model, C: 0.700 (0.450 to 0.790)"
    assert axis().strip("A model", None) is None


def test_a_value_without_limits_is_a_point_and_one_beside_its_limits_lies_on_the_line_too() -> None:
    alone = axis(WithLimits(0.55)).strip("A", WithLimits(0.55))
    assert alone is not None
    assert alone.low == alone.value == alone.high
    beside = WithLimits(0.44, 0.45, 0.55)
    found = axis(beside).strip("A", beside)
    assert found is not None
    assert found.low == found.value < found.high
