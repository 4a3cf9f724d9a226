"""Proportional hazards with a smooth baseline: restricted cubic splines of log time, and of a covariate.

The logarithm of the cumulative hazard is linear in splines of log time and in splines of the covariate. Its
likelihood is concave, so it has one top.

Source: Royston and Parmar, Statistics in Medicine 2002; knots of a covariate, Harrell, Regression Modeling
Strategies, 2.4.6.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from sarcoma_core.errors import InputError
from sarcoma_core.survival.cox_likelihood import Matrix
from sarcoma_core.survival.follow_up import Floats1, FollowUp

TIME_KNOTS: Final = (5.0, 50.0, 95.0)
"""Percentiles of the logarithms of the times of events: lifelines' for a calibration curve."""
COVARIATE_KNOTS: Final = (10.0, 50.0, 90.0)
"""Percentiles of the covariate: Harrell's for three knots."""
EVENTS_FOR_EACH: Final = 2
"""Events for each parameter, the least at which anything is told; to tell it well takes many more."""
_MOST_LEVEL: Final = 460.0
"""Of a log cumulative hazard: 1e200, whose sums and products are still numbers."""
_LARGEST: Final = 1e4
"""Of a parameter: beyond it all events are at one time, or a covariate parts them from the rest."""
_ROUNDS: Final = 100
_HALVINGS: Final = 40
_SETTLED: Final = 1e-9
"""By so much, in parts, the likelihood still grows where it has settled."""


@dataclass(frozen=True, slots=True, eq=False)
class SplineHazard:
    """A fitted model.

    Args:
        time_knots: of log time.
        covariate_knots: of the covariate; none where it is linear.
        parameters: a constant, then of the splines of log time, then of those of the covariate.
        log_likelihood: of the times.
    """

    time_knots: Floats1
    covariate_knots: Floats1
    parameters: Floats1
    log_likelihood: float

    def survival(self, covariate: ArrayLike, time: float) -> Floats1:
        """Of each patient at a time above 0, shape (n,)."""
        x = np.asarray(covariate, np.float64)
        design, _ = _design(self.time_knots, self.covariate_knots, np.full(x.shape, np.log(time)), x)
        return np.asarray(np.exp(-np.exp(np.minimum(design @ self.parameters, _MOST_LEVEL))))


def fit_spline_hazard(
    covariate: Floats1,
    follow_up: FollowUp,
    *,
    time_knots: tuple[float, ...] = TIME_KNOTS,
    covariate_knots: tuple[float, ...] = COVARIATE_KNOTS,
) -> SplineHazard:
    """Fit the model by Newton's method, from a hazard that is the same for all at all times.

    Args:
        covariate: finite numbers, shape (n,), that vary.
        follow_up: of each patient; events after time 0.
        time_knots: percentiles, three or more; none for a straight line, which is Weibull's model.
        covariate_knots: likewise; none for a straight line.

    Raises:
        InputError: an event is at time 0, knots fall together, there are fewer than two events for each
            parameter, or the likelihood has no top.
    """
    if not follow_up.events or (follow_up.time[follow_up.event] == 0).any():
        raise InputError("event: must be after time 0, one at least, as splines are of its logarithm.")
    told = follow_up.time > 0  # who was lost at time 0 tells nothing
    log_time, event = np.log(follow_up.time[told]), follow_up.event[told].astype(np.float64)
    of_time = _knots(log_time[event > 0], time_knots, "time")
    of_covariate = _knots(covariate, covariate_knots, "covariate")
    design, steepness = _design(of_time, of_covariate, log_time, covariate[told])
    parameters = np.zeros(design.shape[1])
    if follow_up.events < EVENTS_FOR_EACH * parameters.size:
        raise InputError(
            f"event: must hold {EVENTS_FOR_EACH * parameters.size} at least, {EVENTS_FOR_EACH} for each of "
            f"{parameters.size} parameters; found {follow_up.events}.",
            hint="Compare means in groups of patients instead of a curve.",
        )
    parameters[:2] = np.log(event.sum() / follow_up.time.sum()), 1.0
    value, slope, curve = _likelihood(design, steepness, parameters, event)
    for _ in range(_ROUNDS):
        try:
            step = np.linalg.solve(curve, slope)
        except np.linalg.LinAlgError:
            break
        gain = float(slope @ step)
        for _ in range(_HALVINGS):
            new = _likelihood(design, steepness, parameters + step, event)
            if new[0] >= value - _SETTLED * (1 + abs(value)):
                break
            step = step / 2
        parameters, (value, slope, curve) = parameters + step, new
        if np.abs(parameters).max() > _LARGEST:
            break
        if gain <= _SETTLED**2 * (1 + abs(value)):
            value -= float(event @ log_time)  # of the times, not of their logarithms
            return SplineHazard(of_time, of_covariate, parameters, value)
    raise InputError(
        "covariate: must let a smooth curve settle; it does not.",
        hint="There are too few events, or too few different values, for a curve: use groups of patients.",
    )


def _likelihood(
    design: Matrix, steepness: Matrix, parameters: Floats1, event: Floats1
) -> tuple[float, Floats1, Matrix]:
    """The log likelihood of log times, its slope and minus its curvature; there is none without a hazard."""
    level, steep = design @ parameters, steepness @ parameters
    died = event > 0
    if not (steep[died] > 0).all() or not level.max() < _MOST_LEVEL:
        return -np.inf, np.zeros(parameters.size), np.eye(parameters.size)
    hazard, each = np.exp(level), event / np.where(died, steep, 1.0)
    value = float(event @ (level + np.log(np.where(died, steep, 1.0))) - hazard.sum())
    slope = (event - hazard) @ design + each @ steepness
    curve = (design.T * hazard) @ design + (steepness.T * each**2) @ steepness
    return value, slope, np.asarray(curve)


def _design(
    time_knots: Floats1, covariate_knots: Floats1, log_time: Floats1, covariate: Floats1
) -> tuple[Matrix, Matrix]:
    """The terms of each patient, shape (n, parameters), and their slopes by log time."""
    one, none = np.ones_like(log_time), np.zeros_like(log_time)
    of_time, slopes = _splines(time_knots, log_time)
    of_covariate, _ = _splines(covariate_knots, covariate)
    design = [one, log_time, *of_time, covariate, *of_covariate]
    steepness = [none, one, *slopes, none, *(none for _ in of_covariate)]
    return np.stack(design, axis=1), np.stack(steepness, axis=1)


def _splines(knots: Floats1, x: Floats1) -> tuple[list[Floats1], list[Floats1]]:
    """Restricted cubic splines, one for each inner knot, straight beyond the outer ones; and their slopes."""
    values, slopes = [], []
    for knot in knots[1:-1]:
        part = (knots[-1] - knot) / (knots[-1] - knots[0])
        above = [(1.0, knot), (-part, knots[0]), (part - 1, knots[-1])]
        values.append(sum(weight * np.maximum(x - place, 0) ** 3 for weight, place in above))
        slopes.append(sum(3 * weight * np.maximum(x - place, 0) ** 2 for weight, place in above))
    return values, slopes


def _knots(values: Floats1, percentiles: tuple[float, ...], name: str) -> Floats1:
    knots = np.percentile(values, percentiles) if percentiles else np.zeros(0)
    if not (np.diff(knots) > 0).all():
        raise InputError(
            f"{name}: must take several values at {len(percentiles)} knots; some of these fall together.",
            hint="There are too few different values for a smooth curve: use groups of patients.",
        )
    return np.asarray(knots)
