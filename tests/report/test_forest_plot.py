"""Forest plots: a logarithmic axis that fits what is drawn, and arrows where a limit goes beyond it."""

import math

import pytest

from sarcoma_core.errors import InputError
from sarcoma_core.report.forest_plot import MARGIN, WIDTH, Coefficient, forest_plot
from sarcoma_core.report.measures import WithLimits


def ratio(value: float, lower: float | None = None, upper: float | None = None) -> Coefficient:
    return Coefficient("Age", WithLimits(value, lower, upper))


def test_halves_are_as_far_from_one_as_doubles() -> None:
    plot = forest_plot([ratio(2.0), ratio(0.5), ratio(1.0)])
    double, half, same = (strip.at for strip in plot.strips)
    assert plot.one == same == WIDTH / 2
    assert (double, half) == (WIDTH - MARGIN, MARGIN)
    assert [tick.text for tick in plot.ticks] == ["0.5", "1", "2"]
    assert [plot.x_of(tick) for tick in plot.ticks] == [MARGIN, WIDTH / 2, WIDTH - MARGIN]


@pytest.mark.parametrize(
    ("lower", "upper", "ticks"),
    [
        (1.1, 1.9, ["0.5", "1", "2"]),
        (0.25, 16.0, ["0.25", "0.5", "1", "2", "4", "8", "16"]),
        (0.24, 16.0, ["0.25", "1", "4", "16"]),
        (0.25, 16.1, ["0.25", "1", "4", "16"]),
        (0.5, 512.0, ["1", "4", "16", "64", "256"]),
        (0.5, 513.0, ["0.1", "1", "10", "100"]),
        (0.009, 1.4, ["0.0156", "0.0625", "0.25", "1"]),
    ],
)
def test_the_axis_goes_from_the_doubling_below_to_that_above_and_by_tens_where_it_is_long(
    lower: float, upper: float, ticks: list[str]
) -> None:
    assert [tick.text for tick in forest_plot([ratio(1.2, lower, upper)]).ticks] == ticks


def test_one_lies_where_its_tick_is_on_an_axis_that_is_longer_above_it() -> None:
    """From 1/4 to 16 are six doublings, of which two are below 1."""
    plot = forest_plot([ratio(2.0, 0.25, 16.0)])
    [strip] = plot.strips
    assert plot.one == pytest.approx(MARGIN + (WIDTH - 2 * MARGIN) / 3, abs=0.05)
    assert plot.x_of(plot.ticks[2]) == plot.one
    assert (strip.low, strip.high) == (MARGIN, WIDTH - MARGIN)


@pytest.mark.parametrize(
    ("lower", "upper", "below", "above"),
    [
        (0.01, 100.0, False, False),
        (0.0099, 100.0, True, False),
        (0.01, 101.0, False, True),
        (0.5, math.inf, False, True),
    ],
)
def test_a_limit_beyond_the_axis_ends_at_it_with_an_arrow(
    lower: float, upper: float, *, below: bool, above: bool
) -> None:
    [strip] = forest_plot([ratio(1.0, lower, upper)]).strips
    assert (strip.below, strip.above) == (below, above)
    assert MARGIN <= strip.low < strip.at < strip.high <= WIDTH - MARGIN
    assert ("l-6 4l6 4" in strip.path, "l6 4l-6 4" in strip.path) == (below, above)


def test_a_strip_says_what_it_shows() -> None:
    [strip] = forest_plot([ratio(1.25, 1.08, 1.44)]).strips
    assert strip.alt == "Age: hazard ratio 1.25 (1.08 to 1.44)"


@pytest.mark.parametrize(
    "values", [(0.0, None, None), (math.inf, None, None), (1.0, 0.0, 2.0), (-1.0, -2.0, 1.0)]
)
def test_a_hazard_ratio_is_above_0(values: tuple[float, float | None, float | None]) -> None:
    with pytest.raises(InputError, match="hazard_ratio"):
        ratio(*values)
