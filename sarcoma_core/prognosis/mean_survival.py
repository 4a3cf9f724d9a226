"""Survival as the mean of several networks has it, each of which has cut points of its own."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.prognosis.foretold import ForetoldTimes
from sarcoma_core.survival.follow_up import Floats1

SURVIVAL: Final = "overall_survival"
"""The endpoint."""


def mean_survival(each: Sequence[ForetoldTimes]) -> tuple[Floats1, NDArray[np.float64]]:
    """The mean over networks of the chance to be free, at the cuts of any of them.

    Args:
        each: what the networks foretell of the same patients.

    Returns:
        Days from 0, shape (cuts,), up to the last that all tell of; the mean, shape (n, cuts).
    """
    last = min(float(one.days[-1]) for one in each)
    days = np.unique(np.concatenate([one.days[one.days <= last] for one in each]))
    return days, np.clip(np.mean([1 - one.by(days).sum(axis=1) for one in each], axis=0), 0, 1)
