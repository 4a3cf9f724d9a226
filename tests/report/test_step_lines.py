"""Step functions of time as paths: places and turns worked out by hand."""

import re

import numpy as np
import pytest

from sarcoma_core.errors import InputError
from sarcoma_core.report.line_plot import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH
from sarcoma_core.report.step_lines import (
    DAYS,
    TimeAxis,
    Timeline,
    TimeUnit,
    band_path,
    censored_path,
    duration,
    step_path,
    time_ticks,
)
from sarcoma_core.survival.follow_up import FollowUp
from sarcoma_core.survival.kaplan_meier import KaplanMeier, kaplan_meier

MONTH = DAYS["months"]
MIDDLE = (LEFT + WIDTH - RIGHT) / 2
END = float(WIDTH - RIGHT)
FULL, HALF, NONE = float(TOP), (TOP + HEIGHT - BOTTOM) / 2, float(HEIGHT - BOTTOM)


def estimated(months: list[float], events: list[int]) -> KaplanMeier:
    return kaplan_meier(FollowUp.of([MONTH * one for one in months], events))


def corners(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"([\d.]+) ([\d.]+)", path)]


def test_of_two_patients_one_dies_halfway_and_the_curve_falls_there_to_a_half() -> None:
    found = estimated([6, 12], [1, 0])
    axis = TimeAxis.to(12 * MONTH, "months")
    path = step_path(axis, found.table.times, found.survival, 1.0)
    assert path == f"M{float(LEFT)} {FULL}H{MIDDLE}V{HALF}H{END}"


def test_a_curve_turns_at_events_alone_and_ends_with_its_own_last_follow_up() -> None:
    found = estimated([2, 3, 6, 6.5], [0, 0, 1, 0])
    axis = TimeAxis.to(13 * MONTH, "months")
    path = step_path(axis, found.table.times, found.survival, 1.0)
    assert path.count("V") == 1
    assert path.endswith(f"H{MIDDLE}")


def test_incidence_begins_at_nothing() -> None:
    axis = TimeAxis.to(12 * MONTH, "months")
    path = step_path(axis, np.array([6 * MONTH, 12 * MONTH]), np.array([0.5, 0.5]), 0.0)
    assert path == f"M{float(LEFT)} {NONE}H{MIDDLE}V{HALF}H{END}"


def test_a_stroke_marks_each_time_of_a_censoring_on_the_curve_once() -> None:
    found = estimated([6, 6, 12, 12], [1, 0, 0, 0])
    axis = TimeAxis.to(12 * MONTH, "months")
    strokes = re.findall(r"M([\d.]+) ([\d.]+)v7", censored_path(found, axis))
    level = TOP + 0.25 * (HEIGHT - TOP - BOTTOM)
    assert [(float(x), float(y)) for x, y in strokes] == [(MIDDLE, level - 3.5), (END, level - 3.5)]


def test_the_band_goes_from_the_first_event_to_the_end_between_its_limits() -> None:
    found = estimated([3, 6, 12, 12], [0, 1, 0, 0])
    axis = TimeAxis.to(12 * MONTH, "months")
    path = band_path(found, axis)
    at = [axis.frame.y(float(limit[-1])) for limit in (found.upper, found.lower)]
    assert path.endswith("Z")
    assert corners(path) == [(MIDDLE, at[0]), (END, at[0]), (END, at[1]), (MIDDLE, at[1])]


def test_the_band_ends_where_nobody_is_left() -> None:
    found = estimated([6, 12], [1, 1])
    path = band_path(found, TimeAxis.to(12 * MONTH, "months"))
    assert {x for x, _ in corners(path)} == {MIDDLE, END}
    assert "nan" not in path


@pytest.mark.parametrize("events", [[0, 0], [1, 1]])
def test_without_limits_there_is_no_band(events: list[int]) -> None:
    """Nobody had the event, or all had it at once."""
    found = estimated([6, 6], events)
    assert band_path(found, TimeAxis.to(12 * MONTH, "months")) == ""


@pytest.mark.parametrize(
    ("last", "unit", "times"),
    [
        (8.0, "months", (0, 1, 2, 3, 4, 5, 6, 7, 8)),
        (8.1, "months", (0, 2, 4, 6, 8)),
        (96.0, "months", (0, 12, 24, 36, 48, 60, 72, 84, 96)),
        (96.1, "months", (0, 24, 48, 72, 96)),
        (0.2, "months", (0,)),
        (10.0, "years", (0, 2, 4, 6, 8, 10)),
        (3.4, "years", (0, 0.5, 1, 1.5, 2, 2.5, 3)),
        (15.0, "years", (0, 2, 4, 6, 8, 10, 12, 14)),
        (16.1, "years", (0, 3, 6, 9, 12, 15)),
        (320.0, "years", (0, 40, 80, 120, 160, 200, 240, 280, 320)),
    ],
)
def test_times_of_the_axis_are_round_and_few(last: float, unit: TimeUnit, times: tuple[float, ...]) -> None:
    assert time_ticks(last, unit) == times


@pytest.mark.parametrize("unit", ["months", "years"])
def test_an_axis_has_five_to_nine_times(unit: TimeUnit) -> None:
    counts = {len(time_ticks(last, unit)) for last in np.geomspace(1.0, 160.0, 400)}
    assert counts <= set(range(5, 10))


def test_ticks_lie_where_their_times_are() -> None:
    axis = TimeAxis.to(12 * MONTH, "months")
    assert [(tick.text, tick.percent) for tick in axis.ticks][::3] == [("0", 0), ("6", 50), ("12", 100)]
    assert axis.days[3] == pytest.approx(6 * 30.4375)
    assert [axis.frame.x_of(tick) for tick in axis.ticks][::3] == [LEFT, MIDDLE, END]


def test_follow_up_of_no_length_has_an_axis_all_the_same() -> None:
    assert TimeAxis.to(0.0, "months").frame.right == 1.0


@pytest.mark.parametrize(
    ("days", "unit", "told"),
    [(1095.75, "years", "3 years"), (913.1, "years", "2.5 years"), (1095.75, "months", "36 months")],
)
def test_a_time_in_words(days: float, unit: TimeUnit, told: str) -> None:
    assert duration(days, unit) == told
    assert Timeline("surgery", unit, days).by == told


def test_a_horizon_is_after_time_zero() -> None:
    with pytest.raises(InputError, match="horizon"):
        Timeline("surgery", "months", 0.0)
