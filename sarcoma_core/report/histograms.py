"""Histograms of intensities as SVG paths; their axes are text, so that they stay readable when narrow."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sarcoma_core.report.facts import value_text
from sarcoma_core.report.windows import between_percentiles

Values = npt.NDArray[np.floating]

BINS = 128
HEIGHT = 100
"""Of the drawing, in its own units; its width is `BINS`."""

_SHOWN_PERCENTILES = (0.1, 99.9)


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
    ends = [between_percentiles(values, _SHOWN_PERCENTILES) for _, values in samples]
    low, high = min(end[0] for end in ends), max(end[1] for end in ends)
    shares = [_shares(values, low, high) for _, values in samples]
    peak = max(float(share.max()) for share in shares)
    spread = "; ".join(f"{name} {_spread(values)}" for name, values in samples)
    return Histogram(
        title=title,
        unit=unit,
        curves=tuple(
            Curve(name, outline(share / peak)) for (name, _), share in zip(samples, shares, strict=True)
        ),
        ticks=ticks(low, high),
        alt=f"{title}: {spread}" + (f" {unit}." if unit else "."),
    )


def _shares(values: Values, low: float, high: float) -> Values:
    """The share of all values in each bin."""
    counts, _ = np.histogram(values, bins=BINS, range=(low, high))
    return counts / values.size


def _spread(values: Values) -> str:
    low, middle, high = (value_text(float(v)) for v in np.percentile(values, (5, 50, 95)))
    return f"median {middle}, 5 to 95 percentile {low} to {high}"


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
