"""Step functions of time as SVG paths: the axis of time, lines, bands and strokes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Self

import numpy as np

from sarcoma_core.errors import InputError
from sarcoma_core.report.histograms import Tick
from sarcoma_core.report.line_plot import PlotFrame
from sarcoma_core.report.measures import fixed
from sarcoma_core.survival.follow_up import Floats1
from sarcoma_core.survival.kaplan_meier import KaplanMeier

TimeUnit = Literal["months", "years"]
DAYS: Final[Mapping[TimeUnit, float]] = {"months": 30.4375, "years": 365.25}
"""In one of them."""
_STEPS: Final[Mapping[TimeUnit, tuple[float, ...]]] = {
    "months": (0.25, 0.5, 1, 2, 3, 6, 12, 24, 36, 60, 120),
    "years": (0.25, 0.5, 1, 2, 3, 5, 10, 20),
}
_MOST_STEPS = 8
_STROKE = 3.5
"""Half the length of the stroke of a censored patient, in units of the drawing."""


@dataclass(frozen=True)
class Timeline:
    """How time is told.

    Args:
        origin: time zero, e.g. `surgery`.
        unit: of the axis.
        horizon: at which predictions are judged, days.
    """

    origin: str
    unit: TimeUnit
    horizon: float

    def __post_init__(self) -> None:
        if not self.horizon > 0:
            raise InputError(f"horizon: must be above 0 days; found {self.horizon:g}.")

    @property
    def label(self) -> str:
        """Of the axis."""
        return f"{self.unit.capitalize()} from {self.origin}"

    @property
    def by(self) -> str:
        """The horizon in words."""
        return duration(self.horizon, self.unit)


def duration(days: float, unit: TimeUnit) -> str:
    """A time in words, e.g. `36 months` or `2.5 years`."""
    value = round(days / DAYS[unit], 1)
    return f"{fixed(value, 0 if value.is_integer() else 1)} {unit}"


def time_ticks(last: float, unit: TimeUnit) -> tuple[float, ...]:
    """Mostly five to nine round times from 0 on; fewer where the axis is short beside the least step.

    Args:
        last: the end of the axis, in the unit, above 0.
        unit: months go by twelfths of a year.
    """
    steps = _STEPS[unit]
    step = next((one for one in steps if last / one <= _MOST_STEPS), None)
    if step is None:
        step = steps[-1] * float(np.ceil(last / _MOST_STEPS / steps[-1]))
    return tuple(step * n for n in range(int(last / step) + 1))


@dataclass(frozen=True)
class TimeAxis:
    """From 0 to the last follow-up, and its round times."""

    frame: PlotFrame
    times: tuple[float, ...]
    unit: TimeUnit

    @classmethod
    def to(cls, days: float, unit: TimeUnit) -> Self:
        """An axis that ends with the last follow-up, in days."""
        last = days / DAYS[unit] or 1.0
        times = time_ticks(last, unit)
        return cls(PlotFrame(0.0, last, 0.0, 1.0), times, unit)

    @property
    def days(self) -> list[float]:
        """The round times in days."""
        return [DAYS[self.unit] * one for one in self.times]

    @property
    def ticks(self) -> tuple[Tick, ...]:
        """The round times as ticks."""
        return tuple(Tick(f"{one:g}", round(100 * one / self.frame.right, 2)) for one in self.times)

    def x(self, days: float) -> float:
        """Where a day is."""
        return self.frame.x(days / DAYS[self.unit])


def step_path(axis: TimeAxis, days: Floats1, values: Floats1, before: float) -> str:
    """A step function, drawn to its last time; it turns only where the value changes."""
    times = days / DAYS[axis.unit]
    changes = np.flatnonzero(np.diff(values, prepend=before))
    points = [(0.0, before), *((float(times[i]), float(values[i])) for i in changes)]
    return axis.frame.steps(points, float(times[-1]))


def band_path(estimate: KaplanMeier, axis: TimeAxis) -> str:
    """The area between the limits, where there are some: to the time at which they end, and back."""
    times = estimate.table.times / DAYS[axis.unit]
    known = np.flatnonzero(np.isfinite(estimate.lower) & np.isfinite(estimate.upper))
    if not known.size:
        return ""
    first, end = int(known[0]), int(known[-1]) + 1  # survival falls: only its beginning and its end have none
    edges = [*times[first:end], times[min(end, times.size - 1)]]
    above, below = (_corners(edges, part[first:end]) for part in (estimate.upper, estimate.lower))
    return f"{axis.frame.line([*above, *below[::-1]])}Z"


def _corners(edges: Sequence[float], levels: Floats1) -> list[tuple[float, float]]:
    """The corners of a step function, from left to right; it has one edge more than levels."""
    turns = np.flatnonzero(np.diff(levels, prepend=np.nan)).tolist()
    ends = [*turns[1:], levels.size]
    return [
        (float(edges[place]), float(levels[turn]))
        for turn, end in zip(turns, ends, strict=True)
        for place in (turn, end)
    ]


def censored_path(estimate: KaplanMeier, axis: TimeAxis) -> str:
    """A stroke across the curve at each time at which somebody was last seen."""
    table = estimate.table
    seen = [
        (axis.x(float(time)), axis.frame.y(float(level)))
        for time, level, left in zip(table.times, estimate.survival, table.censored, strict=True)
        if left
    ]
    return "".join(f"M{x} {round(y - _STROKE, 1)}v{2 * _STROKE:g}" for x, y in dict.fromkeys(seen))
