"""Concordance: how often the patient of the higher risk has the event first.

Two patients can be compared where the earlier of the two times is an event; at equal times, where one is an
event and the other is censored. Two events at one time are not compared. Equal risks count a half.

Source: Harrell et al., JAMA 1982 and Statistics in Medicine 1996; Uno et al., Statistics in Medicine 2011.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sarcoma_core.errors import InputError
from sarcoma_core.survival.censoring import Observation
from sarcoma_core.survival.dominance import later_smaller
from sarcoma_core.survival.follow_up import Counts, Floats1, FollowUp


@dataclass(frozen=True, slots=True)
class Concordance:
    """A concordance index and what it rests on.

    Args:
        index: (concordant + ties / 2) / all that were compared, each with its weight.
        concordant: pairs in which the higher risk has the event first.
        discordant: pairs in which the lower risk has.
        tied: pairs of equal risk.
    """

    index: float
    concordant: int
    discordant: int
    tied: int


def harrell(follow_up: FollowUp, risk: ArrayLike) -> Concordance:
    """Harrell's C.

    Args:
        follow_up: of each patient.
        risk: higher where the event is expected earlier, shape (n,).

    Raises:
        InputError: a risk is not finite, there is not one for each patient, or no two can be compared.
    """
    return _weighed(follow_up, risk, np.ones(len(follow_up)))


def uno(follow_up: FollowUp, risk: ArrayLike, censoring: Observation, *, tau: float) -> Concordance:
    """Uno's C: events before tau, each weighed by how likely it was to be seen; censoring does not shift it.

    Args:
        follow_up: of each patient of the test.
        risk: higher where the event is expected earlier, shape (n,).
        censoring: of the training.
        tau: events from this time on are not counted.

    Raises:
        InputError: as `harrell`, or an event before tau lies beyond the follow-up of the training.
    """
    counted = follow_up.event & (follow_up.time < tau)
    weights = np.zeros(len(follow_up))
    weights[counted] = censoring.weights(follow_up.time[counted]) ** 2
    return _weighed(follow_up, risk, weights)


def _weighed(follow_up: FollowUp, risk: ArrayLike, weights: Floats1) -> Concordance:
    scores = np.asarray(risk, np.float64)
    if scores.shape != follow_up.time.shape or not np.isfinite(scores).all():
        raise InputError(f"risk: must be a finite number for each of {len(follow_up)} patients; it is not.")
    counted = follow_up.event & (weights > 0)
    later, lower, tied = (counts[counted] for counts in _pairs(follow_up, scores))
    each = weights[counted]
    compared = float(each @ later)
    if not compared:
        raise InputError("risk: must be of two patients that can be compared; found none.")
    index = float(each @ (lower + tied / 2)) / compared
    return Concordance(index, int(lower.sum()), int((later - lower - tied).sum()), int(tied.sum()))


def _pairs(follow_up: FollowUp, scores: Floats1) -> tuple[Counts, Counts, Counts]:
    """For each patient who comes later, who of these has a lower risk, and who the same."""
    _, moment = np.unique(follow_up.time, return_inverse=True)
    key = 2 * moment + ~follow_up.event  # of equal times the censored are later
    _, rank = np.unique(scores, return_inverse=True)
    order = np.lexsort((rank, key))  # of one key the lower risk first, so that none behind it is lower
    later = key.size - np.searchsorted(key[order], key, side="right")
    lower = np.empty(key.size, np.int64)
    lower[order] = later_smaller(rank[order])
    code = rank * (int(key.max()) + 1) + key
    codes = np.sort(code)
    ends = np.searchsorted(codes, (rank + 1) * (int(key.max()) + 1), side="left")
    tied = ends - np.searchsorted(codes, code, side="right")
    return later, lower, tied
