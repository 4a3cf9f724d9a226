"""Calibration: what is right is found right, and what is too high, too low or too extreme is found so."""

from itertools import pairwise

import numpy as np
import pytest

from sarcoma_core.errors import InputError
from sarcoma_core.survival.calibration import (
    calibration_curve,
    calibration_groups,
    calibration_in_the_large,
    calibration_slope,
)
from sarcoma_core.survival.follow_up import FollowUp
from sarcoma_core.survival.kaplan_meier import kaplan_meier
from sarcoma_core.survival.spline_hazard import fit_spline_hazard
from tests.survival.cohorts import cohort, shuffled

HORIZON = 0.7


def known(seed: int = 1, patients: int = 3000) -> tuple[FollowUp, np.ndarray]:
    """Weibull times with a known log hazard ratio, some of them censored."""
    rng = np.random.default_rng(seed)
    risk = 0.8 * rng.normal(size=patients)
    time, last = (rng.exponential(np.exp(-risk))) ** 0.7, rng.exponential(2.0, patients)
    return FollowUp.of(np.minimum(time, last), time <= last), risk


def by_horizon(risk: np.ndarray) -> np.ndarray:
    return 1 - np.exp(-(HORIZON ** (1 / 0.7)) * np.exp(risk))


def test_true_probabilities_are_found_calibrated() -> None:
    """The distances left are of the size of the standard error, sqrt(p q / n) = .009, of three terms."""
    follow_up, risk = known()
    curve = calibration_curve(follow_up, by_horizon(risk), HORIZON)
    assert 0 < curve.ici < 0.015
    assert curve.e50 < curve.e90 < 0.03
    np.testing.assert_allclose(curve.observed, curve.predicted, atol=0.05)
    large = calibration_in_the_large(follow_up, by_horizon(risk), HORIZON)
    assert large.lower < large.predicted < large.upper
    slope = calibration_slope(follow_up, risk)
    assert slope.lower < 1 < slope.upper
    for group in calibration_groups(follow_up, by_horizon(risk), HORIZON):
        assert abs(group.predicted - group.observed) < 3 * (group.upper - group.lower) / 4


@pytest.mark.parametrize("shift", [-0.5, 0.5])
def test_what_is_too_low_or_too_high_is_found_by_its_true_distance(shift: float) -> None:
    follow_up, risk = known(2)
    truth, told = by_horizon(risk), by_horizon(risk + shift)
    curve = calibration_curve(follow_up, told, HORIZON)
    apart = np.abs(told - truth)
    assert curve.ici == pytest.approx(apart.mean(), abs=0.015)
    assert curve.e50 == pytest.approx(np.median(apart), abs=0.02)
    assert curve.e90 == pytest.approx(np.quantile(apart, 0.9), abs=0.03)
    large = calibration_in_the_large(follow_up, told, HORIZON)
    assert (large.predicted > large.observed) is (shift > 0)


@pytest.mark.parametrize("times", [0.5, 2.0])
def test_the_slope_of_a_risk_that_is_too_extreme_is_below_1(times: float) -> None:
    follow_up, risk = known(3)
    slope = calibration_slope(follow_up, risk * times)
    assert slope.lower < 1 / times < slope.upper
    assert not slope.lower < 1 < slope.upper


