"""Calibration plots have equal axes, and points where the numbers are."""

import math
import re
from dataclasses import replace

import pytest

from sarcoma_core.errors import InputError
from sarcoma_core.report.calibration_plot import CalibrationFacts, CalibrationGroup, calibration_plot
from sarcoma_core.report.line_plot import BOTTOM, LEFT, REFERENCE, RIGHT, SQUARE, TOP, WIDTH
from sarcoma_core.report.measures import WithLimits

FACTS = CalibrationFacts(
    ((0.1, 0.15), (0.4, 0.35)),
    (
        CalibrationGroup(0.2, WithLimits(0.2, 0.1, 0.35), 30),
        CalibrationGroup(0.4, WithLimits(0.3, 0.2, 0.5), 31),
    ),
    0.031,
    0.027,
    0.066,
    61,
    18,
)


def test_both_axes_have_the_same_scale_and_end_above_the_largest_limit() -> None:
    plot = calibration_plot("Cox", "36 months", FACTS)
    frame = plot.frame
    assert plot.across == plot.upwards
    assert (frame.left, frame.low) == (0.0, 0.0)
    assert frame.right == frame.high == pytest.approx(0.525)
    assert (frame.x(0.2) - LEFT) / (WIDTH - LEFT - RIGHT) == pytest.approx(0.2 / 0.525, abs=1e-3)
    across, upwards = frame.x(0.3) - frame.x(0.2), frame.y(0.2) - frame.y(0.3)
    assert across == pytest.approx(upwards, rel=0.01)
    assert pytest.approx(SQUARE - TOP - BOTTOM, rel=0.01) == WIDTH - LEFT - RIGHT


def test_a_group_that_is_predicted_right_lies_on_the_diagonal() -> None:
    plot = calibration_plot("Cox", "36 months", FACTS)
    [diagonal] = [line for line in plot.lines if line.kind == REFERENCE]
    (x0, y0), (x1, y1) = [map(float, pair) for pair in re.findall(r"([\d.]+) ([\d.]+)", diagonal.path)]
    right, wrong = plot.points
    for point, on in ((right, True), (wrong, False)):
        expected = y0 + (y1 - y0) * (point.x - x0) / (x1 - x0)
        assert (abs(point.y - expected) < 0.5) is on
        assert point.high < point.y < point.low  # upwards is smaller
    assert right.title == "30 patients: predicted 20.0\u00a0%, observed 20.0\u00a0% (10.0 to 35.0)"


def test_it_tells_patients_events_and_distances() -> None:
    plot = calibration_plot("Cox", "36 months", FACTS)
    assert plot.told == "61 patients, 18 events; ICI 0.031, E50 0.027, E90 0.066"
    told = plot.alt.replace("\u00a0", " ")
    assert "Predicted and observed by group: 20.0 % and 20.0 %, 40.0 % and 30.0 %." in told
    assert plot.points_name


def test_axes_end_at_certainty() -> None:
    certain = replace(FACTS, curve=((0.5, 0.5), (0.99, 1.0)))
    assert calibration_plot("Cox", "36 months", certain).frame.right == 1.0


def test_without_groups_there_is_the_curve_alone() -> None:
    plot = calibration_plot("Cox", "36 months", replace(FACTS, groups=()))
    assert (plot.points, plot.points_name) == ((), "")
    assert plot.alt.endswith("E90 0.066.")


@pytest.mark.parametrize("limits", [(None, None), (math.nan, math.nan)])
def test_a_group_without_limits_is_a_point(limits: tuple[float | None, float | None]) -> None:
    """Nobody of it had the event, of which Greenwood's variance says nothing."""
    group = CalibrationGroup(0.1, WithLimits(0.0, *limits), 12)
    [point] = calibration_plot("Cox", "36 months", replace(FACTS, groups=(group,))).points
    assert point.low == point.y == point.high
    assert point.title.endswith("observed 0.0\u00a0%")


@pytest.mark.parametrize(("predicted", "observed"), [(1.1, 0.5), (-0.1, 0.5), (0.5, 1.1), (0.5, math.nan)])
def test_a_risk_is_0_to_1(predicted: float, observed: float) -> None:
    with pytest.raises(InputError, match="must be 0 to 1"):
        CalibrationGroup(predicted, WithLimits(observed), 12)


@pytest.mark.parametrize("curve", [(), ((0.1, 0.1),), ((0.2, 0.1), (0.1, 0.2))])
def test_a_curve_is_a_line_in_order(curve: tuple[tuple[float, float], ...]) -> None:
    with pytest.raises(InputError, match="curve"):
        replace(FACTS, curve=curve)
