"""The Brier score of predicted survival, at times and over them, beside that of Kaplan-Meier.

Source: Graf et al., Statistics in Medicine 1999; weights of the censoring as in `censoring`.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarcoma_core.errors import InputError
from sarcoma_core.survival.arguments import checked_times
from sarcoma_core.survival.censoring import Observation
from sarcoma_core.survival.follow_up import Floats1, FollowUp
from sarcoma_core.survival.kaplan_meier import KaplanMeier


def brier_scores(
    follow_up: FollowUp, survival: NDArray[np.float64], times: ArrayLike, censoring: Observation
) -> Floats1:
    """The Brier score at each time; 0 is perfect, and a guess of a half gives a quarter.

    Args:
        follow_up: of each patient of the test.
        survival: predicted, 0 to 1, shape (n, times).
        times: 0 or later, each before the last follow-up; in any order.
        censoring: of the training.

    Raises:
        InputError: a prediction is no probability or of another shape, or a time is below 0, not finite, or
            beyond the follow-up of the training.
    """
    wanted = checked_times(times, in_order=False)
    if survival.shape != (len(follow_up), wanted.size):
        raise InputError(
            f"survival: must be of {len(follow_up)} patients at {wanted.size} times; found {survival.shape}."
        )
    if not ((survival >= 0) & (survival <= 1)).all():
        raise InputError("survival: must be 0 to 1; it is not.")
    seen = follow_up.event & (follow_up.time <= wanted.max())
    of_case = np.zeros(len(follow_up))
    of_case[seen] = censoring.weights(follow_up.time[seen])
    of_control = censoring.weights(wanted)
    is_case = follow_up.event[:, None] & (follow_up.time[:, None] <= wanted)
    is_control = follow_up.time[:, None] > wanted
    lost = is_case * of_case[:, None] * survival**2 + is_control * of_control * (1 - survival) ** 2
    return np.asarray(lost.mean(axis=0))


def integrated_brier(times: Floats1, scores: Floats1) -> float:
    """The mean Brier score over a span of time, by the trapezoidal rule.

    Args:
        times: in order, two at least.
        scores: at each.

    Raises:
        InputError: there is no span, or not a finite score for each time.
    """
    if times.size < 2 or not (np.isfinite(times).all() and (np.diff(times) > 0).all()):  # noqa: PLR2004  two ends
        raise InputError("times: must be two or more, finite, each later than the one before; they are not.")
    if np.shape(scores) != times.shape or not np.isfinite(scores).all():
        raise InputError(f"scores: must be a finite number for each of {times.size} times; they are not.")
    return float(np.trapezoid(scores, times) / (times[-1] - times[0]))


def baseline_scores(
    follow_up: FollowUp, training: KaplanMeier, times: ArrayLike, censoring: Observation
) -> Floats1:
    """The Brier score of predicting for everybody what Kaplan-Meier says of the training."""
    everybody = training.at(np.atleast_1d(times))
    return brier_scores(
        follow_up, np.broadcast_to(everybody, (len(follow_up), everybody.size)), times, censoring
    )
