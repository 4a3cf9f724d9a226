"""Which penalty of an elastic net: by the partial likelihood of patients that were not fitted.

What a fold adds is the partial likelihood of all patients less that of those that were fitted, both at the
coefficients of the latter: the fold's own risk sets may be too small to tell anything.

Source: Verweij and van Houwelingen, Statistics in Medicine 1993; as `cv.glmnet(grouped = TRUE)`, per event.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sarcoma_core.errors import InputError
from sarcoma_core.survival.arguments import numbered_groups
from sarcoma_core.survival.cox_likelihood import Matrix, RiskSets, Ties, log_likelihood, risk_sets
from sarcoma_core.survival.elastic_net import COUNT, ElasticNetPath, coefficients_along, fit_elastic_net
from sarcoma_core.survival.follow_up import Counts, Flags, Floats1, FollowUp
from sarcoma_core.survival.proportional_hazards import checked, standardised, varies


@dataclass(frozen=True, slots=True, eq=False)
class PenaltyChoice:
    """How well each penalty of a path predicts.

    Args:
        path: fitted to all patients.
        deviances: minus twice the cross-validated log partial likelihood per event, shape (penalties,).
        standard_errors: of these, over folds.
        best: number of the penalty of the least deviance.
        simplest: of the largest penalty whose deviance is within one standard error of it.
    """

    path: ElasticNetPath
    deviances: Floats1
    standard_errors: Floats1
    best: int
    simplest: int


def choose_penalty(
    covariates: Matrix,
    follow_up: FollowUp,
    *,
    l1_ratio: float,
    folds: Counts,
    penalties: ArrayLike | None = None,
    count: int = COUNT,
    factors: ArrayLike | None = None,
    ties: Ties = "efron",
) -> PenaltyChoice:
    """Fit a path, and choose from it by cross-validation.

    Means and spreads are those of the patients that are fitted. A covariate that is the same for all of these
    has no coefficient in that fold.

    Args:
        covariates: as of `fit_elastic_net`, as all that is not told here.
        follow_up: of each patient.
        l1_ratio: 0 to 1.
        folds: number of the fold of each patient, shape (n,); two at least, each with an event.
        penalties: from the largest to the smallest.
        count: of penalties, where none are given.
        factors: of each covariate.
        ties: how events of one time share their risk set.

    Raises:
        InputError: a fold holds no event, there are not two, or see `fit_elastic_net`.
    """
    path = fit_elastic_net(
        covariates,
        follow_up,
        l1_ratio=l1_ratio,
        penalties=penalties,
        count=count,
        factors=factors,
        ties=ties,
    )
    x = checked(covariates, follow_up)
    events, place = _events(folds, follow_up)
    everybody = risk_sets(x, follow_up)
    lost = np.array([_lost(path, x, follow_up, everybody, place != fold) for fold in range(events.size)])
    deviances = lost.sum(axis=0) / events.sum()
    apart = (lost / events[:, None] - deviances) ** 2
    errors = np.sqrt(events @ apart / events.sum() / (events.size - 1))
    best = int(np.argmin(deviances))
    simplest = int(np.argmax(deviances <= deviances[best] + errors[best]))
    return PenaltyChoice(path, deviances, errors, best, simplest)


def _lost(
    path: ElasticNetPath, x: Matrix, follow_up: FollowUp, everybody: RiskSets, fitted: Flags
) -> Floats1:
    """Minus twice what those not fitted add to the log partial likelihood, at each penalty."""
    some = follow_up.chosen(fitted)
    live = varies(x[fitted])
    coefficients = np.zeros_like(path.coefficients)
    if live.any():
        scaled = standardised(x[fitted][:, live], some)
        sets = risk_sets(scaled.values, some)
        numbers, factors = np.flatnonzero(live) + 1, path.factors[live]
        found = coefficients_along(sets, path.penalties, path.l1_ratio, factors, path.ties, numbers=numbers)
        coefficients[:, live] = found / scaled.spreads
    theirs = risk_sets(x[fitted], some)
    return np.array(
        [
            -2
            * (
                log_likelihood(everybody, everybody.covariates @ one, path.ties)
                - log_likelihood(theirs, theirs.covariates @ one, path.ties)
            )
            for one in coefficients
        ]
    )


def _events(folds: Counts, follow_up: FollowUp) -> tuple[Counts, Counts]:
    """Events of each fold, and the number of the fold of each patient, from 0.

    Raises:
        InputError: there is not a number of a fold for each patient, not two folds, or one without an event.
    """
    names, place = numbered_groups("folds", folds, len(follow_up))
    events = np.bincount(place, follow_up.event, minlength=names.size).astype(np.int64)
    if names.size < 2 or not events.all():  # noqa: PLR2004  what is left out must leave something
        without = int(np.count_nonzero(events == 0))
        raise InputError(
            f"folds: must be two or more, each with an event; found {names.size}, {without} without.",
            hint="Split events and censored patients apart, each evenly over the folds.",
        )
    return events, place
