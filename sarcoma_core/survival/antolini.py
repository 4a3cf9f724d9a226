"""Concordance of survival curves that may cross: who has the event first had the lower survival at that time.

With curves that never cross, and without ties, it is Harrell's C of any of their risks.

Source: Antolini, Boracchi and Biganzoli, Statistics in Medicine 2005; ties of predictions and of times,
Ishwaran et al., Annals of Applied Statistics 2008, 5.1, as pycox has them.
"""

from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarcoma_core.errors import InputError
from sarcoma_core.survival.arguments import checked_times, one_of
from sarcoma_core.survival.follow_up import Counts, Flags, FollowUp

AntoliniTies = Literal["adjusted", "strict"]
ANTOLINI_TIES: Final[tuple[AntoliniTies, ...]] = get_args(AntoliniTies)
_CELLS: Final = 1 << 18
"""Pairs looked at together: 2 MiB of survival, so memory does not grow with the square of the patients."""


def antolini(
    follow_up: FollowUp, survival: NDArray[np.float64], times: ArrayLike, *, ties: AntoliniTies = "adjusted"
) -> float:
    """Antolini's time-dependent concordance.

    Compared are pairs whose earlier time is an event, and at one time an event with a censoring: the survival
    of both at the time of the event, which is that of the last time asked for by then; before the first, the
    first.

    Args:
        follow_up: of each patient.
        survival: predicted, 0 to 1, shape (n, times).
        times: in order.
        ties: `strict`: equal survival counts nothing, and two events at one time are not compared (pycox
            `antolini`). `adjusted`: equal survival counts a half; pairs at one time count twice, once for
            each of them, and two events at one time count 1 where survival is equal, else a half
            (`adj_antolini`).

    Raises:
        InputError: survival is none, times are not in order, `ties` is another, or no two patients can be
            compared.
    """
    one_of("ties", ties, ANTOLINI_TIES)
    wanted = checked_times(times)
    if survival.shape != (len(follow_up), wanted.size):
        raise InputError(
            f"survival: must be of {len(follow_up)} patients at {wanted.size} times; found {survival.shape}."
        )
    if not ((survival >= 0) & (survival <= 1)).all():
        raise InputError("survival: must be 0 to 1; it is not.")
    column = np.maximum(np.searchsorted(wanted, follow_up.time, side="right") - 1, 0)
    compared = concordant = 0.0
    rows = np.flatnonzero(follow_up.event)
    at_once = max(1, _CELLS // len(follow_up))
    for first in range(0, rows.size, at_once):
        some = rows[first : first + at_once]
        mine = survival[some, column[some]]
        pairs, good = _counted(follow_up, some, mine[:, None], survival[:, column[some]].T, ties)
        compared, concordant = compared + pairs, concordant + good
    if not compared:
        raise InputError("survival: must be of two patients that can be compared; found none.")
    return concordant / compared


def _counted(
    follow_up: FollowUp,
    rows: Counts,
    mine: NDArray[np.float64],
    theirs: NDArray[np.float64],
    ties: AntoliniTies,
) -> tuple[float, float]:
    """Pairs of some patients with an event and all others, and how many of these are concordant."""
    time = follow_up.time[rows][:, None]
    later, same = time < follow_up.time, time == follow_up.time
    higher, equal = mine < theirs, mine == theirs
    lost, both = same & ~follow_up.event, same & follow_up.event
    both[np.arange(rows.size), rows] = False  # nobody is compared with himself
    if ties == "strict":
        seen = later | lost
        return _count(seen), _count(seen & higher)
    concordant = [_count(one & higher) + _count(one & equal) / 2 for one in (later, lost)]
    good = concordant[0] + 2 * concordant[1] + (_count(both) + _count(both & equal)) / 2
    return _count(later) + 2 * _count(lost) + _count(both), good


def _count(pairs: Flags) -> float:
    return float(np.count_nonzero(pairs))
