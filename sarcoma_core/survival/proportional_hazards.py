"""What models of proportional hazards share: a log hazard ratio, a baseline, how covariates are scaled."""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.errors import InputError
from sarcoma_core.survival.cox_likelihood import Matrix
from sarcoma_core.survival.follow_up import Flags, Floats1, FollowUp, life_table, steps_at

LEAST_SPREAD: Final = 1e-100
MOST_SPREAD: Final = 1e100
"""Of a covariate, so that the squares of its coefficient and of its standard error are numbers."""
_MOST_RISK: Final = 700.0
"""Of a log hazard ratio: that of 709 is the last to be a number."""


@dataclass(frozen=True, slots=True, eq=False)
class ProportionalHazards:
    """A linear log hazard ratio, and the hazard of the patient of mean covariates.

    Args:
        coefficients: log hazard ratio of one unit of each covariate, shape (p,).
        means: of the covariates, shape (p,): the patient whose baseline is told.
        times: at which there were events, in order, of all strata together.
        cumulative_hazard: of that patient, from each of these times on.
    """

    coefficients: Floats1
    means: Floats1
    times: Floats1
    cumulative_hazard: Floats1

    def risk(self, covariates: Matrix) -> Floats1:
        """Log hazard ratio against the patient of mean covariates, shape (n,).

        Raises:
            InputError: a covariate is not finite, or so large that its risk is not.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            found = np.asarray((covariates - self.means) @ self.coefficients)
        if not np.isfinite(found).all():
            raise InputError(
                f"covariates: must be finite, and so must their risk; {np.sum(~np.isfinite(found))} are not."
            )
        return found

    def survival(self, covariates: Matrix, times: Floats1) -> NDArray[np.float64]:
        """Predicted survival of each patient at each time, shape (n, times).

        Raises:
            InputError: as `risk`.
        """
        hazard = steps_at(self.times, self.cumulative_hazard, times, 0.0)
        ratio = np.exp(np.minimum(self.risk(covariates), _MOST_RISK))
        with np.errstate(over="ignore"):  # a hazard without end leaves nobody
            return np.asarray(np.exp(-ratio[:, None] * hazard))


class Standardised(NamedTuple):
    """Covariates of mean 0 and spread 1.

    Attributes:
        values: shape (n, p).
        means: that were taken off, shape (p,).
        spreads: that they were divided by: standard deviations with n below the root, shape (p,).
    """

    values: Matrix
    means: Floats1
    spreads: Floats1


def standardised(covariates: Matrix, follow_up: FollowUp) -> Standardised:
    """Check and scale what a model is to be fitted to.

    Args:
        covariates: finite numbers, shape (n, p), none of them the same for all patients.
        follow_up: of each patient; with an event at least.

    Raises:
        InputError: there is no event, a covariate is not finite or does not vary, or one is above 1e100 or
            has a spread below 1e-100.
    """
    x = checked(covariates, follow_up)
    _refuse(np.abs(x).max(axis=0) > MOST_SPREAD, f"be {MOST_SPREAD:g} at most")
    _refuse(~varies(x), "vary between patients")
    means, spreads = x.mean(axis=0), x.std(axis=0)
    _refuse(spreads < LEAST_SPREAD, f"have a spread of {LEAST_SPREAD:g} or more")
    return Standardised((x - means) / spreads, means, spreads)


def _refuse(wrong: Flags, rule: str) -> None:
    if wrong.any():
        told = ", ".join(str(number) for number in np.flatnonzero(wrong) + 1)
        raise InputError(f"covariates: must each {rule}; number {told} does not.")


def checked(covariates: Matrix, follow_up: FollowUp) -> Matrix:
    """Covariates as numbers.

    Raises:
        InputError: there is not a row of finite numbers for each patient, or there is no event.
    """
    x = np.asarray(covariates, np.float64)
    if x.ndim != 2 or x.shape[0] != len(follow_up) or not x.shape[1]:  # noqa: PLR2004  patients by covariates
        raise InputError(f"covariates: must be a row for each of {len(follow_up)} patients; found {x.shape}.")
    if not np.isfinite(x).all():
        raise InputError(f"covariates: must be finite; {int((~np.isfinite(x)).sum())} are not.")
    if not follow_up.events:
        raise InputError("event: must hold one at least to fit a model; found none.")
    return x


def varies(covariates: Matrix) -> Flags:
    """Which covariates are not the same for all patients, shape (p,)."""
    return np.asarray(np.ptp(covariates, axis=0) > 0)


def breslow_baseline(risk: Floats1, follow_up: FollowUp) -> tuple[Floats1, Floats1]:
    """Breslow's cumulative hazard of a patient whose risk is 0.

    Args:
        risk: log hazard ratio of each patient, shape (n,).
        follow_up: of each.

    Returns:
        The times of events, in order, and the cumulative hazard from each on.

    Raises:
        InputError: it is too large for a number.
    """
    table = life_table(follow_up)
    happened = table.events > 0
    longest_first = np.argsort(-follow_up.time, kind="stable")
    at_risk = np.logaddexp.accumulate(risk[longest_first])[table.at_risk[happened] - 1]
    if at_risk.min() < -_MOST_RISK:
        raise InputError(
            "covariates: must let the patient at their mean have a hazard; it is too large for a number.",
            hint="One value lies very far from all others: look whether it is right.",
        )
    return table.times[happened], np.cumsum(table.events[happened] * np.exp(-at_risk))
