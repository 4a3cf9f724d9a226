"""Calibration: whether as many patients have the event by a horizon as was predicted.

A smooth curve of observed against predicted risk, with the distances between them; the mean prediction
against Kaplan-Meier; the slope of the log hazard ratio; and groups of patients.

Source: Austin, Harrell and van Klaveren, Statistics in Medicine 2020 (ICI, E50, E90, on the complementary
log-log of the prediction); van Houwelingen, Statistics in Medicine 2000 (slope); Crowson et al., Statistical
Methods in Medical Research 2016 (in the large).
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from sarcoma_core.errors import InputError
from sarcoma_core.survival.cox import fit_cox
from sarcoma_core.survival.follow_up import Floats1, FollowUp, steps_at
from sarcoma_core.survival.kaplan_meier import kaplan_meier
from sarcoma_core.survival.spline_hazard import COVARIATE_KNOTS, TIME_KNOTS, fit_spline_hazard

_POINTS: Final = 100
"""Of a curve, to be drawn."""
GROUPS: Final = 5


@dataclass(frozen=True, slots=True, eq=False)
class CalibrationCurve:
    """Observed against predicted risk, smoothed.

    Args:
        predicted: from the lowest prediction to the highest, shape (points,).
        observed: at each.
        ici: the mean distance over patients: the integrated calibration index.
        e50: their median.
        e90: their 90th percentile.
    """

    predicted: Floats1
    observed: Floats1
    ici: float
    e50: float
    e90: float


class ObservedRisk(NamedTuple):
    """What was predicted of some patients, and what came.

    Attributes:
        predicted: the mean risk of the event by the horizon.
        observed: one less Kaplan-Meier at it; NaN where none of them was followed so far.
        lower: confidence limit; NaN where nobody or everybody had the event.
        upper: likewise.
        patients: how many there are.
        events: how many had the event by the horizon.
    """

    predicted: float
    observed: float
    lower: float
    upper: float
    patients: int
    events: int


class CalibrationSlope(NamedTuple):
    """The coefficient of the log hazard ratio in a Cox model of its own; below 1 where it is too extreme.

    Attributes:
        value: the coefficient; 1 is right.
        lower: confidence limit.
        upper: likewise.
    """

    value: float
    lower: float
    upper: float


def calibration_curve(
    follow_up: FollowUp,
    probability: ArrayLike,
    horizon: float,
    *,
    time_knots: tuple[float, ...] = TIME_KNOTS,
    covariate_knots: tuple[float, ...] = COVARIATE_KNOTS,
) -> CalibrationCurve:
    """The calibration curve at a horizon.

    Observed risk is that of a model of smooth proportional hazards, fitted to the complementary log-log of
    the prediction. With no knots at all it is Weibull's.

    Args:
        follow_up: of each patient of the test.
        probability: predicted, of the event by the horizon, above 0 and below 1, shape (n,).
        horizon: a time above 0, not beyond the last follow-up.
        time_knots: percentiles of the times of events where the splines of log time are joined.
        covariate_knots: of the predictions.

    Raises:
        InputError: a probability or the horizon is another, all predictions are the same, or there are too
        few
            events for a curve.
    """
    predicted = _predicted(follow_up, probability, horizon)
    if not np.ptp(predicted) > 0:
        raise InputError("probability: must vary between patients for a curve; it is the same for all.")
    model = fit_spline_hazard(
        _log_log(predicted), follow_up, time_knots=time_knots, covariate_knots=covariate_knots
    )
    apart = np.abs(1 - model.survival(_log_log(predicted), horizon) - predicted)
    grid = np.linspace(predicted.min(), predicted.max(), _POINTS)
    e50, e90 = np.quantile(apart, [0.5, 0.9])
    observed = 1 - model.survival(_log_log(grid), horizon)
    return CalibrationCurve(grid, observed, float(apart.mean()), float(e50), float(e90))


def calibration_in_the_large(
    follow_up: FollowUp, probability: ArrayLike, horizon: float, *, level: float = 0.95
) -> ObservedRisk:
    """The mean prediction against what came of all patients.

    Args:
        follow_up: of each patient of the test.
        probability: as of `calibration_curve`.
        horizon: likewise.
        level: of the confidence limits.

    Raises:
        InputError: a probability or the horizon is another.
    """
    return _observed(follow_up, _predicted(follow_up, probability, horizon), horizon, level)


def calibration_groups(
    follow_up: FollowUp,
    probability: ArrayLike,
    horizon: float,
    *,
    groups: int = GROUPS,
    level: float = 0.95,
) -> tuple[ObservedRisk, ...]:
    """Groups of patients by quantiles of the prediction, from the lowest; equal predictions stay together.

    Args:
        follow_up: of each patient of the test.
        probability: as of `calibration_curve`.
        horizon: likewise.
        groups: how many; there are fewer where many predictions are equal.
        level: of the confidence limits.

    Raises:
        InputError: a probability or the horizon is another, or there is no group.
    """
    predicted = _predicted(follow_up, probability, horizon)
    if groups < 1:
        raise InputError(f"groups: must be 1 or more; found {groups}.")
    edges = np.quantile(predicted, np.arange(1, groups) / groups)
    member = np.searchsorted(edges, predicted, side="left")
    return tuple(
        _observed(follow_up.chosen(member == group), predicted[member == group], horizon, level)
        for group in np.unique(member)
    )


def calibration_slope(follow_up: FollowUp, risk: ArrayLike, *, level: float = 0.95) -> CalibrationSlope:
    """Whether log hazard ratios are as far apart as was predicted.

    Args:
        follow_up: of each patient of the test.
        risk: the predicted log hazard ratio, shape (n,).
        level: of the confidence limits.

    Raises:
        InputError: a risk is not finite, all are the same, or there is no event.
    """
    model = fit_cox(np.asarray(risk, np.float64).reshape(-1, 1), follow_up)
    lower, upper = model.limits(level)
    return CalibrationSlope(float(model.coefficients[0]), float(lower[0]), float(upper[0]))


def _predicted(follow_up: FollowUp, probability: ArrayLike, horizon: float) -> Floats1:
    """Predictions that can be judged at a horizon."""
    predicted = np.asarray(probability, np.float64)
    if predicted.shape != follow_up.time.shape or not ((predicted > 0) & (predicted < 1)).all():
        raise InputError(
            f"probability: must be above 0 and below 1 for each of {len(follow_up)} patients; it is not."
        )
    last = float(follow_up.time.max())
    if not 0 < horizon <= last:
        raise InputError(
            f"horizon: must be above 0 and not beyond the last follow-up, {last:g}; found {horizon:g}."
        )
    return predicted


def _observed(follow_up: FollowUp, predicted: Floats1, horizon: float, level: float) -> ObservedRisk:
    estimate = kaplan_meier(follow_up, level=level)
    left = float(estimate.at([horizon])[0])
    known = left == 0 or horizon <= follow_up.time.max()
    lower, upper = (
        1 - float(steps_at(estimate.table.times, limit, [horizon], np.nan)[0]) if known else float("nan")
        for limit in (estimate.upper, estimate.lower)
    )
    events = int(np.count_nonzero(follow_up.event & (follow_up.time <= horizon)))
    observed = 1 - left if known else float("nan")
    return ObservedRisk(float(predicted.mean()), observed, lower, upper, len(follow_up), events)


def _log_log(probability: Floats1) -> Floats1:
    """The complementary log-log: on this scale proportional hazards are a shift."""
    return np.asarray(np.log(-np.log1p(-probability)))
