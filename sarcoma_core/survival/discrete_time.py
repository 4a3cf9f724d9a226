"""Survival in discrete time: cut points, labels, the likelihood of hazards, and what lies between cuts.

The cuts are 0 = c_0 < c_1 < ... < c_J; interval j is (c_(j-1), c_j], and a model gives the logit of its
hazard, the probability of the event in it for whoever passed all before. pycox has an output more, for events
at time 0 itself: it is left out, so survival begins at 1.

Source: Gensheimer and Narasimhan, PeerJ 2019; Kvamme and Borgan, Lifetime Data Analysis 2021 (arXiv
1910.06724).
"""

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarcoma_core.errors import InputError
from sarcoma_core.survival.follow_up import Counts, Flags, Floats1, FollowUp
from sarcoma_core.survival.kaplan_meier import kaplan_meier

CutScheme = Literal["quantiles", "equidistant"]
CUT_SCHEMES: Final[tuple[CutScheme, ...]] = get_args(CutScheme)
Between = Literal["density", "hazard"]
BETWEEN: Final[tuple[Between, ...]] = get_args(Between)

_ROUNDING: Final = 1e-12
"""A product of many parts that should be a quarter is not always one."""


@dataclass(frozen=True, slots=True, eq=False)
class DiscreteLabels:
    """What each patient went through.

    Args:
        passed: how many intervals without the event, shape (n,).
        event: whether it happened in the next one; else nothing is known of that.
    """

    passed: Counts
    event: Flags


class HazardLikelihood(NamedTuple):
    """How badly hazards fit.

    Attributes:
        value: mean over patients of minus the log likelihood.
        gradient: by the logits, shape (n, intervals).
    """

    value: float
    gradient: NDArray[np.float64]


def cut_points(follow_up: FollowUp, count: int, *, scheme: CutScheme = "quantiles") -> Floats1:
    """Where time is cut, 0 and the last follow-up included.

    Args:
        follow_up: of the patients of the training, and of no others.
        count: of cuts, one more than there are intervals; 2 or more.
        scheme: `quantiles` lets Kaplan-Meier's survival fall by the same in each interval, so that each holds
            about as many events; where one time has many of them there are fewer cuts. `equidistant` parts
            the time evenly.

    Raises:
        InputError: there are fewer than two cuts, or no event after time 0.
    """
    if count < 2:  # noqa: PLR2004  an interval has two ends
        raise InputError(f"count: must be 2 or more; found {count}.")
    if not (follow_up.event & (follow_up.time > 0)).any():
        raise InputError("event: must hold one after time 0 at least to cut the time; found none.")
    if scheme == "equidistant":
        return np.linspace(0.0, follow_up.time.max(), count)
    estimate = kaplan_meier(follow_up)
    survival, times = estimate.survival, estimate.table.times
    if times[0] > 0:
        survival, times = np.concatenate([[1.0], survival]), np.concatenate([[0.0], times])
    wanted = np.linspace(survival[-1], survival[0], count) - _ROUNDING
    # From the latest time on, the first at which so much is left.
    found = np.unique(times[::-1][np.searchsorted(survival[::-1], wanted)])
    found[0] = 0.0
    return np.asarray(found, np.float64)


def discrete_labels(follow_up: FollowUp, cuts: Floats1) -> DiscreteLabels:
    """Labels of each patient.

    An event counts in the interval that it lies in, one at time 0 in the first. A censored patient has passed
    the intervals that ended by then: the one that was left within tells nothing. An event beyond the last cut
    is censored there.

    Args:
        follow_up: of each patient, of the training or of others.
        cuts: from `cut_points`.

    Raises:
        InputError: cuts do not begin at 0 and go up.
    """
    edges = _edges(cuts)
    event = follow_up.event & (follow_up.time <= edges[-1])
    ended = np.searchsorted(edges, follow_up.time, side="right") - 1
    before = np.searchsorted(edges, follow_up.time, side="left") - 1
    return DiscreteLabels(np.where(event, np.maximum(before, 0), ended).astype(np.int64), event)


def logistic_hazard_likelihood(logits: NDArray[np.float64], labels: DiscreteLabels) -> HazardLikelihood:
    """The likelihood of hazards, and its slope; a batch without an event has one too.

    Args:
        logits: of the hazard, shape (n, intervals).
        labels: of each patient.

    Raises:
        InputError: there is not a row for each patient, or a patient went through more intervals.
    """
    patients, intervals = logits.shape
    if labels.passed.shape != (patients,) or (labels.passed + labels.event).max() > intervals:
        raise InputError(
            f"logits: must be a row for each of {labels.passed.size} patients, a column for each interval; "
            f"found {logits.shape}."
        )
    place = np.arange(intervals)
    passed = place < labels.passed[:, None]
    happened = labels.event[:, None] & (place == labels.passed[:, None])
    lost = np.where(passed, np.logaddexp(0, logits), 0.0) + np.where(happened, np.logaddexp(0, -logits), 0.0)
    hazard = np.exp(-np.logaddexp(0, -logits))
    gradient = np.where(passed | happened, hazard - happened, 0.0) / patients
    return HazardLikelihood(float(lost.sum() / patients), gradient)


def survival_at_cuts(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Survival at each cut, from 1 at time 0, shape (n, intervals + 1).

    Args:
        logits: of the hazard, shape (n, intervals).
    """
    left = np.exp(-np.cumsum(np.logaddexp(0, logits), axis=1))
    return np.concatenate([np.ones((logits.shape[0], 1)), left], axis=1)


def survival_between(
    cuts: Floats1, survival: NDArray[np.float64], times: ArrayLike, *, scheme: Between = "density"
) -> NDArray[np.float64]:
    """Survival at any times: at the cuts as it is, and beyond the last as at it, shape (n, times).

    Args:
        cuts: shape (cuts,).
        survival: at each, shape (n, cuts).
        times: 0 or later.
        scheme: `density` lets survival fall in a straight line between cuts, `hazard` its logarithm.

    Raises:
        InputError: cuts do not begin at 0 and go up, survival is not of them, or a time is below 0.
    """
    edges, wanted = _edges(cuts), np.atleast_1d(np.asarray(times, np.float64))
    if survival.ndim != 2 or survival.shape[1] != edges.size:  # noqa: PLR2004  patients by cuts
        raise InputError(f"survival: must be of each patient at {edges.size} cuts; found {survival.shape}.")
    if not (wanted >= 0).all():
        raise InputError("times: must be 0 or later; some are not.")
    place = np.clip(np.searchsorted(edges, wanted, side="right") - 1, 0, edges.size - 2)
    part = np.minimum((wanted - edges[place]) / np.diff(edges)[place], 1.0)
    first, last = survival[:, place], survival[:, place + 1]
    if scheme == "hazard":
        return np.asarray(first ** (1 - part) * last**part)
    return np.asarray(first * (1 - part) + last * part)


def _edges(cuts: ArrayLike) -> Floats1:
    edges = np.asarray(cuts, np.float64)
    if edges.ndim != 1 or edges.size < 2 or edges[0] != 0 or not (np.diff(edges) > 0).all():  # noqa: PLR2004
        raise InputError("cuts: must be two or more, from 0, each later than the one before; they are not.")
    return edges
