"""How well predictions of patients that were not seen hold, with limits from samples of patients.

All models of an endpoint are judged on the same patients and the same samples, so that a difference between
two has limits of its own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.errors import InputError
from sarcoma_core.prognosis.out_of_fold import JudgingPlan, OutOfFold
from sarcoma_core.prognosis.pairs import PairSums, auc_pairs, harrell_pairs, uno_pairs
from sarcoma_core.report.measures import WithLimits
from sarcoma_core.survival.bootstrap import LEAST_SAMPLES, bootstrap, resamples
from sarcoma_core.survival.brier import brier_scores, integrated_brier
from sarcoma_core.survival.calibration import (
    CalibrationCurve,
    ObservedRisk,
    calibration_curve,
    calibration_groups,
)
from sarcoma_core.survival.cox import fit_cox
from sarcoma_core.survival.cox_likelihood import Matrix
from sarcoma_core.survival.follow_up import Counts, Floats1

SAMPLES: Final = LEAST_SAMPLES
"""Of patients, for limits."""
TOLD_REPEAT: Final = 0
"""The repeat of which calibration and curves are told: each patient once, by a model that had not seen it."""

_ROUNDING: Final = 1e-12
"""A risk of 0 or 1 is one that is as near to it as numbers can tell."""


@dataclass(frozen=True, eq=False)
class JudgedCalibration:
    """Whether as many have the event as was predicted, in `TOLD_REPEAT`.

    Args:
        slope: of the log hazard ratio, with a stratum for each fold; 1 is right. None where all are the same.
        risk: predicted, of the event by the main horizon, shape (n,); None without a horizon.
        curve: observed against predicted risk; None where there are too few events for one.
        groups: of patients by predicted risk; none without a horizon.
    """

    slope: WithLimits | None
    risk: Floats1 | None
    curve: CalibrationCurve | None
    groups: tuple[ObservedRisk, ...]


@dataclass(frozen=True, eq=False)
class JudgedModel:
    """How well one model predicts; None where the data do not tell.

    Args:
        harrell: Harrell's C, over the pairs of one fold.
        difference: of that from the first model's; None of the first.
        uno: Uno's C, likewise, up to tau.
        auc: at each horizon, by its days.
        brier: Brier score, integrated up to the latest horizon.
        calibration: of the predicted risk.
    """

    harrell: WithLimits | None
    difference: WithLimits | None
    uno: WithLimits | None
    auc: Mapping[float, WithLimits]
    brier: WithLimits | None
    calibration: JudgedCalibration


@dataclass(frozen=True, eq=False)
class JudgedModels:
    """How well all models of an endpoint predict.

    Args:
        models: by name, in the order in which they were given.
        null_brier: integrated Brier score of predicting what Kaplan-Meier says of the training; None without
            a horizon.
        samples: of patients, for the limits.
    """

    models: Mapping[str, JudgedModel]
    null_brier: float | None
    samples: int

    def ranks_alone(self) -> "JudgedModels":
        """The same without Brier scores and calibration curves, which know of no competing event.

        Of an endpoint that death forestalls, chances that count death in are right and would be punished: of
        4000 simulated patients the true incidence has .184, the true chance if nobody died before .153.
        """
        models = {
            name: replace(
                one, brier=None, calibration=replace(one.calibration, risk=None, curve=None, groups=())
            )
            for name, one in self.models.items()
        }
        return JudgedModels(models, None, self.samples)


def judge(plan: JudgingPlan, predicted: Mapping[str, OutOfFold], *, seed: int) -> JudgedModels:
    """Measure predictions.

    Args:
        plan: by which they were made.
        predicted: of each model, by its name; the first is what the others are compared with.
        seed: of the samples.
    """
    drawn = resamples(len(plan.follow_up), samples=SAMPLES, seed=seed)
    harrell = {name: harrell_pairs(plan.follow_up, one.risk, plan.judged) for name, one in predicted.items()}
    first = next(iter(harrell), "")
    models = {}
    for name, one in predicted.items():
        uno = uno_pairs(plan.follow_up, one.risk, plan.judged, tau=plan.tau)
        apart = None if name == first else _difference(harrell[name], harrell[first])
        models[name] = JudgedModel(
            harrell=limits(harrell[name].of, drawn),
            difference=limits(apart, drawn) if apart else None,
            uno=limits(uno.of, drawn),
            auc=_auc(plan, one.risk, drawn),
            brier=_brier(plan, one.survival, drawn),
            calibration=_calibration(plan, one),
        )
    null = _integrated(plan, None) if plan.horizons else None
    return JudgedModels(models, None if null is None else float(null.mean()), SAMPLES)


def limits(measure: Callable[[Counts], float], drawn: Counts) -> WithLimits | None:
    """A measure with its limits; without limits where too many samples tell nothing, None where all do.

    Args:
        measure: of some rows, repeated ones included; it raises `InputError` where they tell nothing.
        drawn: rows of each sample.
    """
    try:
        found = bootstrap(measure, drawn)
    except InputError:
        try:
            return WithLimits(measure(np.arange(drawn.shape[1])))
        except InputError:
            return None
    return WithLimits(found.value, found.lower, found.upper)


def _difference(one: PairSums, other: PairSums) -> Callable[[Counts], float]:
    return lambda rows: one.of(rows) - other.of(rows)


def _auc(plan: JudgingPlan, risk: Matrix, drawn: Counts) -> Mapping[float, WithLimits]:
    found = {
        days: limits(auc_pairs(plan.follow_up, risk, plan.judged, horizon=days).of, drawn)
        for days in plan.horizons
    }
    return {days: one for days, one in found.items() if one is not None}


def _brier(plan: JudgingPlan, survival: NDArray[np.float64], drawn: Counts) -> WithLimits | None:
    if not plan.horizons:
        return None
    each = _integrated(plan, survival)
    return limits(lambda rows: float(each[rows].mean()), drawn)


def _calibration(plan: JudgingPlan, predicted: OutOfFold) -> JudgedCalibration:
    slope = _slope(plan, predicted.risk[TOLD_REPEAT])
    if plan.main is None:
        return JudgedCalibration(slope, None, None, ())
    place = plan.grid.size + plan.horizons.index(plan.main)
    risk = np.clip(1 - predicted.survival[TOLD_REPEAT, :, place], _ROUNDING, 1 - _ROUNDING)
    try:
        curve = calibration_curve(plan.follow_up, risk, plan.main)
    except InputError:
        curve = None
    try:
        groups = calibration_groups(plan.follow_up, risk, plan.main)
    except InputError:
        groups = ()
    return JudgedCalibration(slope, risk, curve, groups)


def _slope(plan: JudgingPlan, risk: Floats1) -> WithLimits | None:
    """As `calibration_slope`, with a stratum for each fold: their risks are on no common scale."""
    strata = np.zeros(risk.size, np.int64)
    for fold in plan.folds:
        if fold.repeat == TOLD_REPEAT:
            strata[fold.test] = fold.number
    try:
        model = fit_cox(risk[:, None], plan.follow_up, strata=strata)
    except InputError:
        return None
    lower, upper = model.limits()
    return WithLimits(float(model.coefficients[0]), float(lower[0]), float(upper[0]))


def _integrated(plan: JudgingPlan, survival: NDArray[np.float64] | None) -> Floats1:
    """What each patient adds to the integrated Brier score, over all repeats, shape (n,).

    The score of one patient alone is its loss, weighed as that of all.

    Args:
        plan: with the grid.
        survival: predicted, shape (repeats, n, times); None for that of Kaplan-Meier of the training.
    """
    times = plan.grid.size
    lost = np.zeros((len(plan.follow_up), times))
    for number, fold in enumerate(plan.judged):
        for row in fold.test:
            told = plan.baseline[number] if survival is None else survival[fold.repeat, row, :times]
            alone = plan.follow_up.chosen(np.array([row]))
            lost[row] += brier_scores(alone, told[None, :], plan.grid, fold.censoring)
    return np.array([integrated_brier(plan.grid, one) for one in lost / plan.repeats])
