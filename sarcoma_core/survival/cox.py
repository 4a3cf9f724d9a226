"""Cox's proportional hazards, fitted by Newton's method.

Source: Cox 1972. Covariates are centred and scaled for it, and the coefficients are told in the units that
they were given in.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from sarcoma_core.survival.arguments import checked_level, one_of
from sarcoma_core.survival.chi_square import chi_square_tail
from sarcoma_core.survival.cox_likelihood import TIES, Matrix, Ties, risk_sets
from sarcoma_core.survival.follow_up import Counts, Floats1, FollowUp
from sarcoma_core.survival.likelihood_top import likelihood_top
from sarcoma_core.survival.proportional_hazards import ProportionalHazards, breslow_baseline, standardised


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
        """Confidence limits of the coefficients (Wald).

        Raises:
            InputError: the level is not above 0 and below 1.
        """
        width = NormalDist().inv_cdf((1 + checked_level(level)) / 2) * self.standard_errors
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
        InputError: there is no event; a covariate does not vary among those at risk, follows from others, or
            parts the events from the rest, alone or with others, so that its coefficient has no end; its
            spread is no usual number; `ties` or `strata` are others.
    """
    one_of("ties", ties, TIES)
    scaled, means, spreads = standardised(covariates, follow_up)
    sets = risk_sets(scaled, follow_up, strata)
    coefficients, found, null = likelihood_top(sets, ties)
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
