"""Decision curves: what a model is worth to whoever would act above a threshold of risk.

Net benefit: true positives less false positives, these weighed by the odds of the threshold, per patient. Who
has had the event by the horizon is estimated by Kaplan-Meier among those above the threshold.

Source: Vickers et al., BMC Medical Informatics and Decision Making 2008.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sarcoma_core.errors import InputError
from sarcoma_core.survival.follow_up import Flags, Floats1, FollowUp
from sarcoma_core.survival.kaplan_meier import kaplan_meier


@dataclass(frozen=True, slots=True, eq=False)
class DecisionCurve:
    """Net benefit at each threshold; that of treating nobody is 0.

    Args:
        thresholds: of risk, shape (thresholds,).
        model: of treating those above the threshold.
        all: of treating everybody.
    """

    thresholds: Floats1
    model: Floats1
    all: Floats1


def decision_curve(
    follow_up: FollowUp, probability: ArrayLike, horizon: float, thresholds: ArrayLike
) -> DecisionCurve:
    """The decision curve at a horizon.

    Args:
        follow_up: of each patient.
        probability: predicted, of the event by the horizon, 0 to 1, shape (n,).
        horizon: a time not beyond the last follow-up.
        thresholds: above 0 and below 1.

    Raises:
        InputError: a probability, the horizon or a threshold is another.
    """
    predicted, cuts = np.asarray(probability, np.float64), np.atleast_1d(np.asarray(thresholds, np.float64))
    if predicted.shape != follow_up.time.shape or not ((predicted >= 0) & (predicted <= 1)).all():
        raise InputError(f"probability: must be 0 to 1 for each of {len(follow_up)} patients; it is not.")
    if not ((cuts > 0) & (cuts < 1)).all():
        raise InputError("thresholds: must be above 0 and below 1; some are not.")
    last = float(follow_up.time.max())
    if not 0 < horizon <= last:
        raise InputError(
            f"horizon: must be above 0 and not beyond the last follow-up, {last:g}; found {horizon:g}."
        )
    of_model = [_net_benefit(*_treated(follow_up, predicted >= cut, horizon), cut) for cut in cuts]
    everybody = _treated(follow_up, np.ones(len(follow_up), np.bool_), horizon)
    of_all = [_net_benefit(*everybody, cut) for cut in cuts]
    return DecisionCurve(cuts, np.array(of_model), np.array(of_all))


def _treated(follow_up: FollowUp, chosen: Flags, horizon: float) -> tuple[float, float]:
    """Which part of the patients it is, and which part of these has had no event by the horizon."""
    if not chosen.any():
        return 0.0, 0.0  # nobody's benefit is 0, whichever part of nobody it is
    return float(chosen.mean()), float(kaplan_meier(follow_up.chosen(chosen)).at([horizon])[0])


def _net_benefit(part: float, free: float, cut: float) -> float:
    return part * ((1 - free) - free * cut / (1 - cut))
