"""Blocks: what their statistics must add up to."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_core.imaging.blocks import block_statistics, block_sum, grown, spread_out

factors = st.tuples(*[st.integers(1, 4)] * 3)
shapes = st.tuples(*[st.integers(1, 9)] * 3)


def noise(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(1, 9, shape).astype(np.float32)


@given(shapes, factors)
def test_a_sum_over_blocks_loses_nothing(shape: tuple[int, ...], by: tuple[int, int, int]) -> None:
    values = noise(shape)
    sums = block_sum(values, by)
    assert sums.shape == tuple(-(-n // f) for n, f in zip(shape, by, strict=True))
    assert sums.sum(dtype=np.float64) == pytest.approx(values.sum(dtype=np.float64), rel=1e-5)


@given(shapes, factors)
def test_every_statistic_is_numpys_own_of_the_masked_voxels(
    shape: tuple[int, ...], by: tuple[int, int, int]
) -> None:
    values, mask = noise(shape), noise(shape, 1) > 4
    blocks = block_statistics(values, mask, by)
    for place in np.ndindex(blocks.mean.shape):
        box = tuple(slice(i * f, (i + 1) * f) for i, f in zip(place, by, strict=True))
        inside = values[box][mask[box]].astype(np.float64)
        assert blocks.coverage[place] == pytest.approx(inside.size / np.prod(by))
        assert blocks.mean[place] == pytest.approx(inside.mean() if inside.size else 0, rel=1e-5)
        spread = inside.std() / inside.mean() if inside.size else 0
        assert blocks.spread[place] == pytest.approx(spread, abs=2e-3)


@given(shapes, factors, st.sampled_from([2.0**-20, 2.0**20]))
def test_a_gain_scales_the_means_and_leaves_the_spread_and_the_coverage(
    shape: tuple[int, ...], by: tuple[int, int, int], gain: float
) -> None:
    values, mask = noise(shape), noise(shape, 1) > 4
    blocks = block_statistics(values, mask, by)
    scaled = block_statistics((values * gain).astype(np.float32), mask, by)
    np.testing.assert_array_equal(scaled.mean, blocks.mean * gain)
    np.testing.assert_array_equal(scaled.spread, blocks.spread)
    np.testing.assert_array_equal(scaled.coverage, blocks.coverage)


def test_what_is_the_same_everywhere_has_no_spread_whatever_rounding_leaves() -> None:
    """Mean squares less squared means are as often below 0 as above it."""
    levels = np.geomspace(0.1, 10, 1000, dtype=np.float32)
    volume = np.repeat(levels, 27).reshape(-1, 3, 3)
    spread = block_statistics(volume, np.ones(volume.shape, np.bool_), (3, 3, 3)).spread
    assert spread.ravel() == pytest.approx(0, abs=2e-3)


@pytest.mark.parametrize("level", [-3.0, 0.0])
def test_around_a_mean_that_is_not_positive_there_is_no_spread(level: float) -> None:
    volume = (level + np.tile([-1, 1], 4).reshape(2, 2, 2)).astype(np.float32)
    blocks = block_statistics(volume, np.ones(volume.shape, np.bool_), (2, 2, 2))
    assert (blocks.mean.item(), blocks.spread.item()) == (level, 0)


@given(shapes, factors)
def test_block_values_spread_out_lie_on_their_voxels(
    shape: tuple[int, ...], by: tuple[int, int, int]
) -> None:
    numbers = noise(tuple(-(-n // f) for n, f in zip(shape, by, strict=True)))
    voxels = spread_out(numbers, by, shape)
    assert voxels.shape == shape
    for place in np.ndindex(shape):
        assert voxels[place] == numbers[tuple(i // f for i, f in zip(place, by, strict=True))]


def test_a_mask_grows_by_its_reach_along_each_axis_and_no_further() -> None:
    mask = np.zeros((9, 9, 9), np.bool_)
    mask[4, 4, 4] = True
    before = mask.copy()
    expected = np.zeros_like(mask)
    expected[3:6, 2:7, 4] = True
    np.testing.assert_array_equal(grown(mask, (1, 2, 0)), expected)
    np.testing.assert_array_equal(mask, before)


def test_a_mask_at_the_edge_grows_inwards_only() -> None:
    mask = np.zeros((5, 1, 1), np.bool_)
    mask[0] = True
    assert grown(mask, (2, 1, 1)).ravel().tolist() == [True, True, True, False, False]
