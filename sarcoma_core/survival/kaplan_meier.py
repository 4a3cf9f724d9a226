"""The Kaplan-Meier estimate of survival, with confidence limits.

Source: Kaplan and Meier, JASA 1958; Greenwood 1926; limits on log(-log S), Kalbfleisch and Prentice.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from sarcoma_core.errors import InputError
from sarcoma_core.survival.arguments import checked_level
from sarcoma_core.survival.follow_up import (
    Counts,
    Floats1,
    FollowUp,
    LifeTable,
    life_table,
    numbers_of,
    steps_at,
)

_ROUNDING = 1e-9
"""A product of many parts that should be a half is not always one."""


@dataclass(frozen=True, slots=True, eq=False)
class KaplanMeier:
    """Survival from each distinct time on; all of shape (times,).

    Args:
        table: what happened.
        survival: the part that has had no event, just after each time.
        lower: its lower confidence limit; NaN where it is 1 or 0, of which the variance says nothing.
        upper: the upper one.
    """

    table: LifeTable
    survival: Floats1
    lower: Floats1
    upper: Floats1

    def at(self, times: ArrayLike) -> Floats1:
        """Survival at any times; beyond the last follow-up it stays as it was.

        Raises:
            InputError: a time is NaN.
        """
        return steps_at(self.table.times, self.survival, times, 1.0)

    def at_risk(self, times: ArrayLike) -> Counts:
        """How many were followed up to each time.

        Raises:
            InputError: a time is NaN.
        """
        place = np.searchsorted(self.table.times, numbers_of(times), side="left")
        return np.concatenate([self.table.at_risk, [0]])[place]

    def quantile(self, part: float = 0.5) -> float:
        """The first time at which so small a part is left; infinite where it never is.

        Args:
            part: 0 to 1; a half gives the median.

        Raises:
            InputError: the part is another.
        """
        return _first(self.table.times, self.survival <= _checked_part(part) * (1 + _ROUNDING))

    def quantile_limits(self, part: float = 0.5) -> tuple[float, float]:
        """Confidence limits of a quantile: where the limits of survival cross it (Brookmeyer and Crowley).

        Raises:
            InputError: the part is not 0 to 1.
        """
        times, part = self.table.times, _checked_part(part)
        with np.errstate(invalid="ignore"):
            return _first(times, self.lower <= part), _first(times, self.upper <= part)


def kaplan_meier(follow_up: FollowUp, *, level: float = 0.95) -> KaplanMeier:
    """Estimate survival.

    Args:
        follow_up: of each patient.
        level: of the confidence limits.

    Raises:
        InputError: the level is not above 0 and below 1.
    """
    normal = NormalDist().inv_cdf((1 + checked_level(level)) / 2)
    table = life_table(follow_up)
    survival = table.free
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = table.events / (table.at_risk * (table.at_risk - table.events))
        spread = np.sqrt(np.cumsum(np.where(table.events > 0, steps, 0.0)))
        log_survival = np.log(survival)
        width = normal * spread / log_survival
        lower, upper = (np.exp(log_survival * np.exp(sign * width)) for sign in (-1, 1))
    inside = (survival > 0) & (survival < 1)
    lower, upper = (np.where(inside, limit, np.nan) for limit in (lower, upper))
    return KaplanMeier(table, survival, lower, upper)


def _first(times: Floats1, holds: np.ndarray) -> float:
    return float(times[np.argmax(holds)]) if holds.any() else float("inf")


def _checked_part(part: float) -> float:
    if not 0 <= part <= 1:
        raise InputError(f"part: must be 0 to 1; found {part:g}.")
    return part
