"""Long and short axis: numbers of geometry, and laws that hold however an array is turned."""

import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from sarcoma_core.errors import InputError
from sarcoma_core.imaging.extent import Extent, axes_mm, extent

regions = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, max_side=7), elements=st.booleans()).filter(
    np.any
)
masks = arrays(np.bool_, array_shapes(min_dims=3, max_dims=3, max_side=5), elements=st.booleans()).filter(
    np.any
)
SPACING = (0.7, 1.3, 4.0)


def box(rows: int, columns: int, shape: tuple[int, int] = (20, 20)) -> np.ndarray:
    region = np.zeros(shape, dtype=bool)
    region[3 : 3 + rows, 5 : 5 + columns] = True
    return region


def ellipse(long: float, short: float, degrees: float, spacing: tuple[float, float]) -> np.ndarray:
    """Voxels whose centres lie in an ellipse with these half axes, mm."""
    half = math.ceil(long / min(spacing)) + 3
    y, x = (np.arange(-half, half + 1) * mm for mm in spacing)
    angle = math.radians(degrees)
    along = x[None, :] * math.cos(angle) + y[:, None] * math.sin(angle)
    across = y[:, None] * math.cos(angle) - x[None, :] * math.sin(angle)
    return (along / long) ** 2 + (across / short) ** 2 <= 1


def corner_points(region: np.ndarray, spacing: tuple[float, float]) -> np.ndarray:
    """Every corner of every voxel's square, mm."""
    voxels = np.argwhere(region)
    offsets = np.array([(0, 0), (0, 1), (1, 0), (1, 1)])
    return np.unique((voxels[:, None] + offsets).reshape(-1, 2), axis=0) * spacing


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (1, 9), (3, 4), (12, 5), (7, 7)])
@pytest.mark.parametrize("spacing", [(1.0, 1.0), (0.5, 2.0), (3.3, 0.9)])
def test_a_rectangle_is_as_long_as_its_diagonal_and_as_short_as_the_line_at_a_right_angle_to_it(
    rows: int, columns: int, spacing: tuple[float, float]
) -> None:
    short, long = sorted((rows * spacing[0], columns * spacing[1]))
    diagonal = math.hypot(long, short)
    # From one long side to the other: it is as much longer than the short side as the diagonal than the long.
    assert axes_mm(box(rows, columns), spacing) == pytest.approx((diagonal, short * diagonal / long))


def test_one_voxel_is_measured_between_its_corners() -> None:
    assert axes_mm(box(1, 1), (3.0, 4.0)) == pytest.approx((5, 3.75))


def test_an_l_is_measured_in_its_convex_hull() -> None:
    region = np.zeros((12, 12), dtype=bool)
    region[:10, :2] = True
    region[8:10, :6] = True
    # Of the hull (0 0, 2 0, 6 8, 6 10, 0 10) the longest line is from (0, 0) to (6, 10). At a right angle to
    # it, (6, 10) x t = (-5, 3) s: the longest line starts at (0, 10), and leaves between (2, 0) and (6, 8),
    # at (0, 10) + (5, -3) k where y = 2 (x - 2): 10 - 3 k = 10 k - 4, so k = 14 / 13.
    assert axes_mm(region, (1.0, 1.0)) == pytest.approx((math.hypot(6, 10), 14 / 13 * math.hypot(5, 3)))


@pytest.mark.parametrize("spacing", [(0.5, 0.5), (0.5, 1.0), (1.1, 0.4)])
@pytest.mark.parametrize("radius", [15.0, 40.0])
def test_a_disc_is_as_long_and_as_wide_as_it_is_to_a_voxel(
    radius: float, spacing: tuple[float, float]
) -> None:
    found = axes_mm(ellipse(radius, radius, 0, spacing), spacing)
    assert found == pytest.approx((2 * radius, 2 * radius), abs=math.hypot(*spacing))


@pytest.mark.parametrize("degrees", range(0, 180, 15))
@pytest.mark.parametrize("spacing", [(0.5, 0.5), (0.4, 1.0)])
def test_an_ellipse_has_its_axes_however_it_is_turned(degrees: float, spacing: tuple[float, float]) -> None:
    long, short = axes_mm(ellipse(50, 20, degrees, spacing), spacing)
    voxel = math.hypot(*spacing)
    assert long == pytest.approx(100, abs=voxel)
    assert short == pytest.approx(40, abs=2 * voxel)  # it may lean as the long axis does


