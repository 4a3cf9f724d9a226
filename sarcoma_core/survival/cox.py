"""Cox's proportional hazards, fitted by Newton's method.

Source: Cox 1972. Starting at 0 with the step halved where the likelihood falls; covariates are centred and
scaled for it, and the coefficients are told in the units that they were given in.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from sarcoma_core.errors import InputError
from sarcoma_core.survival.chi_square import chi_square_tail
from sarcoma_core.survival.cox_likelihood import Matrix, Ties, partial_likelihood, risk_sets
from sarcoma_core.survival.follow_up import Counts, Floats1, FollowUp
from sarcoma_core.survival.proportional_hazards import (
    LARGEST,
    ProportionalHazards,
    breslow_baseline,
    parted,
    standardised,
)

_ROUNDS = 50
_SETTLED = 1e-10
"""By so much, in parts, the likelihood still grows where it has settled."""
_HALVINGS = 30


@dataclass(frozen=True, slots=True, eq=False)
class CoxModel(ProportionalHazards):
    """A fitted model, with how sure its coefficients are.

    Args:
        covariance: of the coefficients, shape (p, p).
        log_likelihood: of the partial likelihood.
        null_log_likelihood: of all coefficients 0.
        ties: how they were treated.
        patients: how many there were.
        events: of these with an event.
    """

    covariance: Matrix
    log_likelihood: float
    null_log_likelihood: float
    ties: Ties
    patients: int
    events: int

    @property
    def standard_errors(self) -> Floats1:
        """Of the coefficients."""
        return np.sqrt(np.diag(self.covariance))

    def limits(self, level: float = 0.95) -> tuple[Floats1, Floats1]:
        """Confidence limits of the coefficients (Wald)."""
        width = NormalDist().inv_cdf((1 + level) / 2) * self.standard_errors
        return self.coefficients - width, self.coefficients + width

    @property
    def likelihood_ratio(self) -> tuple[float, float]:
        """Statistic and p of the test that no covariate tells anything."""
        statistic = 2 * (self.log_likelihood - self.null_log_likelihood)
        return statistic, chi_square_tail(max(statistic, 0.0), self.coefficients.size)


def fit_cox(
    covariates: Matrix, follow_up: FollowUp, *, ties: Ties = "efron", strata: Counts | None = None
) -> CoxModel:
    """Fit the model.

    Args:
        covariates: finite numbers, shape (n, p), none of them the same for all patients.
        follow_up: of each patient; with an event at least.
        ties: how events of one time share their risk set.
        strata: number of each patient's stratum; each has a baseline of its own.

    Raises:
        InputError: there is no event, a covariate does not vary or follows from others, or one parts the
            events from the rest, so that its coefficient has no end.
    """
    scaled, means, spreads = standardised(covariates, follow_up)
    sets = risk_sets(scaled, follow_up, strata)
    coefficients = np.zeros(means.size)
    found = partial_likelihood(sets, coefficients, ties)
    null = found.value
    for _ in range(_ROUNDS):
        step = _step(found.information, found.gradient)
        for _ in range(_HALVINGS):
            new = partial_likelihood(sets, coefficients + step, ties)
            if np.isfinite(new.value) and new.value >= found.value - _SETTLED:
                break
            step = step / 2
        coefficients, gain, found = coefficients + step, new.value - found.value, new
        if np.abs(coefficients).max() > LARGEST:
            raise parted()
        if gain <= _SETTLED * (1 + abs(found.value)):
            break
    times, hazard = breslow_baseline(scaled @ coefficients, follow_up)
    return CoxModel(
        coefficients=coefficients / spreads,
        means=means,
        times=times,
        cumulative_hazard=hazard,
        covariance=np.linalg.inv(found.information) / np.outer(spreads, spreads),
        log_likelihood=found.value,
        null_log_likelihood=null,
        ties=ties,
        patients=len(follow_up),
        events=follow_up.events,
    )


def _step(information: Matrix, gradient: Floats1) -> Floats1:
    """Newton's step.

    Raises:
        InputError: the covariates follow from one another.
    """
    try:
        return np.asarray(np.linalg.solve(information, gradient))
    except np.linalg.LinAlgError:
        raise InputError(
            "covariates: must not follow from one another; some do.", hint="Leave one of them out."
        ) from None
