"""Hazard ratios on one logarithmic axis: a strip for each covariate, so that its name is text that wraps."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from sarcoma_core.errors import InputError
from sarcoma_core.report.histograms import Tick
from sarcoma_core.report.measures import WithLimits, measure_text

WIDTH, HEIGHT = 240, 20
"""Of a strip, in its own units."""
MARGIN = 16
"""Free at either end of the axis."""
_DOUBLINGS, _DECADES = 10, 2
"""The axis ends at powers of 2 that are so many doublings apart at most, else at powers of ten, so many
at most on either side of 1. A limit beyond these ends in an arrow."""
_LABELLED = 6
"""Where there are more doublings, every second one has its tick."""
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Coefficient:
    """What a model says of one covariate.

    Args:
        name: with its unit or its category, e.g. `Age, per 10 years`.
        hazard_ratio: with its limits; without where a penalty shrinks it.
        p: of the hypothesis that it is 1; None where there is none.
        proportional_p: of the hypothesis that it stays the same over time; None where there is none.

    Raises:
        InputError: the hazard ratio or a limit is not above 0, or the ratio has no end.
    """

    name: str
    hazard_ratio: WithLimits
    p: float | None = None
    proportional_p: float | None = None

    def __post_init__(self) -> None:
        found = self.hazard_ratio
        known = [one for one in (found.value, found.lower, found.upper) if one is not None]
        if not (math.isfinite(found.value) and all(one > 0 for one in known)):
            raise InputError("hazard_ratio: must be finite and above 0, its limits above 0 too; one is not.")


@dataclass(frozen=True)
class ForestStrip:
    """One covariate as places on the axis.

    Args:
        at: the hazard ratio.
        low: the lower limit.
        high: the upper one.
        below: whether the lower limit is beyond the axis.
        above: likewise the upper one.
        alt: what it shows, for who cannot see it.
    """

    at: float
    low: float
    high: float
    below: bool
    above: bool
    alt: str

    @property
    def path(self) -> str:
        """From limit to limit, with an arrow where one is beyond the axis, as SVG path data."""
        middle = HEIGHT // 2
        left = f"M{self.low + 6} {middle - 4}l-6 4l6 4" if self.below else ""
        right = f"M{self.high - 6} {middle - 4}l6 4l-6 4" if self.above else ""
        return f"M{self.low} {middle}H{self.high}{left}{right}"


@dataclass(frozen=True)
class ForestPlot:
    """Strips of one axis; `one` is the place of a hazard ratio of 1."""

    strips: tuple[ForestStrip, ...]
    ticks: tuple[Tick, ...]
    one: float

    @staticmethod
    def x_of(tick: Tick) -> float:
        """Where a tick is."""
        return round(MARGIN + (WIDTH - 2 * MARGIN) * tick.percent / 100, 1)


@dataclass(frozen=True)
class _RatioAxis:
    """A logarithmic axis from one power of a base to another, with 1 in between and its own ticks."""

    base: float
    low: int
    high: int
    every: int = 1

    @classmethod
    def of(cls, rows: Sequence[Coefficient]) -> Self:
        """The axis on which all ratios and limits lie, as far as it goes."""
        found = [value for row in rows for value in (row.hazard_ratio.value, *_ends(row.hazard_ratio))]
        logs = [math.log(value) for value in found if math.isfinite(value)]
        low, high = _powers(logs, 2.0)
        if high - low <= _DOUBLINGS:
            return cls(2.0, low, high, 1 if high - low <= _LABELLED else 2)
        low, high = _powers(logs, 10.0)
        return cls(10.0, max(low, -_DECADES), min(high, _DECADES))

    @property
    def start(self) -> float:
        """The ratio at its lower end."""
        return self.base**self.low

    @property
    def end(self) -> float:
        """The ratio at its upper end."""
        return self.base**self.high

    @property
    def ticks(self) -> tuple[Tick, ...]:
        """Powers of the base, 1 among them."""
        powers = (n for n in range(self.low, self.high + 1) if n % self.every == 0)
        return tuple(Tick(f"{self.base**n:.3g}", round(100 * self._part(self.base**n), 2)) for n in powers)

    def at(self, ratio: float) -> float:
        """Where a ratio is; one beyond the axis is at its end."""
        inside = min(max(ratio, self.start), self.end)
        return round(MARGIN + (WIDTH - 2 * MARGIN) * self._part(inside), 1)

    def _part(self, ratio: float) -> float:
        return (math.log(ratio, self.base) - self.low) / (self.high - self.low)


def _powers(logs: Sequence[float], base: float) -> tuple[int, int]:
    """The powers of a base between which all logarithms lie: one below 1 at least, and one above it."""
    steps = [one / math.log(base) for one in logs]
    return min(-1, math.floor(min(steps) + _ROUNDING)), max(1, math.ceil(max(steps) - _ROUNDING))


def forest_plot(rows: Sequence[Coefficient]) -> ForestPlot:
    """Draw hazard ratios and their limits.

    Args:
        rows: one at least.
    """
    axis = _RatioAxis.of(rows)
    strips = tuple(
        ForestStrip(
            axis.at(row.hazard_ratio.value),
            axis.at(low),
            axis.at(high),
            low < axis.start,
            high > axis.end,
            f"{row.name}: hazard ratio {measure_text(row.hazard_ratio, 2)}",
        )
        for row in rows
        for low, high in [_ends(row.hazard_ratio)]
    )
    return ForestPlot(strips, axis.ticks, axis.at(1.0))


def _ends(found: WithLimits) -> tuple[float, float]:
    return (
        found.value if found.lower is None else found.lower,
        found.value if found.upper is None else found.upper,
    )
