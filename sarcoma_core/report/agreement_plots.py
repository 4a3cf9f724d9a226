"""Bland-Altman plots as SVG: circles for cases, a line for the bias, broken ones for the limits."""

from dataclasses import dataclass

from sarcoma_core.report.facts import value_text
from sarcoma_core.report.histograms import Tick, ticks
from sarcoma_core.segmentation.readers.agreement import PairSummary
from sarcoma_core.text import counted

WIDTH, HEIGHT = 340, 220
"""Of the drawing, in its own units, which are about pixels."""
LEFT, RIGHT, TOP, BOTTOM = 48, 12, 12, 40
"""Room for the numbers of the axes."""
_ROOM = 0.08
"""Of an axis that stays free at either end."""


@dataclass(frozen=True)
class PlotMark:
    """A place in the drawing, with what it is."""

    x: float
    y: float
    title: str


@dataclass(frozen=True)
class PlotLine:
    """A level line: its height, its name, and whether it is broken."""

    y: float
    name: str
    broken: bool


@dataclass(frozen=True)
class BlandAltmanPlot:
    """The volumes of two readers: the mean of both from left to right, their difference upwards.

    Args:
        title: who minus whom.
        marks: one for each case.
        lines: bias, and limits where there are cases enough.
        zero: height of no difference.
        across: ticks of the mean, percent of the width of the axis.
        upwards: ticks of the difference, percent of its height from below.
        told: bias and limits in words, with n.
        alt: what it shows, for who cannot see it.
    """

    title: str
    marks: tuple[PlotMark, ...]
    lines: tuple[PlotLine, ...]
    zero: float
    across: tuple[Tick, ...]
    upwards: tuple[Tick, ...]
    told: str
    alt: str

    @staticmethod
    def x_of(tick: Tick) -> float:
        """Where a tick of the mean is."""
        return round(LEFT + (WIDTH - LEFT - RIGHT) * tick.percent / 100, 1)

    @staticmethod
    def y_of(tick: Tick) -> float:
        """Where a tick of the difference is."""
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * tick.percent / 100, 1)


class _Axis:
    """From values to places, with room at either end.

    Args:
        values: that must lie on it, at least one.
        start: place of its lower end.
        length: of it; negative upwards.
    """

    def __init__(self, values: list[float], start: float, length: float) -> None:
        low, high = min(values), max(values)
        room = _ROOM * (high - low) or max(abs(low), 1.0) * _ROOM
        self.low, self.high = low - room, high + room
        self._start, self._length = start, length

    def at(self, value: float) -> float:
        """Where a value is."""
        return round(self._start + self._length * (value - self.low) / (self.high - self.low), 1)

    @property
    def ticks(self) -> tuple[Tick, ...]:
        """Round numbers on it."""
        return ticks(self.low, self.high)


def bland_altman_plot(pair: PairSummary) -> BlandAltmanPlot:
    """Draw the volumes of two readers.

    Args:
        pair: both, over the cases that they share.
    """
    found = pair.volumes
    levels = [found.bias] if found.low is None or found.high is None else [found.low, found.bias, found.high]
    names = ["bias"] if len(levels) == 1 else ["lower limit", "bias", "upper limit"]
    across = _Axis([mean for mean, _ in found.points], LEFT, WIDTH - LEFT - RIGHT)
    upwards = _Axis(
        [0.0, *levels, *(difference for _, difference in found.points)],
        HEIGHT - BOTTOM,
        TOP + BOTTOM - HEIGHT,
    )
    told = volumes_told(pair)
    return BlandAltmanPlot(
        title=f"{pair.first} minus {pair.second}",
        marks=tuple(
            PlotMark(across.at(mean), upwards.at(diff), f"{case}: {signed(diff)} ml at {mean:.1f} ml")
            for case, (mean, diff) in zip(pair.cases, found.points, strict=True)
        ),
        lines=tuple(
            PlotLine(upwards.at(level), name, name != "bias")
            for level, name in zip(levels, names, strict=True)
        ),
        zero=upwards.at(0.0),
        across=across.ticks,
        upwards=upwards.ticks,
        told=told,
        alt=f"Bland-Altman plot of volumes, {pair.first} minus {pair.second}: {told}.",
    )


def volumes_told(pair: PairSummary) -> str:
    """Bias and limits in words."""
    found = pair.volumes
    cases = counted(found.n, "case")
    bias = f"bias {signed(found.bias)} ml"
    if found.low is None or found.high is None:
        return f"{bias}, {cases}: too few for limits of agreement"
    return f"{bias}, limits of agreement {signed(found.low)} to {signed(found.high)} ml, {cases}"


def signed(value: float) -> str:
    """A number of three digits with its sign."""
    text = value_text(float(f"{value:.3g}"))
    return f"+{text}" if value > 0 else text
