"""C of each row and its difference, with limits, on one linear axis each: a strip for every row."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from sarcoma_core.report.histograms import Tick, ticks
from sarcoma_core.report.measures import WithLimits, measure_text

WIDTH, HEIGHT = 220, 20
"""Of a strip, in its own units."""
MARGIN = 14
"""Free at either end of the axis."""
CHANCE: Final = 0.5
NOTHING: Final = 0.0
_STEP: Final = 10
"""An axis ends at tenths."""
_ROUNDING: Final = 1e-9


@dataclass(frozen=True)
class ComparisonStrip:
    """A row as places on the axis.

    Args:
        value: of the measure.
        low: of the lower limit; that of the value where there is none.
        high: likewise of the upper one.
        alt: what it shows, for who cannot see it.
    """

    value: float
    low: float
    high: float
    alt: str


@dataclass(frozen=True)
class ComparisonAxis:
    """An axis on which all rows lie, and the value that stands for chance or for no difference.

    Args:
        title: of the measure.
        low: value at the left.
        high: value at the right, above `low`.
        line: value at which a line is drawn, between them.
    """

    title: str
    low: float
    high: float
    line: float

    @classmethod
    def of(cls, title: str, line: float, found: Sequence[WithLimits | None]) -> Self:
        """The axis of all values and limits, with the line a tenth from either end at least.

        Args:
            title: of the measure.
            line: value of chance or of no difference.
            found: of each row.
        """
        ends = [line, *(end for one in found if one is not None for end in _ends(one))]
        low = math.floor(min(ends) * _STEP + _ROUNDING) / _STEP
        high = math.ceil(max(ends) * _STEP - _ROUNDING) / _STEP
        return cls(title, min(low, line - 1 / _STEP), max(high, line + 1 / _STEP), line)

    @property
    def ticks(self) -> tuple[Tick, ...]:
        """Round numbers on it."""
        return ticks(self.low, self.high)

    @property
    def middle(self) -> float:
        """Where the line is."""
        return self.place(self.line)

    def place(self, value: float) -> float:
        """Where a value is.

        Args:
            value: between the ends.
        """
        return round(MARGIN + (WIDTH - 2 * MARGIN) * (value - self.low) / (self.high - self.low), 1)

    @staticmethod
    def x_of(tick: Tick) -> float:
        """Where a tick is."""
        return round(MARGIN + (WIDTH - 2 * MARGIN) * tick.percent / 100, 1)

    def strip(self, name: str, found: WithLimits | None, *, sign: bool = False) -> ComparisonStrip | None:
        """A row; None where there is no number.

        Args:
            name: of the row.
            found: its measure.
            sign: whether one above 0 gets a plus.
        """
        if found is None:
            return None
        low, high = _ends(found)
        told = f"{name}, {self.title}: {measure_text(found, 3, sign=sign)}"
        return ComparisonStrip(self.place(found.value), self.place(low), self.place(high), told)


def _ends(found: WithLimits) -> tuple[float, float]:
    if found.lower is None or found.upper is None:
        return found.value, found.value
    return min(found.lower, found.value), max(found.upper, found.value)
