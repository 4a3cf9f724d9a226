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
_TICKS = ((2.0, 3), (10.0, 2))
"""Ticks double, three at most on either side of 1; else they are powers of ten, two at most. A limit beyond
these ends in an arrow."""
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
    """A logarithmic axis with as much below 1 as above it: ticks are powers of a base."""

    base: float
    steps: int

    @classmethod
    def of(cls, rows: Sequence[Coefficient]) -> Self:
        """The axis on which all ratios and limits lie, as far as it goes."""
        found = [value for row in rows for value in (row.hazard_ratio.value, *_ends(row.hazard_ratio))]
        reach = max(max(value, 1 / value) for value in found if math.isfinite(value))
        for base, most in _TICKS:
            steps = max(1, math.ceil(math.log(reach, base) - _ROUNDING))
            if steps <= most:
                break
        return cls(base, min(steps, most))

    @property
    def end(self) -> float:
        """The ratio at its upper end."""
        return self.base**self.steps

    @property
    def ticks(self) -> tuple[Tick, ...]:
        """Powers of the base."""
        powers = range(-self.steps, self.steps + 1)
        return tuple(Tick(f"{self.base**n:g}", round(50 * (n / self.steps + 1), 2)) for n in powers)

    def at(self, ratio: float) -> float:
        """Where a ratio is; one beyond the axis is at its end."""
        inside = min(max(ratio, 1 / self.end), self.end)
        part = math.log(inside, self.end)
        return round(MARGIN + (WIDTH - 2 * MARGIN) * (part + 1) / 2, 1)


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
            low < 1 / axis.end,
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
