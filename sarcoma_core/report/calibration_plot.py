"""Calibration at a horizon: what was predicted from left to right, what was observed upwards."""

import math
from dataclasses import dataclass

from sarcoma_core.errors import InputError
from sarcoma_core.report.histograms import Tick, ticks
from sarcoma_core.report.line_plot import REFERENCE, SQUARE, DrawnLine, DrawnPoint, LinePlot, PlotFrame
from sarcoma_core.report.measures import WithLimits, fixed, percent, percent_text
from sarcoma_core.text import counted

_ROOM = 1.05
"""The axes end so many times above the largest value."""


@dataclass(frozen=True)
class CalibrationGroup:
    """Patients of similar predicted risk.

    Args:
        predicted: their mean predicted risk, 0 to 1.
        observed: the part that had the event by the horizon, 0 to 1, with its limits.
        n: how many they are.

    Raises:
        InputError: a risk is not 0 to 1.
    """

    predicted: float
    observed: WithLimits
    n: int

    def __post_init__(self) -> None:
        if not all(0 <= risk <= 1 for risk in (self.predicted, self.observed.value)):
            raise InputError("predicted and observed: must be 0 to 1; one is not.")

    @property
    def ends(self) -> tuple[float, float]:
        """The limits; the observed risk itself where there are none, as of a group without events."""
        low, high = (
            self.observed.value if limit is None or math.isnan(limit) else limit
            for limit in (self.observed.lower, self.observed.upper)
        )
        return low, high


@dataclass(frozen=True)
class CalibrationFacts:
    """How well predicted risks at the horizon agree with what happened.

    Args:
        curve: predicted and observed risk, in order of the predicted one; 0 to 1.
        groups: of patients; none where they are too few.
        ici: mean distance of predicted and observed risk over the patients (integrated calibration index).
        e50: their median distance.
        e90: their 90th percentile.
        n: patients.
        events: of these.

    Raises:
        InputError: the curve is no line.
    """

    curve: tuple[tuple[float, float], ...]
    groups: tuple[CalibrationGroup, ...]
    ici: float
    e50: float
    e90: float
    n: int
    events: int

    def __post_init__(self) -> None:
        if len(self.curve) < 2 or list(self.curve) != sorted(self.curve):  # noqa: PLR2004  a line takes two
            raise InputError("curve: must be two points or more, in order of the predicted risk; it is not.")


def calibration_plot(model: str, by: str, facts: CalibrationFacts) -> LinePlot:
    """Draw it; both axes go from 0 to the same end.

    Args:
        model: whose predictions they are.
        by: the horizon in words, e.g. `36 months`.
        facts: what there is to draw.
    """
    reached = [value for point in facts.curve for value in point]
    for one in facts.groups:
        reached += [one.predicted, *one.ends]
    end = min(1.0, _ROOM * max(reached)) or 1.0
    frame = PlotFrame(0.0, end, 0.0, end, SQUARE)
    points = tuple(_point(frame, one) for one in facts.groups)
    measures = f"ICI {fixed(facts.ici, 3)}, E50 {fixed(facts.e50, 3)}, E90 {fixed(facts.e90, 3)}"
    told = f"{counted(facts.n, 'patient')}, {counted(facts.events, 'event')}; {measures}"
    axis = tuple(Tick(fixed(float(tick.text), 0), tick.percent) for tick in ticks(0.0, 100 * end))
    curve = tuple((min(x, end), min(y, end)) for x, y in facts.curve)
    return LinePlot(
        title=f"Calibration: {model}",
        upwards_label=f"Observed by {by}, %",
        across_label=f"Predicted by {by}, %",
        frame=frame,
        across=axis,
        upwards=axis,
        lines=(
            DrawnLine(1, "Observed, smoothed", "", frame.line(curve)),
            DrawnLine(REFERENCE, "As predicted", "", frame.line([(0.0, 0.0), (end, end)])),
        ),
        told=told,
        alt=f"Calibration of {model} at {by}: {told}. {_groups_told(facts.groups)}".rstrip(),
        points=points,
        points_name="Groups of patients, with 95 % limits" if points else "",
    )


def _point(frame: PlotFrame, one: CalibrationGroup) -> DrawnPoint:
    low, high = (frame.y(min(frame.high, limit)) for limit in one.ends)
    title = f"{counted(one.n, 'patient')}: predicted {percent(one.predicted)}, observed "
    return DrawnPoint(
        frame.x(one.predicted), frame.y(one.observed.value), low, high, title + percent_text(one.observed)
    )


def _groups_told(groups: tuple[CalibrationGroup, ...]) -> str:
    """Predicted and observed risk of each group, for who cannot see them."""
    if not groups:
        return ""
    each = (f"{percent(one.predicted)} and {percent(one.observed.value)}" for one in groups)
    return f"Predicted and observed by group: {', '.join(each)}."
