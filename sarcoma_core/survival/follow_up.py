"""How long patients were followed and whether that ended with an event, and what happened at each time."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarcoma_core.errors import InputError

Floats1 = NDArray[np.float64]
"""One number for each patient, or for each time."""
Flags = NDArray[np.bool_]
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class FollowUp:
    """The follow-up of each patient.

    Args:
        time: from time zero to the event or to the last look; 0 or more, shape (n,).
        event: whether the event ended it, shape (n,); else it is censored.

    Raises:
        InputError: there is no patient, lengths differ, or a value is not of its kind.
    """

    time: Floats1
    event: Flags

    def __post_init__(self) -> None:
        if self.time.ndim != 1 or self.time.shape != self.event.shape or not self.time.size:
            raise InputError(
                f"time and event: must be one of each for every patient, one at least; found shapes "
                f"{self.time.shape} and {self.event.shape}."
            )
        wrong = int(np.count_nonzero(~(np.isfinite(self.time) & (self.time >= 0))))
        if wrong:
            raise InputError(f"time: must be 0 or more and finite; {wrong} of {self.time.size} are not.")

    @classmethod
    def of(cls, time: ArrayLike, event: ArrayLike) -> Self:
        """Read it off arrays or lists.

        Args:
            time: numbers.
            event: booleans, or 0 and 1.

        Raises:
            InputError: a time is no number, an event is neither, or see `FollowUp`.
        """
        events = np.asarray(event)
        if events.dtype != np.bool_:
            if not np.isin(events, (0, 1)).all():
                raise InputError("event: must be 0 or 1; found another value.")
            events = events.astype(np.bool_)
        try:
            times = np.asarray(time, np.float64)
        except (TypeError, ValueError):
            raise InputError("time: must be a number for each patient; one is none.") from None
        return cls(times, events)

    def __len__(self) -> int:
        return int(self.time.size)

    @property
    def events(self) -> int:
        """How many events there are."""
        return int(np.count_nonzero(self.event))

    def chosen(self, rows: Flags | Counts) -> "FollowUp":
        """Some of the patients, or some of them several times."""
        return FollowUp(self.time[rows], self.event[rows])


@dataclass(frozen=True, slots=True, eq=False)
class LifeTable:
    """What happened at each distinct time, in order; all of shape (times,).

    Args:
        times: each once, events and censorings alike.
        at_risk: how many were followed up to that time.
        events: how many events were at it.
        censored: how many were last seen at it: they were at risk of its events.
    """

    times: Floats1
    at_risk: Counts
    events: Counts
    censored: Counts

    @property
    def free(self) -> Floats1:
        """The part that has had no event, just after each time: the product limit."""
        return np.asarray(np.cumprod(1 - self.events / self.at_risk), np.float64)


def life_table(follow_up: FollowUp) -> LifeTable:
    """Count what happened at each distinct time."""
    times, place = np.unique(follow_up.time, return_inverse=True)
    events = np.bincount(place, follow_up.event, minlength=times.size).astype(np.int64)
    left = np.bincount(place, minlength=times.size)
    at_risk = left[::-1].cumsum()[::-1]
    return LifeTable(times, at_risk.astype(np.int64), events, (left - events).astype(np.int64))


def steps_at(times: Floats1, values: Floats1, wanted: ArrayLike, before: float) -> Floats1:
    """A step function that is continuous from the right.

    Args:
        times: where it steps, in order.
        values: from each of these on.
        wanted: where it is asked for.
        before: its value before the first step.

    Raises:
        InputError: a time that is asked for is NaN.
    """
    at = np.searchsorted(times, numbers_of(wanted), side="right")
    return np.concatenate([[before], values])[at]


def numbers_of(times: ArrayLike) -> NDArray[np.float64]:
    """Times at which something is asked for, of any shape; before 0 and without end too.

    Raises:
        InputError: one is NaN.
    """
    found = np.asarray(times, np.float64)
    if np.isnan(found).any():
        raise InputError(f"times: must be numbers; {int(np.isnan(found).sum())} of {found.size} are NaN.")
    return found
