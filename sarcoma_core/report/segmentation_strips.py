"""Strips of patients: points, quartiles as a box and the median as a line, on an axis for each measure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sarcoma_core.report.histograms import Tick, ticks
from sarcoma_core.report.measures import fixed
from sarcoma_core.report.segmentation_names import DECIMALS, MEASURE_TITLES
from sarcoma_core.segmentation.evaluation.medians import (
    LARGER_IS_BETTER,
    MeasureKey,
    MedianWithLimits,
    ScoredPatient,
)
from sarcoma_core.text import counted

WIDTH, HEIGHT = 300, 34
"""Of a strip, in its own units."""
MARGIN = 14
"""Free at either end of the axis."""
_ROWS: Final = (0, -6, 6, -3, 3, -9, 9)
"""Heights by turns, so that equal values do not hide one another."""


@dataclass(frozen=True)
class StripPoint:
    """A patient: where, what it says, and whether a case failed."""

    x: float
    y: float
    title: str
    failed: bool


@dataclass(frozen=True)
class PatientStrip:
    """The patients of one line of the table.

    Args:
        points: one for each.
        box: places of the quartiles and the median between them.
        alt: what it shows, for who cannot see it.
    """

    points: tuple[StripPoint, ...]
    box: tuple[float, float, float]
    alt: str


@dataclass(frozen=True)
class StripAxis:
    """The axis of one measure; what lies beyond its end is drawn there.

    Args:
        measure: of it.
        low: value at the left.
        high: value at the right, above `low`.
    """

    measure: MeasureKey
    low: float
    high: float

    @property
    def title(self) -> str:
        """Of the measure."""
        return MEASURE_TITLES[self.measure]

    @property
    def ticks(self) -> tuple[Tick, ...]:
        """Round numbers on it."""
        return ticks(self.low, self.high)

    def at(self, value: float) -> float:
        """Where a value is."""
        inside = min(max(value, self.low), self.high)
        return round(MARGIN + (WIDTH - 2 * MARGIN) * (inside - self.low) / (self.high - self.low), 1)

    @staticmethod
    def x_of(tick: Tick) -> float:
        """Where a tick is."""
        return round(MARGIN + (WIDTH - 2 * MARGIN) * tick.percent / 100, 1)

    def strip(self, name: str, patients: Sequence[ScoredPatient], told: MedianWithLimits) -> PatientStrip:
        """Draw the patients of a line.

        Args:
            name: of the line.
            patients: with a value each, one at least.
            told: their median and quartiles.
        """
        places, held = DECIMALS[self.measure], [one for one in patients if self.measure in one.values]
        points = tuple(
            StripPoint(
                self.at(one.values[self.measure]),
                HEIGHT / 2 + _ROWS[number % len(_ROWS)],
                f"{one.subject}: {fixed(one.values[self.measure], places)}{', failed' if one.failed else ''}",
                one.failed,
            )
            for number, one in enumerate(sorted(held, key=lambda patient: patient.values[self.measure]))
        )
        median, q1, q3 = told.median or 0.0, told.q1 or 0.0, told.q3 or 0.0
        quartiles = f"{fixed(q1, places)} to {fixed(q3, places)}"
        words = f"median {fixed(median, places)}, quartiles {quartiles}, {counted(told.n, 'patient')}"
        return PatientStrip(
            points, (self.at(q1), self.at(median), self.at(q3)), f"{name}, {self.title}: {words}."
        )


def strip_axis(measure: MeasureKey, lines: Mapping[str, Sequence[ScoredPatient]]) -> StripAxis:
    """The axis of a measure on which all lines lie; distances of patients that failed are beyond its end.

    Args:
        measure: of it.
        lines: patients of each line.
    """
    whole = [one for held in lines.values() for one in held if measure in one.values]
    kept = [one.values[measure] for one in whole if not one.failed] or [one.values[measure] for one in whole]
    if measure in LARGER_IS_BETTER:
        low = min((one.values[measure] for one in whole), default=0.0)
        return StripAxis(measure, max(0.0, min(0.9, int(low * 10) / 10)), 1.0)
    return StripAxis(measure, 0.0, max([*kept, 1.0]) * 1.05)