@given(regions)
def test_the_long_axis_is_the_longest_line_between_two_corners(region: np.ndarray) -> None:
    points = corner_points(region, SPACING[:2])
    longest = max(math.dist(one, other) for one in points for other in points)
    assert axes_mm(region, SPACING[:2])[0] == pytest.approx(longest)


@given(regions)
def test_the_short_axis_is_no_longer_than_the_long_one_and_long_enough_for_the_area(
    region: np.ndarray,
) -> None:
    long, short = axes_mm(region, SPACING[:2])
    area = region.sum() * SPACING[0] * SPACING[1]
    assert short <= long * (1 + 1e-9)
    assert long * short >= area * (1 - 1e-9)  # every line across is shorter than the short axis


@given(regions)
def test_turned_over_and_turned_around_a_region_has_the_same_axes(region: np.ndarray) -> None:
    expected = pytest.approx(axes_mm(region, SPACING[:2]))
    for turned in (region[::-1], region[:, ::-1], region[::-1, ::-1]):
        assert axes_mm(turned, SPACING[:2]) == expected
    assert axes_mm(region.T, (SPACING[1], SPACING[0])) == expected


@given(masks)
def test_a_mask_has_the_same_axes_however_its_array_is_turned(mask: np.ndarray) -> None:
    expected = extent(mask, SPACING, 2)
    for order in permutations(range(3)):
        for way in (1, -1):
            turned = np.flip(mask.transpose(order), axis=order.index(2)) if way < 0 else mask.transpose(order)
            spacing = (SPACING[order[0]], SPACING[order[1]], SPACING[order[2]])
            found = extent(turned, spacing, order.index(2))
            assert found.long_axis_mm == pytest.approx(expected.long_axis_mm)
            assert found.short_axis_mm == pytest.approx(expected.short_axis_mm)


@given(masks, st.sampled_from([0.5, 2.0, 3.7]))
def test_twice_as_large_a_voxel_makes_the_axes_twice_as_long(mask: np.ndarray, factor: float) -> None:
    one, larger = extent(mask, SPACING, 2), extent(mask, tuple(factor * mm for mm in SPACING), 2)  # type: ignore[arg-type]
    assert larger.long_axis_mm == pytest.approx(factor * one.long_axis_mm)
    assert larger.short_axis_mm == pytest.approx(factor * one.short_axis_mm)


def test_it_is_measured_in_the_slice_in_which_it_is_longest() -> None:
    mask = np.zeros((20, 20, 5), dtype=bool)
    mask[..., 1], mask[..., 2], mask[..., 3] = box(9, 1), box(3, 8), box(4, 4)
    found = extent(mask, (1.0, 1.0, 1.0), 2)
    assert found.index == 1
    assert found.long_axis_mm == pytest.approx(math.hypot(9, 1))


def test_of_slices_of_equal_length_the_one_with_the_longer_short_axis_counts() -> None:
    mask = np.zeros((20, 20, 3), dtype=bool)
    mask[..., 0], mask[..., 1] = box(1, 7), box(5, 5)  # both diagonals are the root of 50
    found = extent(mask, (1.0, 1.0, 1.0), 2)
    assert found == Extent(1, pytest.approx(math.sqrt(50)), pytest.approx(math.sqrt(50)))


@pytest.mark.parametrize(
    ("axis", "long"), [(0, math.hypot(4, 10)), (1, math.hypot(2, 10)), (2, math.hypot(2, 4))]
)
def test_the_axis_across_the_slices_is_not_measured(axis: int, long: float) -> None:
    mask = np.ones((2, 2, 2), dtype=bool)
    assert extent(mask, (1.0, 2.0, 5.0), axis).long_axis_mm == pytest.approx(long)


def test_parts_are_measured_together() -> None:
    region = np.zeros((1, 30), dtype=bool)
    region[0, [2, 21]] = True
    assert axes_mm(region, (1.0, 1.0))[0] == pytest.approx(math.hypot(20, 1))


def test_a_hole_changes_nothing() -> None:
    whole, hollow = box(9, 7), box(9, 7)
    hollow[6, 8] = False
    assert axes_mm(whole, (1.0, 1.0)) == axes_mm(hollow, (1.0, 1.0))


def test_an_empty_mask_has_no_axes() -> None:
    with pytest.raises(InputError, match="at least one voxel"):
        extent(np.zeros((3, 3, 3), dtype=bool), SPACING, 2)
