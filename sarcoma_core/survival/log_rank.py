"""The log-rank test: whether several groups have the same hazard.

Source: Mantel 1966; Peto and Peto 1972; several groups by the generalised inverse of the covariance.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarcoma_core.errors import InputError
from sarcoma_core.survival.arguments import numbered_groups
from sarcoma_core.survival.chi_square import chi_square_tail
from sarcoma_core.survival.follow_up import Floats1, FollowUp, life_table


@dataclass(frozen=True, slots=True, eq=False)
class LogRank:
    """The outcome of the test.

    Args:
        groups: their names, in order.
        observed: events of each.
        expected: events of each, were the hazard the same.
        statistic: chi-square.
        degrees: of freedom, one less than there are groups.
        p: the probability of as large a statistic or a larger one.
    """

    groups: tuple[object, ...]
    observed: Floats1
    expected: Floats1
    statistic: float
    degrees: int
    p: float


def log_rank(follow_up: FollowUp, groups: ArrayLike) -> LogRank:
    """Compare groups.

    Args:
        follow_up: of each patient.
        groups: of each patient, shape (n,); two different ones at least.

    Raises:
        InputError: there are not two, there is not one for each patient, or one is None or NaN.
    """
    labels, member = numbered_groups("groups", groups, len(follow_up))
    if labels.size < 2:  # noqa: PLR2004  a comparison takes two
        raise InputError(f"groups: must be two or more; found {labels.size}.")
    table = life_table(follow_up)
    happened = table.events > 0
    at_risk = np.empty((labels.size, int(happened.sum())))
    observed = np.empty(labels.size)
    for number in range(labels.size):
        mine = np.sort(follow_up.time[member == number])
        at_risk[number] = mine.size - np.searchsorted(mine, table.times[happened], side="left")
        observed[number] = np.count_nonzero(follow_up.event[member == number])
    together, events = table.at_risk[happened], table.events[happened]
    share = at_risk / together
    expected = (share * events).sum(axis=1)
    variance = _covariance(share, together, events)
    apart = observed - expected
    statistic = max(float(apart @ np.linalg.pinv(variance, hermitian=True) @ apart), 0.0)
    degrees = labels.size - 1
    tail = chi_square_tail(statistic, degrees)
    return LogRank(tuple(labels.tolist()), observed, expected, statistic, degrees, tail)


def _covariance(
    share: NDArray[np.float64], at_risk: NDArray[np.int64], events: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Of the events of each group: hypergeometric at each time; none where one alone is at risk."""
    several = at_risk > 1
    spread = np.zeros(at_risk.size)
    spread[several] = (events * (at_risk - events))[several] / (at_risk - 1)[several]
    return np.diag((share * spread).sum(axis=1)) - (share * spread) @ share.T
