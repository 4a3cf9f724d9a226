"""The restricted mean survival time: the area below the survival curve up to a time."""

import math

import numpy as np

from sarcoma_core.errors import InputError
from sarcoma_core.survival.kaplan_meier import KaplanMeier


def restricted_mean(estimate: KaplanMeier, tau: float) -> tuple[float, float]:
    """Mean survival up to a time, and its standard error.

    Args:
        estimate: of survival.
        tau: the time, above 0 and not beyond the last follow-up.

    Raises:
        InputError: tau is another.

    Source: Klein and Moeschberger, Survival Analysis, 4.5.
    """
    table = estimate.table
    if not 0 < tau <= table.times[-1]:
        raise InputError(
            f"tau: must be above 0 and not beyond the last follow-up, {table.times[-1]:g}; found {tau:g}."
        )
    inside = table.times < tau
    edges = np.concatenate([[0.0], table.times[inside], [tau]]) / tau  # in parts of it nothing overflows
    levels = np.concatenate([[1.0], estimate.survival[inside]])
    areas = levels * np.diff(edges)
    beyond = areas[::-1].cumsum()[::-1][1:]  # from each time to tau
    events, at_risk = table.events[inside], table.at_risk[inside]
    counted = (events > 0) & (at_risk > events)
    variance = float(np.sum(beyond[counted] ** 2 * (events / (at_risk * (at_risk - events + 0.0)))[counted]))
    return tau * float(areas.sum()), tau * math.sqrt(variance)
