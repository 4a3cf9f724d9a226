"""Plots of lines as SVG: where values lie, and paths; the page writes all longer text beside the drawing."""

from collections.abc import Sequence
from dataclasses import dataclass

from sarcoma_core.report.histograms import Tick, ticks
from sarcoma_core.report.measures import fixed

WIDTH, HEIGHT = 400, 264
"""Of the drawing, in its own units, which are about pixels on a narrow screen."""
SQUARE = 376
"""Height of a drawing whose axes are equal."""
LEFT, RIGHT, TOP, BOTTOM = 40, 16, 10, 24
"""Room for the numbers of the axes."""
LINES = 5
"""So many lines are told apart by their dashes."""
REFERENCE = 0
"""The kind of a line to compare with, which is thin."""
SPREAD = 9
"""The kind of many lines told as one, which are thin and lie behind all others."""
PERCENTS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Parts that an axis of percent has ticks at."""


@dataclass(frozen=True)
class DrawnLine:
    """One line of a plot.

    Args:
        kind: how it is drawn, from 1; `REFERENCE` for one to compare with, `SPREAD` for many.
        name: what it is.
        told: more about it in words, or empty.
        path: SVG path data.
        band: likewise, of the area between its limits; empty where there are none.
        strokes: likewise, of short strokes across it; empty where there are none.
    """

    kind: int
    name: str
    told: str
    path: str
    band: str = ""
    strokes: str = ""

    @property
    def above(self) -> bool:
        """Whether it is drawn over those that lie behind."""
        return self.kind != SPREAD


@dataclass(frozen=True)
class DrawnPoint:
    """A point with its limits, as places in the drawing, and what it is."""

    x: float
    y: float
    low: float
    high: float
    title: str


@dataclass(frozen=True)
class AtRiskRow:
    """How many are at risk at each tick, for the line of that kind."""

    kind: int
    name: str
    counts: tuple[str, ...]


@dataclass(frozen=True)
class LinePlot:
    """A drawing and the words around it.

    Args:
        title: what is drawn.
        upwards_label: what the vertical axis is, with its unit.
        across_label: likewise of the horizontal one.
        frame: of the drawing.
        across: ticks below.
        upwards: ticks beside.
        lines: in the order of the legend.
        told: the result in a sentence, with n and events.
        alt: the same for who cannot see it.
        points: drawn on top.
        points_name: what they are; empty where there are none.
        at_risk: rows below the axis; none where it is no time.
    """

    title: str
    upwards_label: str
    across_label: str
    frame: "PlotFrame"
    across: tuple[Tick, ...]
    upwards: tuple[Tick, ...]
    lines: tuple[DrawnLine, ...]
    told: str
    alt: str
    points: tuple[DrawnPoint, ...] = ()
    points_name: str = ""
    at_risk: tuple[AtRiskRow, ...] = ()


@dataclass(frozen=True)
class PlotFrame:
    """From values to places.

    Args:
        left: value at the left end of the axis.
        right: at the right end, above `left`.
        low: at the lower end.
        high: at the upper end, above `low`.
        height: of the drawing.
    """

    left: float
    right: float
    low: float
    high: float
    height: int = HEIGHT

    def x(self, value: float) -> float:
        """Where a value is from left to right."""
        return _place(LEFT + (WIDTH - LEFT - RIGHT) * (value - self.left) / (self.right - self.left))

    def y(self, value: float) -> float:
        """Where a value is from above."""
        across = (self.height - TOP - BOTTOM) * (value - self.low) / (self.high - self.low)
        return _place(self.height - BOTTOM - across)

    def x_of(self, tick: Tick) -> float:
        """Where a tick of the horizontal axis is."""
        return _place(LEFT + (WIDTH - LEFT - RIGHT) * tick.percent / 100)

    def y_of(self, tick: Tick) -> float:
        """Where a tick of the vertical axis is."""
        return _place(self.height - BOTTOM - (self.height - TOP - BOTTOM) * tick.percent / 100)

    def line(self, points: Sequence[tuple[float, float]]) -> str:
        """A line through points, as path data."""
        return "M" + "L".join(f"{self.x(x)} {self.y(y)}" for x, y in points) if points else ""

    def steps(self, points: Sequence[tuple[float, float]], end: float) -> str:
        """A line that steps at each of its points, one at least, and goes on to an end, as path data."""
        (x, y), *others = points
        drawn = "".join(f"H{self.x(x)}V{self.y(y)}" for x, y in others)
        return f"M{self.x(x)} {self.y(y)}{drawn}H{self.x(end)}"

    def whole_ticks_across(self) -> tuple[Tick, ...]:
        """Whole numbers of the horizontal axis, as of epochs: there is no half one."""
        return tuple(tick for tick in ticks(self.left, self.right) if "." not in tick.text)

    def ticks_upwards(self) -> tuple[Tick, ...]:
        """Round numbers of the vertical axis."""
        return ticks(self.low, self.high)


def percent_tick(part: float, low: float, high: float) -> Tick:
    """The tick of a part of 0 to 1, which says percent."""
    return Tick(fixed(100 * part, 0), round(100 * (part - low) / (high - low), 2))


def percent_ticks(frame: PlotFrame) -> tuple[Tick, ...]:
    """The ticks of an axis of parts of 0 to 1, which say percent."""
    return tuple(percent_tick(part, frame.low, frame.high) for part in PERCENTS)


def tick_percent(tick: Tick) -> float:
    """Where a tick below the drawing is, % of the width of the whole drawing."""
    return round(100 * (LEFT + (WIDTH - LEFT - RIGHT) * tick.percent / 100) / WIDTH, 2)


def _place(value: float) -> float:
    return round(value, 1)
