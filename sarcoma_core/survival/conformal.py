"""A lower bound of the survival time of each patient, with a coverage that a calibration fold vouches for.

The bound is a low quantile of the patient's own predicted curve. Which quantile is chosen on patients that
the model was not fitted to, so that few enough of them have their event before their bound. Of who is
censored nobody sees it, so each event before its bound counts as one over the probability of having been
watched for so long: on average that is what would be seen without censoring (Farina et al.). For the patient
to come one more event is counted, as heavy as one can be by that patient's bound (conformal risk control):
so the claim holds for small folds too, and early bounds, until which nearly all are watched, pay little.

What is claimed: P(T >= bound) >= coverage, over the fold and a patient to come together, if that patient is
drawn like those of the fold, however bad the model is. It holds as far as censoring does not depend on the
patient or on T, and its probability is that of `Observation`: exactly where that is known, about where it is
estimated. Without censoring it is split conformal prediction of textbooks.

What is not claimed: coverage of a group, such as one histology; coverage after this fold was drawn, which
scatters by about sqrt(coverage (1 - coverage) / patients) and more under censoring; anything of patients
unlike those of the fold.

Candes, Lei and Ren, JRSS-B 2023, need the censoring time of everybody, the dead included; Sesia and Svetnik
(arXiv 2412.09729) impute it. Neither is needed where one curve of censoring holds for all.

Why that event may weigh as at a step's own horizon: let q be the largest quantile at which the losses of the
fold and of the patient to come add up to alpha (n + 1) or less. It treats all n + 1 alike, so the expected
loss at it is alpha at most. Where the step's bound lies beyond the bound at q, the patient's own loss at the
next quantile is more than the step left room for, as only that of an event at its horizon or later is: such a
patient lives to the step's bound.

Source: Farina, Tchetgen Tchetgen and Kuchibhotla, arXiv 2501.04615 (weights); Angelopoulos et al., Conformal
Risk Control, ICLR 2024, arXiv 2208.02814, theorems 1 and 2.
"""

import math
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.errors import InputError
from sarcoma_core.survival.censoring import Observation
from sarcoma_core.survival.discrete_time import survival_between
from sarcoma_core.survival.follow_up import Floats1, FollowUp

MOST_QUANTILE: Final = 0.5
"""A lower bound is not beyond the predicted median. The claim is one over all patients: where few have an
event before the horizon, those with the worst outlook could else have a bound that most do not reach."""
HEAVIEST: Final = 10.0
"""One event counts as ten at most: later fewer than a tenth are watched, and how many is not well known."""
LEAST_FOLLOWED: Final = 5
"""Patients still watched at the horizon: after the last of them nothing is known of the censoring."""
HORIZON_STEP: Final = 90
"""Days: horizons are multiples of it, and so nobody's own time."""
QUANTILE_STEPS: Final = 1000
"""Quantiles are told in thousandths, and rounded down: each comes from one patient's curve."""
_LEAST_COVERAGE: Final = 0.5
_HUNDREDTHS: Final = 100
_DIGITS: Final = 9
"""So many of a sum of weights count: that of ten tenths is not always one."""


@dataclass(frozen=True, slots=True)
class BoundStep:
    """A bound may lie at the quantile, or at the horizon where that is earlier; the latest step's counts.

    Args:
        horizon_days: a multiple of `HORIZON_STEP`.
        quantile: the first time by which a curve has fallen by so much; 0 says day 0.
    """

    horizon_days: int
    quantile: float


@dataclass(frozen=True, slots=True)
class ConformalBound:
    """Where the lower bound of a patient lies on the predicted curve; nobody's own value or time is in it.

    Args:
        coverage: the part of patients that live to their bound or longer, as claimed.
        steps: a later horizon has a smaller quantile; without any step all bounds are day 0.
        patients: of the fold.
        events: of these.

    Raises:
        InputError: coverage is not 0.5 or more and below 1, or steps or numbers are none that calibration
            gives.
    """

    coverage: float
    steps: tuple[BoundStep, ...]
    patients: int
    events: int

    def __post_init__(self) -> None:
        needed = least_patients(self.coverage)
        if not 0 <= self.events <= self.patients >= needed:
            raise InputError(f"patients: must be {needed} or more, and events not more; they are others.")
        horizons = [0, *(one.horizon_days for one in self.steps)]
        quantiles = [one.quantile for one in self.steps]
        inside = all(0 <= one <= MOST_QUANTILE for one in quantiles)
        if not (inside and (np.diff(horizons) > 0).all() and (np.diff(quantiles) < 0).all()):
            raise InputError(
                f"steps: must go up in horizon and down in quantile, from {MOST_QUANTILE:g} at most to 0; "
                "they do not."
            )

    @property
    def horizon_days(self) -> int:
        """No bound is later."""
        return self.steps[-1].horizon_days if self.steps else 0

    def days(self, cuts: Floats1, survival: NDArray[np.float64]) -> Floats1:
        """The lower bound of each patient in days, shape (n,).

        Between cuts survival falls in a straight line, as `survival_between` has it.

        Args:
            cuts: in days from 0, shape (cuts,).
            survival: predicted at each, shape (n, cuts); of the model that was calibrated.

        Raises:
            InputError: cuts do not begin at 0 and go up, or survival is not of them, 0 to 1 and falling.
        """
        fallen = _fallen(cuts, survival)
        found = np.zeros(fallen.shape[0])
        for step in self.steps:
            found = np.maximum(found, _first_fallen(cuts, fallen, step.quantile, step.horizon_days))
        return found


