"""Whether hazards are proportional: do the residuals of a Cox model change with time?

Source: Schoenfeld 1982; Grambsch and Therneau, Biometrika 1994.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.survival.chi_square import chi_square_tail
from sarcoma_core.survival.cox import CoxModel
from sarcoma_core.survival.cox_likelihood import Matrix, event_means, risk_sets
from sarcoma_core.survival.follow_up import Floats1, FollowUp
from sarcoma_core.survival.kaplan_meier import kaplan_meier

TimeScale = Literal["rank", "km", "log", "identity"]
SCALES: Final[tuple[TimeScale, ...]] = get_args(TimeScale)


@dataclass(frozen=True, slots=True, eq=False)
class Proportionality:
    """The test of each covariate; a small p says that its hazard ratio changes.

    Args:
        statistic: chi-square with one degree of freedom, shape (p,).
        p: of each, shape (p,).
        scale: of time.
    """

    statistic: Floats1
    p: Floats1
    scale: TimeScale


def schoenfeld_residuals(model: CoxModel, covariates: Matrix, follow_up: FollowUp) -> tuple[Floats1, Matrix]:
    """For each event, by how far the covariates are from those of its risk set.

    Args:
        model: fitted on these patients.
        covariates: shape (n, p).
        follow_up: of each patient.

    Returns:
        The times of the events, from the latest to the earliest, and the residuals, shape (events, p).
    """
    sets = risk_sets(covariates, follow_up)
    longest_first = np.sort(follow_up.time)[::-1]
    times = longest_first[sets.starts + sets.ends - 1]
    return times, sets.covariates[sets.events] - event_means(sets, model.coefficients, model.ties)


def proportionality(
    model: CoxModel, covariates: Matrix, follow_up: FollowUp, *, scale: TimeScale = "rank"
) -> Proportionality:
    """Test each covariate.

    Args:
        model: fitted on these patients, without strata.
        covariates: shape (n, p).
        follow_up: of each patient.
        scale: how time is measured against which the residuals may change.
    """
    times, residuals = schoenfeld_residuals(model, covariates, follow_up)
    events = times.size
    scaled = events * residuals @ model.covariance
    moment = _SCALES[scale](times, follow_up)
    moment = moment - moment.mean()
    statistic = (moment @ scaled) ** 2 / (events * np.diag(model.covariance) * (moment @ moment))
    tails = np.array([chi_square_tail(float(value), 1) for value in statistic])
    return Proportionality(np.asarray(statistic), tails, scale)


def _ranked(times: Floats1, _follow_up: FollowUp) -> NDArray[np.float64]:
    """Ranks of the event times, equal ones in their mean."""
    ordered = np.sort(times)
    first = np.searchsorted(ordered, times, side="left")
    last = np.searchsorted(ordered, times, side="right")
    return np.asarray((first + last + 1) / 2)


_SCALES: Final[Mapping[TimeScale, Callable[[Floats1, FollowUp], NDArray[np.float64]]]] = {
    "rank": _ranked,
    "km": lambda times, follow_up: 1 - kaplan_meier(follow_up).at(times),
    "log": lambda times, _: np.log(times),
    "identity": lambda times, _: times,
}
