"""Histograms draw shares of voxels, on one axis and to one scale."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_core.report.histograms import BINS, HEIGHT, histogram, outline, ticks


def heights(path: str) -> np.ndarray:
    """The heights that a path draws, 0 to 1."""
    tops = re.findall(r"V([\d.]+)h1", path)
    return 1 - np.array([float(top) for top in tops]) / HEIGHT


def test_an_outline_is_closed_and_as_wide_as_its_bins() -> None:
    path = outline(np.linspace(0, 1, BINS))
    assert path.startswith(f"M0 {HEIGHT}")
    assert path.endswith(f"V{HEIGHT}Z")
    assert heights(path) == pytest.approx(np.linspace(0, 1, BINS), abs=6e-4)


def test_more_voxels_of_the_same_kind_draw_the_same_curve() -> None:
    values = np.random.default_rng(0).normal(size=1000)
    drawn = histogram("Intensity", "", [("few", values), ("many", np.tile(values, 3))])
    assert drawn.curves[0].path == drawn.curves[1].path


def test_the_highest_bin_of_all_curves_fills_the_height() -> None:
    rng = np.random.default_rng(0)
    drawn = histogram("Intensity", "", [("a", rng.normal(0, 1, 5000)), ("b", rng.normal(0, 3, 5000))])
    assert max(heights(curve.path).max() for curve in drawn.curves) == pytest.approx(1)


def test_a_curve_has_its_peak_where_its_values_are() -> None:
    values = np.concatenate([np.zeros(10), np.full(1000, 75.0), np.full(10, 100.0)])
    drawn = histogram("Intensity", "", [("a", values)])
    assert heights(drawn.curves[0].path).argmax() == pytest.approx(0.75 * BINS, abs=1)


@given(st.floats(-1e5, 1e5), st.floats(1e-3, 1e5))
def test_ticks_are_a_few_round_numbers_evenly_apart(low: float, width: float) -> None:
    drawn = ticks(low, low + width)
    places = [tick.percent for tick in drawn]
    assert 2 <= len(drawn) <= 7
    assert all(-0.01 <= place <= 100.01 for place in places)
    assert np.diff(places) == pytest.approx(np.diff(places)[0], abs=0.05)
    step = np.diff(places)[0] / 100 * width
    mantissa = step / 10 ** math.floor(math.log10(step) + 1e-3)
    assert min(abs(mantissa - round_one) for round_one in (1, 2, 5)) < 0.05


@pytest.mark.parametrize("values", [np.zeros(9), np.array([7.0])])
def test_values_without_spread_are_drawn_all_the_same(values: np.ndarray) -> None:
    assert len(histogram("Intensity", "", [("a", values)]).curves) == 1
