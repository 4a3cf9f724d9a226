"""Inverse probability of censoring weights: how likely it was to be still under observation.

The weight of a patient is one over the Kaplan-Meier estimate of not being censored. At a time with events and
censorings the events come first. It is fitted on the patients of the training, and used on those of the test.

Source: Uno et al., Statistics in Medicine 2011; Graf et al. 1999.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sarcoma_core.errors import InputError
from sarcoma_core.survival.follow_up import Floats1, FollowUp, LifeTable, life_table, steps_at


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """The probability of still being under observation.

    Args:
        table: of the patients that it was fitted on.
        probability: just after each distinct time, shape (times,).
    """

    table: LifeTable
    probability: Floats1

    def at(self, times: ArrayLike) -> Floats1:
        """At any times."""
        return steps_at(self.table.times, self.probability, times, 1.0)

    def weights(self, times: ArrayLike) -> Floats1:
        """One over the probability.

        Raises:
            InputError: at one of these times nobody can be under observation any more.
        """
        found = self.at(times)
        if not (found > 0).all():
            raise InputError(
                "time: must lie before the last follow-up of the training; some are beyond it, where nobody "
                "was under observation.",
                hint="Measure up to an earlier time: tau.",
            )
        return 1 / found


def observation(follow_up: FollowUp) -> Observation:
    """Estimate the probability of still being under observation.

    Args:
        follow_up: of the patients of the training.
    """
    table = life_table(follow_up)
    left = table.at_risk - table.events  # who had the event at that time is no more censored at it
    with np.errstate(divide="ignore", invalid="ignore"):
        stays = np.where(table.censored > 0, 1 - table.censored / left, 1.0)
    return Observation(table, np.asarray(np.cumprod(stays), np.float64))
