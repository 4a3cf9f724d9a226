"""Cumulative incidence where several kinds of events compete: never one minus Kaplan-Meier.

Ties are taken as they are, where others move them apart at random.

Source: Aalen and Johansen 1978; Marubini and Valsecchi, Analysing Survival Data, 10.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarcoma_core.errors import InputError
from sarcoma_core.survival.follow_up import Floats1, FollowUp, life_table, steps_at


@dataclass(frozen=True, slots=True, eq=False)
class CumulativeIncidence:
    """The part that has had each kind of event, just after each distinct time.

    Args:
        times: in order, shape (times,).
        kinds: of events, in order.
        incidence: shape (kinds, times); with the part that had none they add up to 1.
        free: the part that has had none, shape (times,).
    """

    times: Floats1
    kinds: tuple[int, ...]
    incidence: NDArray[np.float64]
    free: Floats1

    def at(self, kind: int, times: ArrayLike) -> Floats1:
        """Incidence of one kind at any times.

        Raises:
            InputError: there is no such kind.
        """
        if kind not in self.kinds:
            raise InputError(f"kind: must be one of {', '.join(map(str, self.kinds))}; found {kind}.")
        return steps_at(self.times, self.incidence[self.kinds.index(kind)], times, 0.0)


def aalen_johansen(time: ArrayLike, kind: ArrayLike) -> CumulativeIncidence:
    """Estimate the cumulative incidence of each kind of event.

    Args:
        time: of each patient, 0 or more.
        kind: 0 where it is censored, else the kind of the event, from 1.

    Raises:
        InputError: a kind is no whole number of 0 or more, there is no event, or see `FollowUp`.
    """
    kinds = np.asarray(kind)
    if kinds.size and (kinds.dtype.kind not in "biuf" or not _whole(kinds)):
        raise InputError("kind: must be 0 where it is censored, else a whole number; found another value.")
    follow_up = FollowUp.of(time, kinds > 0)
    known = tuple(int(one) for one in np.unique(kinds) if one > 0)
    if not known:
        raise InputError("kind: must hold an event at least; found none.")
    table = life_table(follow_up)
    free = table.free
    before = np.concatenate([[1.0], free[:-1]])
    place = np.searchsorted(table.times, follow_up.time)
    counts = [np.bincount(place, kinds == one, minlength=table.times.size) for one in known]
    incidence = np.cumsum([before * count / table.at_risk for count in counts], axis=1)
    return CumulativeIncidence(table.times, known, incidence, free)


def _whole(kinds: NDArray[Any]) -> bool:
    return bool((np.isfinite(kinds) & (kinds >= 0) & (kinds == np.floor(kinds))).all())
