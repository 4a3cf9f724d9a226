"""Cox's proportional hazards, fitted by Newton's method.

Source: Cox 1972. Starting at 0 with the step halved where the likelihood falls; covariates are centred and
scaled for it, and the coefficients are told in the units that they were given in.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.errors import InputError
from sarcoma_core.survival.chi_square import chi_square_tail
from sarcoma_core.survival.cox_likelihood import Matrix, Ties, partial_likelihood, risk_sets
from sarcoma_core.survival.follow_up import Counts, Floats1, FollowUp, life_table, steps_at

_ROUNDS = 50
_SETTLED = 1e-10
"""By so much, in parts, the likelihood still grows where it has settled."""
_HALVINGS = 30
_LARGEST = 10.0
"""Of a coefficient, for a covariate of unit spread: a hazard ratio of 22,000 is no estimate, but a likelihood
without a top. It flattens out near twice that."""


@dataclass(frozen=True, slots=True, eq=False)
class CoxModel:
    """A fitted model.

    Args:
        coefficients: log hazard ratio of one unit of each covariate, shape (p,).
        covariance: of the coefficients, shape (p, p).
        log_likelihood: of the partial likelihood.
        null_log_likelihood: of all coefficients 0.
        means: of the covariates, shape (p,): the patient whose baseline is told.
        times: at which there were events, in order, of all strata together.
        cumulative_hazard: of that patient, from each of these times on.
        ties: how they were treated.
        patients: how many there were.
        events: of these with an event.
    """

    coefficients: Floats1
    covariance: Matrix
    log_likelihood: float
    null_log_likelihood: float
    means: Floats1
    times: Floats1
    cumulative_hazard: Floats1
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

    def risk(self, covariates: Matrix) -> Floats1:
        """Log hazard ratio against the patient of mean covariates, shape (n,)."""
        return np.asarray((covariates - self.means) @ self.coefficients)

    def survival(self, covariates: Matrix, times: Floats1) -> NDArray[np.float64]:
        """Predicted survival of each patient at each time, shape (n, times)."""
        hazard = steps_at(self.times, self.cumulative_hazard, times, 0.0)
        return np.asarray(np.exp(-np.exp(self.risk(covariates))[:, None] * hazard))


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
    x = _checked(covariates, follow_up)
    means, spreads = x.mean(axis=0), x.std(axis=0)
    if not (spreads > 0).all():
        flat = ", ".join(str(number) for number in np.flatnonzero(~(spreads > 0)) + 1)
        raise InputError(f"covariates: must each vary between patients; number {flat} does not.")
    scaled = (x - means) / spreads
    sets = risk_sets(scaled, follow_up, strata)
    coefficients = np.zeros(x.shape[1])
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
        if np.abs(coefficients).max() > _LARGEST:
            raise InputError(
                "covariates: must not part events from the rest; one does, and its coefficient has no end.",
                hint="Leave it out, join its rare categories, or fit with a penalty.",
            )
        if gain <= _SETTLED * (1 + abs(found.value)):
            break
    times, hazard = _baseline(scaled @ coefficients, follow_up)
    covariance = np.linalg.inv(found.information) / np.outer(spreads, spreads)
    return CoxModel(
        coefficients / spreads,
        covariance,
        found.value,
        null,
        means,
        times,
        hazard,
        ties,
        len(follow_up),
        follow_up.events,
    )


def _checked(covariates: Matrix, follow_up: FollowUp) -> Matrix:
    x = np.asarray(covariates, np.float64)
    if x.ndim != 2 or x.shape[0] != len(follow_up) or not x.shape[1]:  # noqa: PLR2004  patients by covariates
        raise InputError(f"covariates: must be a row for each of {len(follow_up)} patients; found {x.shape}.")
    if not np.isfinite(x).all():
        raise InputError(f"covariates: must be finite; {int((~np.isfinite(x)).sum())} are not.")
    if not follow_up.events:
        raise InputError("event: must hold one at least to fit a model; found none.")
    return x


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


def _baseline(risk: Floats1, follow_up: FollowUp) -> tuple[Floats1, Floats1]:
    """Breslow's cumulative hazard of a patient whose risk is 0."""
    table = life_table(follow_up)
    happened = table.events > 0
    place = np.searchsorted(table.times, follow_up.time)
    weights = np.bincount(place, np.exp(risk), minlength=table.times.size)[::-1].cumsum()[::-1]
    return table.times[happened], np.cumsum(table.events[happened] / weights[happened])
