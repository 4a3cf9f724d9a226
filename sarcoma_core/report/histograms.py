"""Histograms of intensities as SVG paths; their axes are text, so that they stay readable when narrow."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sarcoma_core.report.facts import value_text

Values = npt.NDArray[np.floating]

BINS = 128
HEIGHT = 100
"""Of the drawing, in its own units; its width is `BINS`."""

_PERCENTILES = (0.1, 5, 50, 95, 99.9)
"""The outermost are the ends of the axis."""


@dataclass(frozen=True)
class Tick:
    """A number below the axis: what it says, and where, % of the width."""

    text: str
    percent: float


@dataclass(frozen=True)
class Curve:
    """One distribution: its name and its outline as SVG path data."""

    name: str
    path: str


@dataclass(frozen=True)
class Histogram:
    """Distributions over one axis, the earliest first.

    Args:
        title: what is counted.
        unit: of the axis.
        curves: one for each stage.
        ticks: of the axis.
        alt: what it shows, for who cannot see it.
    """

    title: str
    unit: str
    curves: tuple[Curve, ...]
    ticks: tuple[Tick, ...]
    alt: str


def histogram(title: str, unit: str, samples: Sequence[tuple[str, Values]]) -> Histogram:
    """Draw the distributions of several samples over one axis and to one scale.

    Args:
        title: what is counted.
        unit: of the values.
        samples: name and values of each; finite, at least one.
    """
    spreads = [_Spread(*np.percentile(values, _PERCENTILES)) for _, values in samples]
    low, high = min(spread.lowest for spread in spreads), max(spread.end for spread in spreads)
    shares = [_shares(values, low, high) for _, values in samples]
    peak = max(float(share.max()) for share in shares)
    told = "; ".join(f"{name} {spread.words}" for (name, _), spread in zip(samples, spreads, strict=True))
    return Histogram(
        title=title,
        unit=unit,
        curves=tuple(
            Curve(name, outline(share / peak)) for (name, _), share in zip(samples, shares, strict=True)
        ),
        ticks=ticks(low, high),
        alt=f"{title}: {told}" + (f" {unit}." if unit else "."),
    )


def _shares(values: Values, low: float, high: float) -> Values:
    """The share of all values in each bin."""
    counts, _ = np.histogram(values, bins=BINS, range=(low, high))
    return counts / values.size


class _Spread(NamedTuple):
    """Percentiles of a sample, asked for at once: each asking sorts in part."""

    lowest: float
    low: float
    median: float
    high: float
    highest: float

    @property
    def end(self) -> float:
        """Where the axis may end: at the highest, and a little above the lowest at least."""
        return self.highest if self.highest > self.lowest else self.lowest + 1.0

    @property
    def words(self) -> str:
        """The middle nine tenths, for who cannot see them."""
        low, median, high = (value_text(float(v)) for v in (self.low, self.median, self.high))
        return f"median {median}, 5 to 95 percentile {low} to {high}"


def outline(heights: Values) -> str:
    """A closed step outline, from heights of 0 to 1; shape (BINS,)."""
    steps = "".join(f"V{HEIGHT * (1 - h):.1f}h1" for h in heights)
    return f"M0 {HEIGHT}{steps}V{HEIGHT}Z"


def ticks(low: float, high: float) -> tuple[Tick, ...]:
    """Two to seven round numbers between two ends, evenly apart."""
    raw = (high - low) / 6
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * m for m in (1, 2, 5, 10) if power * m >= raw)
    first, last = math.ceil(low / step), math.floor(high / step)
    numbers = (round(step * n, 10) for n in range(first, last + 1))
    return tuple(Tick(value_text(float(x)), round(100 * (x - low) / (high - low), 2)) for x in numbers)
