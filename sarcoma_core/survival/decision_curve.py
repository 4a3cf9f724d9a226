"""Decision curves: what a model is worth to whoever would act above a threshold of risk.

Net benefit: true positives less false positives, these weighed by the odds of the threshold, per patient. Who
has had the event by the horizon is estimated among those above the threshold: the cumulative incidence of
Aalen and Johansen where death without the event competes; without such deaths it is one less Kaplan-Meier.

Source: Vickers et al., BMC Medical Informatics and Decision Making 2008 (censoring and competing risks).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from sarcoma_core.errors import InputError
from sarcoma_core.survival.aalen_johansen import aalen_johansen
from sarcoma_core.survival.follow_up import Counts, Floats1, FollowUp

LEAST_TREATED: Final = 10
"""Patients at or above a threshold, below which its net benefit is a matter of chance."""
_EVENT, _DEATH = 1, 2


@dataclass(frozen=True, slots=True, eq=False)
class DecisionCurve:
    """Net benefit at each threshold; that of treating nobody is 0.

    Args:
        thresholds: of risk, shape (thresholds,): those of the ones asked for at which it can be told.
        model: of treating those at or above the threshold.
        all: of treating everybody.
    """

    thresholds: Floats1
    model: Floats1
    all: Floats1


def decision_curve(
    follow_up: FollowUp,
    probability: ArrayLike,
    horizon: float,
    thresholds: ArrayLike,
    *,
    died: ArrayLike | None = None,
) -> DecisionCurve:
    """The decision curve at a horizon.

    A threshold is left out where fewer than ten patients are at or above it, or where none of these was
    followed to the horizon and some were lost before it.

    Args:
        follow_up: of each patient.
        probability: predicted, of the event by the horizon, 0 to 1, shape (n,).
        horizon: a time not beyond the last follow-up.
        thresholds: above 0 and below 1.
        died: whether a death without the event ended the time, shape (n,): the event can come no more, which
            censoring does not say. None where no death competes.

    Raises:
        InputError: a probability, the horizon, a threshold or a flag is another, or a patient has both.
    """
    predicted, cuts = np.asarray(probability, np.float64), np.atleast_1d(np.asarray(thresholds, np.float64))
    if predicted.shape != follow_up.time.shape or not ((predicted >= 0) & (predicted <= 1)).all():
        raise InputError(f"probability: must be 0 to 1 for each of {len(follow_up)} patients; it is not.")
    if cuts.ndim != 1 or not ((cuts > 0) & (cuts < 1)).all():
        raise InputError("thresholds: must be above 0 and below 1; some are not.")
    last = float(follow_up.time.max())
    if not 0 < horizon <= last:
        raise InputError(
            f"horizon: must be above 0 and not beyond the last follow-up, {last:g}; found {horizon:g}."
        )
    kinds = _kinds(follow_up, died)
    treated = [predicted >= cut for cut in cuts]
    happened = np.array([_happened(follow_up.time[rows], kinds[rows], horizon) for rows in treated])
    told = ~np.isnan(happened)
    parts = np.array([rows.mean() for rows in treated])[told]
    everybody, odds = _happened(follow_up.time, kinds, horizon), cuts[told] / (1 - cuts[told])
    return DecisionCurve(
        cuts[told],
        parts * (happened[told] - (1 - happened[told]) * odds),
        everybody - (1 - everybody) * odds,
    )


def _kinds(follow_up: FollowUp, died: ArrayLike | None) -> Counts:
    """Of what ended the time of each patient."""
    if died is None:
        return np.where(follow_up.event, _EVENT, 0)
    flags = FollowUp.of(follow_up.time, died).event
    both = int(np.count_nonzero(flags & follow_up.event))
    if both:
        raise InputError(f"died: must be of patients without the event; {both} had it.")
    return np.where(follow_up.event, _EVENT, np.where(flags, _DEATH, 0))


def _happened(time: Floats1, kinds: Counts, horizon: float) -> float:
    """The probability of the event by the horizon; NaN where too few patients tell it."""
    if time.size < LEAST_TREATED:
        return float("nan")
    if not kinds.any():
        return 0.0 if time.max() >= horizon else float("nan")
    found = aalen_johansen(time, kinds)
    if time.max() < horizon and found.free[-1] > 0:
        return float("nan")
    return float(found.at(_EVENT, [horizon])[0]) if _EVENT in found.kinds else 0.0
