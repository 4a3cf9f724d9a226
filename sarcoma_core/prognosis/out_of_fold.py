"""Predictions of patients that a model has not seen: each fold is predicted by what was fitted on the others.

Whatever is learned is learned within the fold: filling-in, levels, scales, penalty, and the risk above which
a patient is one of high risk.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.errors import InputError
from sarcoma_core.prognosis.pairs import JudgedFold
from sarcoma_core.survival.censoring import observation
from sarcoma_core.survival.cox_likelihood import Matrix
from sarcoma_core.survival.follow_up import Counts, Flags, Floats1, FollowUp
from sarcoma_core.survival.kaplan_meier import kaplan_meier
from sarcoma_core.training.splits import Fold

LEAST_OBSERVED: Final = 0.1
"""How likely it must be to be still under observation: beyond that the weights of a few patients decide."""
LEAST_ON_EACH_SIDE: Final = 5
"""Patients with the event by a horizon, and patients followed beyond it, for anything to be said of it."""
_GRID: Final = 20
"""Times over which the Brier score is integrated."""


class FoldModel(Protocol):
    """What was fitted on some rows, and predicts others."""

    def risk(self, rows: Counts) -> Floats1:
        """Higher where the event is expected earlier, shape (rows,)."""

    def survival(self, rows: Counts, days: Floats1) -> NDArray[np.float64]:
        """Shape (rows, times)."""


FitOn = Callable[[Counts], FoldModel]
"""Fits a model on some rows."""


@dataclass(frozen=True, eq=False)
class JudgingPlan:
    """How an endpoint is judged, decided before any model is fitted.

    Args:
        follow_up: of each patient, in days.
        folds: of all repeats.
        judged: the same, with the censoring of each training.
        repeats: how many.
        tau: to which Uno's C looks, days: in no training is it less likely than `LEAST_OBSERVED` to be
            observed.
        horizons: days; those asked for that lie before tau, with patients enough on each side.
        main: the horizon of calibration and curves; None where there is none.
        grid: of times, the last of which is the latest horizon; none where there is no horizon.
        baseline: survival at these by Kaplan-Meier of each fold's training, shape (folds, times).
    """

    follow_up: FollowUp
    folds: tuple[Fold, ...]
    judged: tuple[JudgedFold, ...]
    repeats: int
    tau: float
    horizons: tuple[float, ...]
    main: float | None
    grid: Floats1
    baseline: Matrix

    @property
    def times(self) -> Floats1:
        """At which survival is predicted: the grid, then the horizons."""
        return np.concatenate([self.grid, self.horizons])


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Predictions of one model.

    Args:
        risk: shape (repeats, n).
        survival: at `JudgingPlan.times`, shape (repeats, n, times).
        high: whether the risk is above the median of the training, shape (repeats, n).
    """

    risk: Matrix
    survival: NDArray[np.float64]
    high: Flags


def plan_judging(
    follow_up: FollowUp, folds: Sequence[Fold], *, horizons: Sequence[float], main: float
) -> JudgingPlan:
    """Decide on folds, tau and horizons.

    Args:
        follow_up: of each patient, in days.
        folds: of all repeats.
        horizons: days that are asked for.
        main: the one of calibration and curves; where it cannot be had, the latest before it.
    """
    trainings = [follow_up.chosen(fold.train) for fold in folds]
    return _planned(follow_up, folds, trainings, sorted({*horizons, main}), main)


def plan_judging_others(
    follow_up: FollowUp, training: FollowUp, *, horizons: Sequence[float], main: float
) -> JudgingPlan:
    """Decide on tau and horizons for patients of whom none is among those that models were fitted on.

    Args:
        follow_up: of each patient who is judged, in days.
        training: of those that models were fitted on.
        horizons: days that are asked for.
        main: the one of calibration; where it cannot be had, the latest before it.
    """
    everybody = Fold(0, 0, np.zeros(0, np.int64), np.arange(len(follow_up)))
    return _planned(follow_up, [everybody], [training], sorted({*horizons, main}), main)


def _planned(
    follow_up: FollowUp,
    folds: Sequence[Fold],
    trainings: Sequence[FollowUp],
    horizons: Sequence[float],
    main: float,
) -> JudgingPlan:
    censorings = [observation(one) for one in trainings]
    judged = tuple(
        JudgedFold(fold.repeat, fold.test, one) for fold, one in zip(folds, censorings, strict=True)
    )
    tau = min(
        float(one.table.times[one.probability >= LEAST_OBSERVED].max(initial=0.0)) for one in censorings
    )
    found = tuple(days for days in horizons if days < tau and _has_both_sides(follow_up, days))
    grid = np.linspace(0, found[-1], _GRID + 1)[1:] if found else np.zeros(0)
    curves = [kaplan_meier(one).at(grid) for one in trainings]
    return JudgingPlan(
        follow_up=follow_up,
        folds=tuple(folds),
        judged=judged,
        repeats=max(fold.repeat for fold in folds) + 1,
        tau=tau,
        horizons=found,
        main=max((days for days in found if days <= main), default=found[0] if found else None),
        grid=grid,
        baseline=np.array(curves),
    )


def _has_both_sides(follow_up: FollowUp, days: float) -> bool:
    before = int(np.count_nonzero(follow_up.event & (follow_up.time <= days)))
    beyond = int(np.count_nonzero(follow_up.time > days))
    return min(before, beyond) >= LEAST_ON_EACH_SIDE


def predict_out_of_fold(plan: JudgingPlan, fit: FitOn) -> OutOfFold:
    """Fit a model on each training, and predict those left out.

    Args:
        plan: with the folds.
        fit: is given the rows of the training, and must see no others.

    Raises:
        InputError: in one fold the model cannot be fitted, and why.
    """
    shape = plan.repeats, len(plan.follow_up)
    risk, high = np.empty(shape), np.empty(shape, np.bool_)
    survival = np.empty((*shape, plan.times.size))
    for fold in plan.folds:
        try:
            model = fit(fold.train)
        except InputError as error:
            where = f"in fold {fold.number + 1} of repeat {fold.repeat + 1}"
            raise InputError(f"{where} it cannot be fitted: {error.message}", hint=error.hint) from error
        scores = model.risk(fold.test)
        risk[fold.repeat, fold.test] = scores
        high[fold.repeat, fold.test] = scores > np.median(model.risk(fold.train))
        survival[fold.repeat, fold.test] = model.survival(fold.test, plan.times)
    return OutOfFold(risk, survival, high)