def test_a_curve_bends_where_the_truth_bends() -> None:
    """The hazard is high at both ends of what was told: a straight line misses what splines see."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=4000)
    follow_up = FollowUp.of(rng.exponential(np.exp(0.5 - 0.4 * x**2)), np.ones(4000))
    told = 1 - np.exp(-np.exp(0.3 * x - 0.5))
    curve, line = (
        calibration_curve(follow_up, told, 1.0, covariate_knots=knots) for knots in ((10, 50, 90), ())
    )
    place = (np.log(-np.log1p(-curve.predicted)) + 0.5) / 0.3
    inside = np.abs(place) < 2
    truth = 1 - np.exp(-np.exp(0.4 * place**2 - 0.5))
    missed, missed_by_line = (np.abs(one.observed - truth)[inside].mean() for one in (curve, line))
    assert missed < 0.07
    assert missed_by_line > 2 * missed


def test_the_order_of_patients_and_the_unit_of_time_change_nothing() -> None:
    follow_up, risk = known(5, 300)
    curve = calibration_curve(follow_up, by_horizon(risk), HORIZON)
    order = shuffled(1, 300)
    again = FollowUp(follow_up.time[order] * 365.25, follow_up.event[order])
    other = calibration_curve(again, by_horizon(risk)[order], HORIZON * 365.25)
    np.testing.assert_allclose(other.observed, curve.observed, atol=1e-7)
    assert other.ici == pytest.approx(curve.ici, abs=1e-8)


def test_groups_hold_everybody_once_and_equal_predictions_together() -> None:
    follow_up, x = cohort(6, patients=100)
    told = np.round(1 / (1 + np.exp(-x[:, 0])), 1).clip(0.05, 0.95)
    found = calibration_groups(follow_up, told, 4.0, groups=4)
    assert sum(group.patients for group in found) == 100
    assert sum(group.events for group in found) == (follow_up.event & (follow_up.time <= 4)).sum()
    assert all(one.predicted < other.predicted for one, other in pairwise(found))
    lowest = told <= np.quantile(told, 0.25)
    assert found[0].patients == lowest.sum()
    mine = kaplan_meier(follow_up.chosen(lowest))
    assert found[0].observed == pytest.approx(1 - mine.at([4.0])[0])
    place = np.searchsorted(mine.table.times, 4.0, side="right") - 1
    assert (found[0].lower, found[0].upper) == (1 - mine.upper[place], 1 - mine.lower[place])
    assert len(calibration_groups(follow_up, np.full(100, 0.3), 4.0)) == 1


def test_nothing_is_said_of_a_group_that_was_not_followed_so_far() -> None:
    follow_up = FollowUp.of([1, 2, 8, 9], [1, 0, 1, 0])
    low, high = calibration_groups(follow_up, [0.1, 0.1, 0.5, 0.5], 5.0, groups=2)
    assert np.isnan(low.observed)
    assert high.observed == 0
    assert np.isnan(high.lower)  # nobody had the event yet
    gone, _ = calibration_groups(FollowUp.of([1, 2, 8, 9], [1, 1, 1, 0]), [0.1, 0.1, 0.5, 0.5], 5.0, groups=2)
    assert gone.observed == 1


@pytest.mark.parametrize(
    ("probability", "horizon", "words"),
    [
        ([0.2, 0.4, 0.6], 2, "probability: must be above 0 and below 1 for each of 4"),
        ([0.2, 0.4, 0.6, 1.0], 2, "probability: must be above 0"),
        ([0.0, 0.4, 0.6, 0.8], 2, "probability: must be above 0"),
        ([0.2, 0.4, 0.6, np.nan], 2, "probability: must be above 0"),
        ([0.2, 0.4, 0.6, 0.8], 0, "horizon: must be above 0"),
        ([0.2, 0.4, 0.6, 0.8], 4.01, "not beyond the last follow-up, 4; found 4.01"),
    ],
)
def test_what_cannot_be_judged_is_refused(probability: list[float], horizon: float, words: str) -> None:
    follow_up = FollowUp.of([1, 2, 3, 4], [1, 1, 0, 1])
    for judge in (calibration_curve, calibration_in_the_large, calibration_groups):
        with pytest.raises(InputError, match=words):
            judge(follow_up, probability, horizon)


def test_a_curve_needs_predictions_and_events_that_differ() -> None:
    follow_up, risk = known(7, 60)
    with pytest.raises(InputError, match="probability: must vary between patients"):
        calibration_curve(follow_up, np.full(60, 0.3), HORIZON)
    two = np.where(risk > 0, 0.3, 0.6)
    with pytest.raises(InputError, match="covariate: must take several values at 3 knots"):
        calibration_curve(follow_up, two, HORIZON)
    assert calibration_curve(follow_up, two, HORIZON, covariate_knots=()).ici > 0
    for time, event, words in (
        ([0, 1, 2, 3], [1, 1, 1, 1], "event: must be after time 0"),
        ([1, 2, 3, 4], [0, 0, 0, 0], "event: must be after time 0, one at least"),
        ([1, 2, 3, 4], [0, 1, 0, 0], "time: must take several values at 3 knots"),
    ):
        with pytest.raises(InputError, match=words):
            calibration_curve(FollowUp.of(time, event), [0.2, 0.4, 0.6, 0.8], 2.0)
    with pytest.raises(InputError, match="groups: must be 1 or more; found 0"):
        calibration_groups(follow_up, by_horizon(risk), HORIZON, groups=0)
    at_once = FollowUp.of(np.full(8, 2), np.ones(8))  # a hazard without end at that time
    told = np.linspace(0.9, 0.1, 8)
    with pytest.raises(InputError, match="covariate: must let a smooth curve settle"):
        calibration_curve(at_once, told, 2.0, time_knots=(), covariate_knots=())


@pytest.mark.parametrize(("knots", "least"), [((), 6), ((5, 50, 95), 10)])
def test_a_curve_needs_two_events_for_each_parameter(knots: tuple[float, ...], least: int) -> None:
    """Constant, time and covariate make 3 parameters; a spline of each makes 5."""
    follow_up, risk = known(11, 60)
    rows = np.r_[np.flatnonzero(follow_up.event)[:least], np.flatnonzero(~follow_up.event)]
    inner = (10, 50, 90) if knots else ()
    found = fit_spline_hazard(
        risk[rows], follow_up.chosen(rows), time_knots=knots, covariate_knots=inner
    ).survival(risk[rows], HORIZON)
    assert ((found >= 0) & (found <= 1)).all()
    with pytest.raises(InputError, match=f"must hold {least} at least, 2 for each .* found {least - 1}"):
        fit_spline_hazard(risk[rows[1:]], follow_up.chosen(rows[1:]), time_knots=knots, covariate_knots=inner)


def test_a_hazard_beyond_any_number_leaves_nobody() -> None:
    follow_up, risk = known(12, 300)
    model = fit_spline_hazard(risk, follow_up, time_knots=(), covariate_knots=())
    np.testing.assert_array_equal(model.survival([-1e6, 1e6], HORIZON), [1, 0])


def test_who_was_lost_at_time_0_tells_nothing() -> None:
    follow_up, risk = known(8, 200)
    longer = FollowUp(np.r_[follow_up.time, 0.0, 0.0], np.r_[follow_up.event, False, False])
    one = fit_spline_hazard(risk, follow_up)
    other = fit_spline_hazard(np.r_[risk, np.median(risk), np.median(risk)], longer)
    assert other.log_likelihood == pytest.approx(one.log_likelihood, abs=0.01)


def test_without_knots_it_is_weibulls_likelihood_at_its_top() -> None:
    """Hazard k t^(k - 1) exp(g + b x): no parameters close by have more likelihood."""
    follow_up, risk = known(9, 200)
    found = fit_spline_hazard(risk, follow_up, time_knots=(), covariate_knots=())

    def value(g: float, k: float, b: float) -> float:
        log_hazard = np.log(k) + (k - 1) * np.log(follow_up.time) + g + b * risk
        return float((follow_up.event * log_hazard - follow_up.time**k * np.exp(g + b * risk)).sum())

    assert found.log_likelihood == pytest.approx(value(*found.parameters), abs=1e-9)
    for axis in np.eye(3):
        for step in (-0.01, 0.01):
            assert value(*(found.parameters + step * axis)) < found.log_likelihood
    assert found.parameters[1] == pytest.approx(1 / 0.7, rel=0.2)


def test_the_splines_of_time_follow_a_hazard_that_turns() -> None:
    """It rises and falls again, with survival 1 / (1 + t^4): Weibull's misses it, the splines hardly."""
    rng = np.random.default_rng(10)
    part = rng.random(3000)
    follow_up, x = FollowUp.of((part / (1 - part)) ** 0.25, np.ones(3000)), rng.normal(size=3000)
    missed = []
    for knots in ((5, 50, 95), ()):
        model = fit_spline_hazard(x, follow_up, time_knots=knots, covariate_knots=())
        missed.append(max(abs(model.survival([0.0], t)[0] - 1 / (1 + t**4)) for t in (0.5, 0.8, 1, 1.3, 2)))
    assert missed[0] < 0.03
    assert missed[1] > 2 * missed[0]
