"""The area under the ROC curve at a time: who has had the event by then, against who has not.

Cumulative cases and dynamic controls; each case is weighed by how likely it was to be seen.

Source: Uno et al., JASA 2007; Hung and Chiang 2010; the mean over times weighs them by the fall of survival
(Lambert and Chevret, Statistical Methods in Medical Research 2014).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sarcoma_core.errors import InputError
from sarcoma_core.survival.arguments import checked_times
from sarcoma_core.survival.censoring import Observation
from sarcoma_core.survival.follow_up import Counts, Floats1, FollowUp
from sarcoma_core.survival.kaplan_meier import kaplan_meier


@dataclass(frozen=True, slots=True, eq=False)
class DynamicAuc:
    """The area at each time.

    Args:
        times: shape (times,).
        auc: at each; NaN where there is no case or no control.
        cases: how many had the event by then.
        controls: how many were followed beyond it.
        mean: over the times, weighed by the fall of survival between them.
    """

    times: Floats1
    auc: Floats1
    cases: Counts
    controls: Counts
    mean: float


def dynamic_auc(follow_up: FollowUp, risk: ArrayLike, times: ArrayLike, censoring: Observation) -> DynamicAuc:
    """The area under the ROC curve at each time.

    Args:
        follow_up: of each patient of the test.
        risk: higher where the event is expected earlier; shape (n,), or (n, times) where it changes.
        times: in order, 0 or later, each before the last follow-up.
        censoring: of the training.

    Raises:
        InputError: a risk is not finite or of another shape, times are not in order, finite and 0 or later,
            or an event lies beyond the follow-up of the training.
    """
    wanted = checked_times(times)
    scores = np.asarray(risk, np.float64)
    whole = (len(follow_up), wanted.size)
    if scores.shape not in (whole[:1], whole):
        raise InputError(f"risk: must be of shape {whole[:1]} or {whole}; found {scores.shape}.")
    scores = np.broadcast_to(scores[:, None] if scores.ndim == 1 else scores, whole)
    if not np.isfinite(scores).all():
        raise InputError("risk: must be finite; it is not.")
    weights = np.zeros(len(follow_up))
    seen = follow_up.event & (follow_up.time <= wanted[-1])
    weights[seen] = censoring.weights(follow_up.time[seen])
    found = [_area(follow_up, scores[:, n], moment, weights) for n, moment in enumerate(wanted)]
    auc = np.array([area for area, _, _ in found])
    cases, controls = (np.array(column, np.int64) for column in list(zip(*found, strict=True))[1:])
    return DynamicAuc(wanted, auc, cases, controls, _mean(follow_up, wanted, auc))


def _area(follow_up: FollowUp, scores: Floats1, moment: float, weights: Floats1) -> tuple[float, int, int]:
    is_case, is_control = follow_up.event & (follow_up.time <= moment), follow_up.time > moment
    cases, controls = int(is_case.sum()), int(is_control.sum())
    if not cases or not controls:
        return float("nan"), cases, controls
    beyond = np.sort(scores[is_control])
    lower = np.searchsorted(beyond, scores[is_case], side="left")
    equal = np.searchsorted(beyond, scores[is_case], side="right") - lower
    each = weights[is_case]
    return float(each @ (lower + equal / 2) / (each.sum() * controls)), cases, controls


def _mean(follow_up: FollowUp, times: Floats1, auc: Floats1) -> float:
    if times.size == 1:
        return float(auc[0])
    survival = kaplan_meier(follow_up).at(times)
    falls = -np.diff(np.concatenate([[1.0], survival]))
    return float(auc @ falls / (1 - survival[-1])) if survival[-1] < 1 else float("nan")