def least_patients(coverage: float) -> int:
    """How many patients a fold must have for a coverage to be claimed at all.

    Args:
        coverage: 0.5 or more, below 1.

    Raises:
        InputError: the coverage is another.
    """
    if not _LEAST_COVERAGE <= coverage < 1:
        raise InputError(f"coverage: must be {_LEAST_COVERAGE:g} or more and below 1; found {coverage:g}.")
    return math.ceil(round(1 / (1 - coverage), _DIGITS)) - 1


def calibrate_bound(
    cuts: Floats1,
    survival: NDArray[np.float64],
    follow_up: FollowUp,
    censoring: Observation,
    *,
    coverage: float,
) -> ConformalBound:
    """Choose the largest quantiles of which the fold allows to claim the coverage.

    Where little can be known, as follow-up is short or patients are few, the bound is earlier, at worst day
    0; it is never later for that.

    Args:
        cuts: in days from 0, shape (cuts,).
        survival: of each patient of the fold at each cut, by a model that was not fitted to them.
        follow_up: of the same patients, in days.
        censoring: of the training or of the fold, in days; how long both were watched must be alike.
        coverage: to be claimed, 0.5 or more and below 1.

    Raises:
        InputError: there are too few patients for the coverage, there is not a row for each, or see
            `ConformalBound.days`.
    """
    patients, needed = len(follow_up), least_patients(coverage)
    if patients < needed:
        raise InputError(
            f"patients: must be {needed} or more in the fold for a coverage of {coverage:g}; found "
            f"{patients}.",
            hint="Calibrate on more patients, or claim less.",
        )
    fallen = _fallen(cuts, survival)
    if fallen.shape[0] != patients:
        raise InputError(f"survival: must be a row for each of {patients} patients; found {fallen.shape[0]}.")
    may_miss = round((1 - coverage) * (patients + 1), _DIGITS)
    horizons, heaviest = _horizons(censoring, float(cuts[-1]), min(HEAVIEST, may_miss))
    last = horizons[-1] if horizons else 0
    counts = follow_up.event & (follow_up.time < last)
    weights = np.zeros(patients)
    weights[counts] = 1 / _watched(censoring, follow_up.time[counts])

    @cache
    def missed(thousandths: int) -> float:
        bound = _first_fallen(cuts, fallen, thousandths / QUANTILE_STEPS, last)
        return round(math.fsum(weights[follow_up.time < bound]), _DIGITS)

    grid = range(int(MOST_QUANTILE * QUANTILE_STEPS) + 1)
    steps: dict[int, BoundStep] = {}  # by quantile: of equal ones that of the latest horizon
    for horizon, weight in zip(horizons, heaviest, strict=True):
        largest = bisect_right(grid, round(may_miss - weight, _DIGITS), key=missed) - 1
        steps[largest] = BoundStep(horizon, largest / QUANTILE_STEPS)
    return ConformalBound(coverage, tuple(steps.values()), patients, follow_up.events)


def _fallen(cuts: Floats1, survival: NDArray[np.float64]) -> NDArray[np.float64]:
    """By how much each curve has fallen at each cut, all checked."""
    fallen = 1 - survival_between(cuts, survival, cuts)
    if not ((fallen >= 0) & (fallen <= 1)).all() or (np.diff(fallen, axis=1) < -(10.0**-_DIGITS)).any():
        raise InputError("survival: must be 0 to 1, and never rise with time; it is not.")
    return fallen


def _first_fallen(cuts: Floats1, fallen: NDArray[np.float64], quantile: float, horizon: float) -> Floats1:
    """The first time by which each curve has fallen by so much, or the horizon where that is earlier."""
    last = np.minimum(horizon, cuts[-1])
    reached = fallen >= quantile
    after = np.argmax(reached, axis=1)
    before = np.maximum(after - 1, 0)
    rows = np.arange(fallen.shape[0])
    start, end = fallen[rows, before], fallen[rows, after]
    part = np.divide(quantile - start, end - start, out=np.zeros(rows.size), where=end > start)
    days = cuts[before] + part * (cuts[after] - cuts[before])
    return np.asarray(np.where(reached.any(axis=1), np.minimum(days, last), last), np.float64)


def _horizons(censoring: Observation, last_cut: float, most: float) -> tuple[list[int], list[float]]:
    """Times to which bounds may reach, and the weight of an event just before each, rounded up.

    They come from the censoring and the number of patients alone: not from what happened in the fold.
    """
    table = censoring.table
    followed = table.times[table.at_risk >= LEAST_FOLLOWED]
    last = min(last_cut, float(followed[-1]) if followed.size else 0.0)
    days = np.arange(1, int(last // HORIZON_STEP) + 1) * HORIZON_STEP
    with np.errstate(divide="ignore"):
        weights = 1 / _watched(censoring, days.astype(np.float64))
    weights = np.ceil(np.round(weights * _HUNDREDTHS, _DIGITS)) / _HUNDREDTHS
    kept = weights <= most  # they never fall
    return days[kept].tolist(), weights[kept].tolist()


def _watched(censoring: Observation, days: Floats1) -> Floats1:
    """The probability of being watched at each time: those censored at it were, so it is that just before."""
    return censoring.at(np.nextafter(days, -np.inf))
