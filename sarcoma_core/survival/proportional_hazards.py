"""What models of proportional hazards share: a log hazard ratio, a baseline, how covariates are scaled."""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.errors import InputError
from sarcoma_core.survival.cox_likelihood import Matrix
from sarcoma_core.survival.follow_up import Floats1, FollowUp, life_table, steps_at

LARGEST: Final = 10.0
"""Of a coefficient, for a covariate of unit spread: a hazard ratio of 22,000 is no estimate, but a likelihood
without a top. It flattens out near twice that."""


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
        """Log hazard ratio against the patient of mean covariates, shape (n,)."""
        return np.asarray((covariates - self.means) @ self.coefficients)

    def survival(self, covariates: Matrix, times: Floats1) -> NDArray[np.float64]:
        """Predicted survival of each patient at each time, shape (n, times)."""
        hazard = steps_at(self.times, self.cumulative_hazard, times, 0.0)
        return np.asarray(np.exp(-np.exp(self.risk(covariates))[:, None] * hazard))


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
        InputError: there is no event, or a covariate is not finite or does not vary.
    """
    x = checked(covariates, follow_up)
    means, spreads = x.mean(axis=0), x.std(axis=0)
    flat = np.flatnonzero(~varies(x))
    if flat.size:
        told = ", ".join(str(number) for number in flat + 1)
        raise InputError(f"covariates: must each vary between patients; number {told} does not.")
    return Standardised((x - means) / spreads, means, spreads)


def parted() -> InputError:
    """The error for a covariate whose coefficient has no end."""
    return InputError(
        "covariates: must not part events from the rest; one does, and its coefficient has no end.",
        hint="Leave it out, join its rare categories, or fit with a penalty.",
    )


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


def varies(covariates: Matrix) -> NDArray[np.bool_]:
    """Which covariates are not the same for all patients, shape (p,)."""
    return np.asarray(np.ptp(covariates, axis=0) > 0)


def breslow_baseline(risk: Floats1, follow_up: FollowUp) -> tuple[Floats1, Floats1]:
    """Breslow's cumulative hazard of a patient whose risk is 0.

    Args:
        risk: log hazard ratio of each patient, shape (n,).
        follow_up: of each.

    Returns:
        The times of events, in order, and the cumulative hazard from each on.
    """
    table = life_table(follow_up)
    happened = table.events > 0
    place = np.searchsorted(table.times, follow_up.time)
    weights = np.bincount(place, np.exp(risk), minlength=table.times.size)[::-1].cumsum()[::-1]
    return table.times[happened], np.cumsum(table.events[happened] / weights[happened])
