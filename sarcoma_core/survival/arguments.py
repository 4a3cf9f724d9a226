"""Checks of arguments that several measures share, each at the door."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarcoma_core.errors import InputError
from sarcoma_core.survival.follow_up import Counts, Floats1


def checked_times(times: ArrayLike, *, in_order: bool = True) -> Floats1:
    """Times at which something is measured, shape (times,).

    Args:
        times: 0 or later, one at least.
        in_order: whether each must be later than the one before.

    Raises:
        InputError: they are others.
    """
    found = np.atleast_1d(np.asarray(times, np.float64))
    proper = found.ndim == 1 and found.size and (np.isfinite(found) & (found >= 0)).all()
    if not proper or (in_order and not (np.diff(found) > 0).all()):
        order = ", each later than the one before" if in_order else ""
        raise InputError(f"times: must be one or more, finite, 0 or later{order}; they are not.")
    return found


def checked_level(level: float) -> float:
    """The level of confidence limits.

    Raises:
        InputError: it is not above 0 and below 1.
    """
    if not 0 < level < 1:
        raise InputError(f"level: must be above 0 and below 1; found {level:g}.")
    return level


def one_of(name: str, value: str, known: Sequence[str]) -> None:
    """Check a choice.

    Raises:
        InputError: it is none of those that are known.
    """
    if value not in known:
        raise InputError(f"{name}: must be one of {', '.join(known)}; found {value!r}.")


def numbered_groups(name: str, groups: ArrayLike, patients: int) -> tuple[NDArray[Any], Counts]:
    """The different labels, in order, and the number of each patient's, from 0.

    Args:
        name: of the argument.
        groups: the label of each patient, shape (n,).
        patients: how many there are.

    Raises:
        InputError: there is not one for each patient, one is None or NaN, or they have no order.
    """
    labels = np.asarray(groups)
    if labels.shape != (patients,):
        raise InputError(f"{name}: must be one for each of {patients} patients; found {labels.shape}.")
    missing = sum(one is None or one != one for one in labels.tolist())  # noqa: PLR0124  NaN alone is not itself
    if missing:
        raise InputError(f"{name}: must be known of each patient; {missing} of {patients} are None or NaN.")
    try:
        known, member = np.unique(labels, return_inverse=True)
    except TypeError:
        raise InputError(f"{name}: must be of one kind, all numbers or all texts; they are not.") from None
    return known, member.astype(np.int64)
