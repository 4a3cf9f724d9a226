"""By how much the baseline hazard of relative risks grows in each interval, where risks may change with it.

Breslow's estimate, added up over intervals: what is kept of a model then tells of intervals, each with events
enough, and of nobody's own time.

Source: Breslow 1972; Kvamme, Borgan and Scheel, JMLR 20(129), 2019, equation 7, for risks that change.
"""

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.errors import InputError
from sarcoma_core.survival.follow_up import Floats1, FollowUp


def baseline_increments(risk: NDArray[np.float64], follow_up: FollowUp, cuts: Floats1) -> Floats1:
    """Growth of the cumulative hazard of who has the risk 0, in each interval, shape (intervals,).

    An event at a cut is of the interval that ends there; one beyond the last cut counts nowhere.

    Args:
        risk: log hazard ratio of each patient in each interval, shape (n, intervals).
        follow_up: of the same patients, those of the training.
        cuts: from 0, shape (intervals + 1,).

    Raises:
        InputError: risk is not of these patients and intervals.
    """
    if risk.shape != (len(follow_up), cuts.size - 1):
        raise InputError(f"risk: must be of {len(follow_up)} patients and {cuts.size - 1} intervals.")
    order = np.argsort(-follow_up.time, kind="stable")
    time, event = follow_up.time[order], follow_up.event[order]
    place = np.maximum(np.searchsorted(cuts, time, side="left") - 1, 0)
    # Of each row the last row that is as late or later: all of them are at risk at its time
    last = np.searchsorted(-time, -time, side="right") - 1
    found = np.zeros(cuts.size - 1)
    for interval in range(found.size):
        at = last[event & (place == interval) & (time <= cuts[-1])]
        found[interval] = np.exp(-np.logaddexp.accumulate(risk[order, interval])[at]).sum()
    return found
