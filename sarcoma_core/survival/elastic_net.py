"""Cox's model with the elastic-net penalty, along a path of penalties.

Minimised is, over coefficients of covariates of spread 1,

    - log partial likelihood / n + penalty * sum(factor * (l1_ratio * |b| + (1 - l1_ratio) / 2 * b^2)),

which is that of glmnet, and of scikit-survival's `CoxnetSurvivalAnalysis` on covariates standardised before.
The coefficients are told in the units that the covariates were given in.

Source: Simon, Friedman, Hastie and Tibshirani, Journal of Statistical Software 2011; the strong rule, which
leaves covariates aside at first, Tibshirani et al., JRSS B 2012.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from sarcoma_core.errors import InputError
from sarcoma_core.survival.arguments import one_of
from sarcoma_core.survival.coordinate_descent import Penalty, penalised_minimum
from sarcoma_core.survival.cox_likelihood import (
    TIES,
    Matrix,
    RiskSets,
    Ties,
    log_likelihood,
    partial_likelihood,
    residuals,
    risk_sets,
)
from sarcoma_core.survival.follow_up import Counts, Flags, Floats1, FollowUp
from sarcoma_core.survival.likelihood_top import likelihood_top
from sarcoma_core.survival.proportional_hazards import (
    ProportionalHazards,
    breslow_baseline,
    standardised,
)

COUNT: Final = 100
"""Of penalties, where none are given: glmnet's and scikit-survival's."""
_SMALLEST: Final = (1e-4, 1e-2)
"""The smallest penalty as a part of the largest: with more patients than covariates, and else."""
_LEAST_RATIO: Final = 1e-3
"""Of the l1_ratio that the largest penalty is reckoned with: at 0 no penalty is large enough."""
_SETTLED: Final = 1e-9
"""To so much the condition of the least cost holds, for covariates of spread 1: a smaller penalty cannot be
told from none."""
_ROUNDS: Final = 100
_HALVINGS: Final = 40
_ROUNDING: Final = 1e-12
_ENOUGH: Final = 1e-4
"""The part of the promised gain that a step must bring (Armijo)."""


@dataclass(frozen=True, slots=True, eq=False)
class ElasticNetPath:
    """The coefficients at each penalty.

    Args:
        penalties: from the largest to the smallest, shape (penalties,).
        coefficients: log hazard ratio of one unit of each covariate, shape (penalties, p).
        means: of the covariates, shape (p,).
        spreads: standard deviations, by which they were divided for the penalty, shape (p,).
        l1_ratio: 1 for the lasso, 0 for ridge.
        factors: by which the penalty of each covariate is multiplied, shape (p,); they add up to p.
        ties: how events of one time share their risk set.
    """

    penalties: Floats1
    coefficients: Matrix
    means: Floats1
    spreads: Floats1
    l1_ratio: float
    factors: Floats1
    ties: Ties

    def model(self, number: int, covariates: Matrix, follow_up: FollowUp) -> ProportionalHazards:
        """The model of one penalty.

        Args:
            number: of the penalty, from 0.
            covariates: that the path was fitted to, shape (n, p).
            follow_up: of each patient.
        """
        chosen = self.coefficients[number]
        times, hazard = breslow_baseline((covariates - self.means) @ chosen, follow_up)
        return ProportionalHazards(chosen, self.means, times, hazard)


def fit_elastic_net(
    covariates: Matrix,
    follow_up: FollowUp,
    *,
    l1_ratio: float,
    penalties: ArrayLike | None = None,
    count: int = COUNT,
    factors: ArrayLike | None = None,
    ties: Ties = "efron",
) -> ElasticNetPath:
    """Fit the model at each penalty, each from where the one before it ended.

    Args:
        covariates: finite numbers, shape (n, p), none of them the same for all patients; p may be above n.
            Those that are penalised may follow from one another or part the events from the rest.
        follow_up: of each patient; with an event at least.
        l1_ratio: 0 to 1; the part of the penalty that is on absolute values.
        penalties: 1e-9 or more, from the largest to the smallest; None for some from where no penalised
            covariate is left, evenly apart on the log scale.
        count: of these.
        factors: of each covariate, 0 for one that is not penalised; scaled to add up to p, as glmnet does.
        ties: how events of one time share their risk set; glmnet and scikit-survival know Breslow's alone.

    Raises:
        InputError: an argument is another, an unpenalised covariate follows from other such ones or parts the
            events from the rest, or no penalised one tells anything, so that no largest penalty is known.
    """
    one_of("ties", ties, TIES)
    if not 0 <= l1_ratio <= 1:
        raise InputError(f"l1_ratio: must be 0 to 1; found {l1_ratio:g}.")
    x = standardised(covariates, follow_up)
    shares = _scaled(factors, x.means.size)
    sets = risk_sets(x.values, follow_up)
    wanted = _chosen(sets, l1_ratio, count, shares, ties) if penalties is None else _descending(penalties)
    found = coefficients_along(sets, wanted, l1_ratio, shares, ties)
    return ElasticNetPath(wanted, found / x.spreads, x.means, x.spreads, l1_ratio, shares, ties)


def coefficients_along(
    sets: RiskSets,
    penalties: Floats1,
    l1_ratio: float,
    factors: Floats1,
    ties: Ties,
    *,
    numbers: Counts | None = None,
) -> Matrix:
    """Coefficients at each penalty, of covariates of spread 1 and with nothing checked, shape (penalties, p).

    Args:
        sets: of standardised covariates.
        penalties: from the largest to the smallest.
        l1_ratio: 0 to 1.
        factors: of each covariate.
        ties: how events of one time share their risk set.
        numbers: by which covariates are told in an error, shape (p,); None for 1, 2, ...

    Raises:
        InputError: an unpenalised covariate follows from others or parts the events from the rest.
    """
    start, last = _without_penalised(sets, factors, ties, numbers), float("inf")
    found: list[Floats1] = []
    for penalty in penalties:
        costs = Penalty(penalty * l1_ratio * factors, penalty * (1 - l1_ratio) * factors)
        strong = costs.lasso * (2 - min(last / penalty, 2.0)) if found else costs.lasso
        active = (start != 0) | (np.abs(_slope(sets, start, ties)) >= strong)
        start, last = _minimum(sets, start, costs, active, ties), float(penalty)
        found.append(start)
    return np.array(found)


def _minimum(sets: RiskSets, start: Floats1, costs: Penalty, active: Flags, ties: Ties) -> Floats1:
    """The coefficients of the least cost; those not active are 0, unless that turns out wrong."""
    found, active = start.copy(), active.copy()
    while True:
        if active.any():
            some = replace(sets, covariates=sets.covariates[:, active])
            found[active] = _newton(some, found[active], costs.of(active), ties)
        wrong = ~active & (costs.violation(found, _slope(sets, found, ties)) > _SETTLED)
        if not wrong.any():
            return found
        active |= wrong


def _newton(sets: RiskSets, start: Floats1, costs: Penalty, ties: Ties) -> Floats1:
    """Newton's method: steps to the least of the penalised quadratic form, halved where they gain too little.

    Raises:
        InputError: the method does not settle.
    """
    patients = sets.covariates.shape[0]
    found = start
    for _ in range(_ROUNDS):
        here = partial_likelihood(sets, found, ties)
        slope = -here.gradient / patients
        if costs.violation(found, slope).max() <= _SETTLED:
            return found
        goal = penalised_minimum(here.information / patients, slope, found, costs)
        step = goal - found
        before = -here.value / patients + costs.of_all(found)
        promised = float(slope @ step) + costs.of_all(goal) - costs.of_all(found)
        part = 1.0
        for _ in range(_HALVINGS):
            new = found + part * step
            cost = -log_likelihood(sets, sets.covariates @ new, ties) / patients + costs.of_all(new)
            if cost <= before + _ENOUGH * part * promised + _ROUNDING * abs(before):
                break
            part /= 2
        found = new
    raise InputError(
        "penalties: must be large enough for the model to settle; at one of them it does not.",
        hint="Leave out the smallest penalties.",
    )


def _without_penalised(
    sets: RiskSets, factors: Floats1, ties: Ties, numbers: Counts | None = None
) -> Floats1:
    """The coefficients of the unpenalised covariates alone; all others 0."""
    found, free = np.zeros(factors.size), factors == 0
    if free.any():
        names = np.arange(1, factors.size + 1) if numbers is None else numbers
        some = replace(sets, covariates=sets.covariates[:, free])
        found[free] = likelihood_top(some, ties, names[free]).coefficients
    return found


def _slope(sets: RiskSets, coefficients: Floats1, ties: Ties) -> Floats1:
    """Of minus the log likelihood over n."""
    left = residuals(sets, sets.covariates @ coefficients, ties)
    return np.asarray(-left @ sets.covariates / left.size)


def _chosen(sets: RiskSets, l1_ratio: float, count: int, factors: Floats1, ties: Ties) -> Floats1:
    """Penalties from the least at which every penalised coefficient is 0, evenly apart on the log scale."""
    if count < 1:
        raise InputError(f"count: must be 1 or more; found {count}.")
    slope = _slope(sets, _without_penalised(sets, factors, ties), ties)
    penalised = factors > 0
    largest = float(np.max(np.abs(slope[penalised]) / factors[penalised])) / max(l1_ratio, _LEAST_RATIO)
    patients, covariates = sets.covariates.shape
    smallest = _SMALLEST[patients <= covariates]
    if largest * smallest < _SETTLED:
        raise InputError(
            "covariates: must tell something for penalties to be chosen; no penalised one does.",
            hint="Give penalties.",
        )
    return np.asarray(largest * np.geomspace(1, smallest, count))


def _descending(penalties: ArrayLike) -> Floats1:
    found = np.atleast_1d(np.asarray(penalties, np.float64))
    proper = found.ndim == 1 and found.size and (np.isfinite(found) & (found >= _SETTLED)).all()
    if not proper or not (np.diff(found) < 0).all():
        raise InputError(
            f"penalties: must be {_SETTLED:g} or more, each smaller than the one before; they are not.",
            hint="Without any penalty the model is that of fit_cox.",
        )
    return found


def _scaled(factors: ArrayLike | None, covariates: int) -> Floats1:
    """Factors that add up to the number of covariates."""
    found = np.ones(covariates) if factors is None else np.asarray(factors, np.float64)
    if found.shape != (covariates,) or not (np.isfinite(found) & (found >= 0)).all() or not found.any():
        raise InputError(
            f"factors: must be 0 or more for each of {covariates} covariates, and one above 0; they are not.",
            hint="Without any penalty the model is that of fit_cox.",
        )
    return np.asarray(found * (covariates / found.sum()))
