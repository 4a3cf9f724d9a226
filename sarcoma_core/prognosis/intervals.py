"""Into which intervals time is cut for a network: whole months, with events enough in each to be told.

An event time of a patient is nobody else's business, and cut points travel with a model. So intervals end at
multiples of three months, where five or more patients are still followed, and hold five events or more each;
among such ends those are taken that let Kaplan-Meier's survival fall by about the same
(`survival.discrete_time.cut_points`).
"""

from typing import Final

import numpy as np

from sarcoma_core.errors import InputError
from sarcoma_core.prognosis.clinical.endpoints import DAYS_OF_MONTH
from sarcoma_core.prognosis.design import LEAST
from sarcoma_core.survival.discrete_time import cut_points
from sarcoma_core.survival.follow_up import Floats1, FollowUp

STEP_MONTHS: Final = 3


def interval_months(follow_up: FollowUp, *, most: int) -> tuple[int, ...]:
    """Cut points, whole months from 0.

    Args:
        follow_up: of the patients of the training, days; of competing events the first one of any kind.
        most: intervals.

    Raises:
        InputError: there are too few events for one interval.
    """
    months = follow_up.time / DAYS_OF_MONTH
    followed = np.sort(months)[-LEAST] if len(follow_up) >= LEAST else 0.0
    ends = [
        end for end in range(STEP_MONTHS, int(followed) + 1, STEP_MONTHS) if (months > end).sum() >= LEAST
    ]
    happened = np.sort(months[follow_up.event])
    by = {end: int(np.searchsorted(happened, end, side="right")) for end in (0, *ends)}
    kept = [0]
    for target in cut_points(FollowUp(months, follow_up.event), most + 1)[1:] if happened.size else ():
        near = [end for end in ends if end > kept[-1] and by[end] - by[kept[-1]] >= LEAST]
        if near:
            kept.append(min(near, key=lambda end: (abs(end - target), end)))
    if len(kept) == 1:
        raise InputError(
            f"event: must be {LEAST} or more while {LEAST} patients are still followed, for time to be cut "
            "into intervals; there are fewer.",
            hint="Wait for longer follow-up, or for more patients.",
        )
    return tuple(kept)


def days_of(months: tuple[int, ...]) -> Floats1:
    """Cut points in days."""
    return np.array(months, np.float64) * DAYS_OF_MONTH
