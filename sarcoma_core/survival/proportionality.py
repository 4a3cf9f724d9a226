"""Whether hazards are proportional: do the residuals of a Cox model change with time?

Source: Schoenfeld 1982; Grambsch and Therneau, Biometrika 1994.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.errors import InputError
from sarcoma_core.survival.arguments import one_of
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

    Raises:
        InputError: the covariates are not those of the model.
    """
    if np.shape(covariates)[1:] != model.coefficients.shape:
        raise InputError(
            f"covariates: must be {model.coefficients.size} columns, as of the model; found "
            f"{np.shape(covariates)}."
        )
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

    Raises:
        InputError: all events are at one time, one is at time 0 and the scale is `log`, there is no such
            scale, or the covariates are not those of the model.
    """
    one_of("scale", scale, SCALES)
    times, residuals = schoenfeld_residuals(model, covariates, follow_up)
    events = times.size
    scaled = events * residuals @ model.covariance
    moment = _SCALES[scale](times, follow_up)
    if not np.ptp(moment) > 0:
        raise InputError("time: must differ between events for a change with it to be seen; it is the same.")
    moment = (moment - moment.mean()) / np.ptp(moment)
    statistic = (moment @ scaled) ** 2 / (events * np.diag(model.covariance) * (moment @ moment))
    tails = np.array([chi_square_tail(float(value), 1) for value in statistic])
    return Proportionality(np.asarray(statistic), tails, scale)


def _ranked(times: Floats1, _follow_up: FollowUp) -> NDArray[np.float64]:
    """Ranks of the event times, equal ones in their mean."""
    ordered = np.sort(times)
    first = np.searchsorted(ordered, times, side="left")
    last = np.searchsorted(ordered, times, side="right")
    return np.asarray((first + last + 1) / 2)


def _logarithms(times: Floats1, _follow_up: FollowUp) -> NDArray[np.float64]:
    if not times.min() > 0:
        raise InputError(
            "time: must be above 0 at each event for the scale log; one is at 0.",
            hint="Use another scale: rank, km or identity.",
        )
    return np.asarray(np.log(times))


_SCALES: Final[Mapping[TimeScale, Callable[[Floats1, FollowUp], NDArray[np.float64]]]] = {
    "rank": _ranked,
    "km": lambda times, follow_up: 1 - kaplan_meier(follow_up).at(times),
    "log": _logarithms,
    "identity": lambda times, _: times / times.max(initial=1e-300),  # parts of it, so that none overflows
}
